import { type Context, Hono } from "hono";
import { z } from "zod";
import { pageRoutes } from "../page/routes.ts";
import { actionRoutes } from "./actions.ts";
import { assigneeRoutes } from "./assignees.ts";
import { attachmentRoutes } from "./attachments.ts";
import { checkRoutes } from "./checks.ts";
import { commentRoutes } from "./comments.ts";
import { handle, meter, needActor, readActor, readInput, send, sendRefusal } from "./exchange.ts";
import { gitDataRoutes } from "./git-data.ts";
import { gitRoutes } from "./git-http.ts";
import { graphqlRoutes } from "./graphql.ts";
import { issueRoutes } from "./issues.ts";
import { issueHistoryRoutes } from "./issue-history.ts";
import { labelRoutes } from "./labels.ts";
import { lineCommentRoutes } from "./line-comments.ts";
import { pullFileRoutes } from "./pull-files.ts";
import { pullRoutes } from "./pulls.ts";
import { notFound, Refusal } from "./refusal.ts";
import { reviewRoutes } from "./reviews.ts";
import { account, appShape, profile } from "./account-shape.ts";
import { apiUrl, type Json, time } from "./addresses.ts";
import { repositoryShape } from "./repository-shape.ts";
import { accountOf, type App, type Forge, keyOf } from "./state.ts";
import { actorOf, appOfJwt, credentialOf, installationOf, mintInstallationToken } from "./tokens.ts";

const API = "/api/v3";

const appOf = (forge: Forge, context: Context): App => {
  const jwt = credentialOf(context.req.header("authorization"));
  if (jwt === null) throw new Refusal(401, "A JSON web token could not be decoded");
  return appOfJwt(forge, jwt);
};

const installationShape = (forge: Forge, app: App, owner: string): Json => {
  const id = installationOf(forge, app, owner);
  return {
    id,
    app_id: app.id,
    app_slug: app.slug,
    account: account(forge, accountOf(forge, owner)),
    repository_selection: "all",
    permissions: app.rights,
    events: app.events ?? [],
    target_id: accountOf(forge, owner).id,
    target_type: "User",
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
    access_tokens_url: `${apiUrl(forge)}/app/installations/${id}/access_tokens`,
    repositories_url: `${apiUrl(forge)}/installation/repositories`,
    html_url: `${forge.url}/settings/installations/${id}`,
    created_at: time(forge.started),
    updated_at: time(forge.started),
  };
};

const level = z.enum(["read", "write"]);
const wanted = z.object({ permissions: z.record(z.string(), level).optional(), repositories: z.array(z.string()).optional() });

const installationToken = async (forge: Forge, context: Context): Promise<Response> => {
  const app = appOf(forge, context);
  const owner = [...app.installations].find(([, id]) => String(id) === context.req.param("id"))?.[0];
  if (owner === undefined) throw notFound();
  const { permissions } = await readInput(context, wanted);
  const token = mintInstallationToken(forge, app, { owner, rights: permissions ?? null });
  const body = {
    token: token.value,
    expires_at: time(token.expires ?? forge.now()),
    permissions: permissions ?? app.rights,
    repository_selection: "all",
  };
  return send(forge, context, { status: 201, body });
};

const ownersOf = (forge: Forge): string[] => [...new Set([...forge.repositories.values()].map(({ owner }) => owner.login))];

const appRoutes = (forge: Forge, app: Hono): void => {
  app.get(`${API}/app`, (context) => send(forge, context, { status: 200, body: appShape(forge, appOf(forge, context)) }));
  app.get(`${API}/app/installations`, (context) => {
    const asking = appOf(forge, context);
    return send(forge, context, { status: 200, body: ownersOf(forge).map((owner) => installationShape(forge, asking, owner)) });
  });
  app.post(`${API}/app/installations/:id/access_tokens`, (context) => installationToken(forge, context));
  app.get(`${API}/repos/:owner/:repo/installation`, (context) => {
    const asking = appOf(forge, context);
    const repository = forge.repositories.get(keyOf(context.req.param("owner"), context.req.param("repo")));
    if (!repository) throw notFound();
    return send(forge, context, { status: 200, body: installationShape(forge, asking, repository.owner.login) });
  });
};

