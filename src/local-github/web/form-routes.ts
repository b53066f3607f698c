import type { Context, Hono } from "hono";
import { z } from "zod";
import type { ForgeState } from "../api/forge-state.ts";
import { formatRepositoryKey } from "../api/forge-repository.ts";
import { SHOW_COMMENT } from "./action-forms.ts";
import { toLocalPath } from "./local-path.ts";
import { PRIVATE_HEADERS } from "./page-layout.ts";
import { findSession, isOwnForm, type PageSession, startSession } from "./page-session.ts";

/** Browsers send the line ends of Windows. */
const fieldsSchema = z.record(
  z.string(),
  z.string().transform((text) => text.replaceAll("\r\n", "\n")),
);
type FormFields = Readonly<Record<string, string>>;
type FormCall = { readonly context: Context; readonly session: PageSession; readonly fields: FormFields };
type ApiRequest = { readonly path: string; readonly body: object };

const answerText = (context: Context, status: 400 | 403 | 404 | 422, text: string): Response =>
  context.text(`${text}\n`, status, PRIVATE_HEADERS);

const toReviewRequest = (
  { event = "", body = "", head = "", path = "", line = "", remark = "" }: FormFields,
  number: string,
): ApiRequest => ({
  path: `/pulls/${number}/reviews`,
  body: {
    event,
    commit_id: head,
    ...(body !== "" && { body }),
    ...(path !== "" && remark !== "" && { comments: [{ path, line: Number(line), body: remark }] }),
  },
});

/** Acts through the REST API with the person's own token, as any client would. */
const callApi = (app: Hono, { context, session }: FormCall, { path, body }: ApiRequest): Promise<Response> => {
  const [owner = "", name = ""] = [context.req.param("owner"), context.req.param("name")];
  const url = `/api/v3/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}${path}`;
  const headers = { host: context.req.header("host") ?? "", authorization: `Bearer ${session.token}`, "content-type": "application/json" };
  return Promise.resolve(app.request(url, { method: "POST", headers, body: JSON.stringify(body) }));
};

const messageSchema = z.object({ message: z.string(), number: z.number(), html_url: z.url() }).partial();

const sendForm = async (app: Hono, call: FormCall, request: ApiRequest): Promise<Response> => {
  const answer = await callApi(app, call, request);
  const { message, html_url } = messageSchema.parse(await answer.json());
  if (answer.ok)
    return call.context.redirect(toLocalPath(call.fields["next"] === SHOW_COMMENT ? toPath(html_url) : call.fields["back"]), 303);
  return answerText(call.context, 422, message ?? "This was not accepted.");
};

const toPath = (address: string | undefined): string | undefined => {
  const url = URL.parse(address ?? "");
  return url ? `${url.pathname}${url.hash}` : undefined;
};

const openIssue = async (app: Hono, call: FormCall): Promise<Response> => {
  const { title = "", body = "", ask = "" } = call.fields;
  const answer = await callApi(app, call, { path: "/issues", body: { title, body } });
  const { number, message } = messageSchema.parse(await answer.json());
  if (number === undefined) return answerText(call.context, 422, message ?? "The issue was not accepted.");
  if (ask === "fix") await callApi(app, call, { path: `/issues/${number}/comments`, body: { body: "/enki fix" } });
  const [owner = "", name = ""] = [call.context.req.param("owner"), call.context.req.param("name")];
  return call.context.redirect(`/${encodeURIComponent(owner)}/${encodeURIComponent(name)}/issues/${number}`, 303);
};

/** A comment as it was written, or a command with the words that a field holds. */
const readCommentText = ({ body = "", command = "", text = "" }: FormFields): string =>
  command === "" ? body : `${command} ${text.replaceAll(/\s+/g, " ").trim()}`;

const performForm = (app: Hono, call: FormCall): Promise<Response> | Response => {
  const [kind, number = ""] = [call.context.req.param("kind"), call.context.req.param("number")];
  if (kind === "issue") return openIssue(app, call);
  if (!/^\d{1,9}$/.test(number)) return answerText(call.context, 404, "There is no such form.");
  if (kind === "comment") return sendForm(app, call, { path: `/issues/${number}/comments`, body: { body: readCommentText(call.fields) } });
  return kind === "review"
    ? sendForm(app, call, toReviewRequest(call.fields, number))
    : answerText(call.context, 404, "There is no such form.");
};

/** Adds the forms of the pages, for signed-in persons only, and the address that signs in. */
export const addFormRoutes = (forge: ForgeState, app: Hono): void => {
  app.get("/session/:key", (context) => {
    if (!startSession(forge, context, context.req.param("key"))) return answerText(context, 403, "This address is not valid any longer.");
    return context.redirect(toLocalPath(context.req.query("to")), 303);
  });
  const receive = async (context: Context): Promise<Response> => {
    const session = findSession(forge, context);
    const fields = fieldsSchema.safeParse(await context.req.parseBody());
    if (!session || !fields.success || !isOwnForm(context, session, fields.data["token"]))
      return answerText(context, 403, "Open the address that enki local printed, and try again.");
    const key = formatRepositoryKey(context.req.param("owner") ?? "", context.req.param("name") ?? "");
    if (!forge.repositories.has(key)) return answerText(context, 404, "There is no such repository.");
    return performForm(app, { context, session, fields: fields.data });
  };
  app.post("/:owner/:name/act/:kind", receive);
  app.post("/:owner/:name/act/:kind/:number", receive);
};
