import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Context, Hono } from "hono";
import { type Forge, keyOf, type Run } from "../forge/state.ts";
import { commitPage, commitsPage, ledgerPage } from "./commits.ts";
import { filePage } from "./file.ts";
import { html } from "./html.ts";
import { issuePage } from "./issue.ts";
import { layout, type Page, PAGE_HEADERS, PRIVATE } from "./layout.ts";
import type { Memory } from "./markdown.ts";
import { homePage, issuesPage, overviewPage, pullsPage, runsPage } from "./overview.ts";
import { issuePath } from "./parts.ts";
import { path, type Place } from "./place.ts";
import { type PullIssue, pullPage } from "./pull.ts";
import { runPage } from "./run.ts";
import { isSha } from "../model/ids.ts";
import { homeVersion, versionOf } from "./version.ts";

type Found = Page | Response | null;
type View = (place: Place, context: Context) => Found | Promise<Found>;

const number = (text: string | undefined): number => (text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : 0);
/** The page of a list that is asked for; null where none is. */
const askedPage = (context: Context): number | null => {
  const asked = context.req.query("page");
  return asked === undefined ? null : Math.min(10_000, Math.max(1, number(asked)));
};
const pageOf = (context: Context): number => askedPage(context) ?? 1;

const aboutIssue =
  (kind: "issue" | "pull"): View =>
  (place, context) => {
    const issue = place.repository.issues.get(number(context.req.param("number")));
    if (!issue) return null;
    if ((issue.pull !== null) !== (kind === "pull")) return context.redirect(issuePath(place, issue), 302);
    return issue.pull ? pullPage(place, issue as PullIssue, askedPage(context)) : issuePage(place, issue, askedPage(context));
  };

const runOf = ({ repository }: Place, context: Context): Run | undefined => repository.runs.get(number(context.req.param("id")));

const aboutRun: View = (place, context) => {
  const run = runOf(place, context);
  return run ? runPage(place, run) : null;
};

const wholeLog: View = (place, context) => {
  const job = [...(runOf(place, context)?.jobs.values() ?? [])].find(({ id }) => id === number(context.req.param("job")));
  const file = job?.report.log;
  if (!file) return null;
  const stream = createReadStream(file);
  return new Promise((resolve) => {
    stream.once("error", () => resolve(null));
    stream.once("open", () => resolve(new Response(Readable.toWeb(stream) as ReadableStream, { headers: TEXT })));
  });
};
const TEXT = { ...PRIVATE, "content-type": "text/plain; charset=utf-8", "content-security-policy": "default-src 'none'; sandbox" };

const aboutBranch: View = (place, context) => {
  const branch = context.req.param("branch") ?? "";
  const tip = place.refs.get(`refs/heads/${branch}`);
  return tip === undefined ? null : commitsPage(place, { branch, tip, page: pageOf(context) });
};

const aboutCommit: View = async (place, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await place.repository.bare.typeOf(id)) === "commit" ? commitPage(place, id) : null;
};

const aboutFile: View = async (place, context) => {
  const id = context.req.param("sha") ?? "";
  return isSha(id) && (await place.repository.bare.typeOf(id)) === "commit" ? filePage(place, id, context.req.param("path") ?? "") : null;
};

const VIEWS: readonly (readonly [string, View])[] = [
  ["", (place) => overviewPage(place)],
  ["/issues", (place, context) => issuesPage(place, pageOf(context))],
  ["/issues/:number", aboutIssue("issue")],
  ["/pulls", (place, context) => pullsPage(place, pageOf(context))],
  ["/pulls/:number", aboutIssue("pull")],
  ["/pull/:number", aboutIssue("pull")],
  ["/actions", (place, context) => runsPage(place, pageOf(context))],
  ["/actions/runs/:id", aboutRun],
  ["/actions/runs/:id/job/:job", wholeLog],
  ["/commits", (place, context) => context.redirect(path(place, "commits", place.repository.defaultBranch), 302)],
  ["/commits/:branch{.+}", aboutBranch],
  ["/commit/:sha", aboutCommit],
  ["/blob/:sha/:path{.+}", aboutFile],
  ["/ledger", (place, context) => ledgerPage(place, pageOf(context))],
];

/** A repository that anybody may see; null for the others, as for those that are not there. */
const placeOf = async ({ forge, memory }: Pick<Place, "forge" | "memory">, context: Context): Promise<Place | null> => {
  const repository = forge.repositories.get(keyOf(context.req.param("owner") ?? "", context.req.param("name") ?? ""));
  return repository && !repository.private ? { forge, memory, repository, refs: await repository.bare.refs() } : null;
};

const MISSING: Page = {
  title: "Not found",
  tab: null,
  main: html`<h1>There is nothing here</h1>
    <p>No such page on this forge. <a href="/">All repositories</a></p>`,
};

/** The forge's pages for people: read only, and without signing in; whoever mounts them keeps strangers away. */
export const pageRoutes = (forge: Forge, app: Hono): void => {
  const memory: Memory = new Map();
  const show = (context: Context, place: Place | null, of: { page: Page | null; version: string }): Response =>
    context.body(layout(place, { page: of.page ?? MISSING, version: of.version }).markup, of.page ? 200 : 404, PAGE_HEADERS);
  for (const [at, view] of VIEWS) {
    app.get(`/:owner/:name${at}`, async (context) => {
      const place = await placeOf({ forge, memory }, context);
      if (!place) return show(context, null, { page: null, version: homeVersion(forge) });
      // The state is named before it is looked at: what changes meanwhile is shown by the next look.
      const version = await versionOf(place);
      const found = await view(place, context);
      return found instanceof Response ? found : show(context, place, { page: found, version });
    });
  }
  app.get("/:owner/:name/state", async (context) => {
    const place = await placeOf({ forge, memory }, context);
    return place ? context.json({ version: await versionOf(place) }, 200, PRIVATE) : context.json({ version: "" }, 404, PRIVATE);
  });
  app.get("/", (context) => show(context, null, { page: homePage(forge), version: homeVersion(forge) }));
  app.get("/state", (context) => context.json({ version: homeVersion(forge) }, 200, PRIVATE));
};