const userRoutes = (forge: Forge, app: Hono): void => {
  app.get(`${API}/user`, (context) => {
    const actor = needActor(readActor(forge, context));
    if (actor.kind !== "user") throw new Refusal(403, "Resource not accessible by integration");
    return send(forge, context, { status: 200, body: profile(forge, actor.account) });
  });
  app.get(`${API}/users/:login`, (context) => {
    const known = forge.accounts.get(context.req.param("login").toLowerCase());
    if (!known) throw notFound();
    return send(forge, context, { status: 200, body: profile(forge, known) });
  });
  app.get(`${API}/installation/repositories`, (context) => {
    const actor = needActor(readActor(forge, context));
    if (actor.kind !== "app") throw new Refusal(403, "Resource not accessible by integration");
    const repositories = [...forge.repositories.values()]
      .filter(({ owner }) => owner.login.toLowerCase() === actor.owner)
      .map((repository) => repositoryShape(forge, repository));
    return send(forge, context, { status: 200, body: { total_count: repositories.length, repository_selection: "all", repositories } });
  });
};

/** Who a request says it is by, for whoever makes it fail. */
const loginOf = (forge: Forge, context: Context): string =>
  actorOf(forge, credentialOf(context.req.header("authorization")) ?? "")?.account.login ?? "";

const limits = (forge: Forge, app: Hono): void => {
  app.use("*", async (context, next) => {
    context.header("date", new Date(forge.now()).toUTCString());
    const fault = forge.faults.requests?.({ method: context.req.method, path: context.req.path, login: loginOf(forge, context) }) ?? null;
    if (fault === "before") return context.json({ message: "Server Error" }, 502);
    if (fault !== null && fault !== "after") {
      context.header("retry-after", String(fault.retryAfter));
      return sendRefusal(forge, context, new Refusal(403, "You have exceeded a secondary rate limit. Please wait a few minutes."));
    }
    await next();
    const { req, res } = context;
    forge.observe({
      method: req.method,
      path: req.path,
      login: loginOf(forge, context),
      status: res.status,
      body: () => res.clone().text(),
    });
    if (fault === "after") context.res = context.json({ message: "Server Error" }, 502);
    return undefined;
  });
  app.use(`${API}/*`, async (context, next) => {
    const { headers, over } = meter(forge, credentialOf(context.req.header("authorization")));
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    context.header("x-github-media-type", "github.v3; format=json");
    if (over)
      return sendRefusal(forge, context, new Refusal(403, `API rate limit exceeded for ${loginOf(forge, context) || "this address"}.`));
    await next();
    return undefined;
  });
};

/** The forge is on loopback: a name that a stranger's server gave to loopback (DNS rebinding) opens nothing of it. */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

const guard = (app: Hono): void => {
  app.use("*", async (context, next) => {
    if (!LOOPBACK.test(context.req.header("host") ?? "")) return context.text("This forge is only for the machine that it is on.\n", 421);
    await next();
    return undefined;
  });
};

/** The whole forge as one HTTP application: REST under `/api/v3`, git and the pages for people beside it. */
export const createServer = (forge: Forge, failed: (error: unknown) => void): Hono => {
  const app = new Hono();
  guard(app);
  limits(forge, app);
  appRoutes(forge, app);
  userRoutes(forge, app);
  for (const [method, path, need, handler] of [
    // Before those of issues: `/issues/comments` is no issue's number.
    ...commentRoutes,
    ...issueHistoryRoutes,
    ...issueRoutes,
    ...assigneeRoutes,
    ...labelRoutes,
    // Before those of pull requests: `/pulls/comments` is no pull request's number.
    ...lineCommentRoutes,
    ...reviewRoutes,
    ...pullRoutes,
    ...pullFileRoutes,
    ...checkRoutes,
    ...actionRoutes,
    ...gitDataRoutes,
  ]) {
    app.on(method, `${API}/repos/:owner/:repo${path}`, handle(forge, need, handler));
  }
  gitRoutes(forge, app);
  attachmentRoutes(forge, app);
  graphqlRoutes(forge, app);
  // Before the pages, for which `/api/v3` would be a repository.
  app.all("/api/*", (context) => sendRefusal(forge, context, notFound()));
  pageRoutes(forge, app);
  app.notFound((context) => sendRefusal(forge, context, notFound()));
  app.onError((error, context) => {
    if (error instanceof Refusal) return sendRefusal(forge, context, error);
    failed(error);
    return context.json({ message: "Server Error" }, 500);
  });
  return app;
};
