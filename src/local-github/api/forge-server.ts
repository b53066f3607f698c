import { type Context, Hono } from "hono";
import { z } from "zod";
import { addFormRoutes } from "../web/form-routes.ts";
import { addPageRoutes } from "../web/page-routes.ts";
import { actionRoutes } from "./action-routes.ts";
import { reviewRequestRoutes } from "./review-request-routes.ts";
import { assigneeRoutes } from "./assignee-routes.ts";
import { attachmentRoutes } from "./attachment-routes.ts";
import { checkRoutes } from "./check-routes.ts";
import { readApiPath } from "./client-host.ts";
import { commentRoutes } from "./comment-routes.ts";
import { createRouteHandler, countRequest, requireActor, readRequestActor, readJsonInput, sendReply, sendRefusal } from "./api-call.ts";
import { gitDataRoutes } from "./git-data-routes.ts";
import { gitRoutes } from "./git-routes.ts";
import { graphqlRoutes } from "./graphql-routes.ts";
import { issueRoutes } from "./issue-routes.ts";
import { issueHistoryRoutes } from "./issue-history-routes.ts";
import { labelRoutes } from "./label-routes.ts";
import { useLoopbackGuard } from "./loopback-server.ts";
import { lineCommentRoutes } from "./review-comment-routes.ts";
import { pullFileRoutes } from "./pull-file-routes.ts";
import { pullRoutes } from "./pull-routes.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { activityRoutes } from "./activity-routes.ts";
import { reviewRoutes } from "./review-routes.ts";
import { settingsRoutes } from "./settings-routes.ts";
import { accountShape, appShape, profileShape } from "./account-shape.ts";
import { apiUrl, type ApiJson, formatTimestamp } from "./api-urls.ts";
import { restRepositoryShape } from "./repository-shape.ts";
import { ensureAccount, type ForgeState } from "./forge-state.ts";
import { type GitHubApp } from "./forge-actor.ts";
import { formatRepositoryKey } from "./forge-repository.ts";
import { findActor, verifyAppJwt, readCredential, ensureInstallation, mintInstallationToken } from "./access-tokens.ts";

const API_PREFIX = "/api/v3";

const readRequestApp = (forge: ForgeState, context: Context): GitHubApp => {
  const jwt = readCredential(context.req.header("authorization"));
  if (jwt === null) throw new ApiRefusal(401, "A JSON web token could not be decoded");
  return verifyAppJwt(forge, jwt);
};

const installationShape = (forge: ForgeState, app: GitHubApp, owner: string): ApiJson => {
  const id = ensureInstallation(forge, app, owner);
  return {
    id,
    app_id: app.id,
    app_slug: app.slug,
    account: accountShape(forge, ensureAccount(forge, owner)),
    repository_selection: "all",
    permissions: app.permissions,
    events: app.events ?? [],
    target_id: ensureAccount(forge, owner).id,
    target_type: "User",
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
    access_tokens_url: `${apiUrl(forge)}/app/installations/${id}/access_tokens`,
    repositories_url: `${apiUrl(forge)}/installation/repositories`,
    html_url: `${forge.url}/settings/installations/${id}`,
    created_at: formatTimestamp(forge.startedAt),
    updated_at: formatTimestamp(forge.startedAt),
  };
};

const tokenLevelSchema = z.enum(["read", "write"]);
const installationTokenSchema = z.object({
  permissions: z.record(z.string(), tokenLevelSchema).optional(),
  repositories: z.array(z.string()).optional(),
});

const createInstallationTokenReply = async (forge: ForgeState, context: Context): Promise<Response> => {
  const app = readRequestApp(forge, context);
  const owner = [...app.installations].find(([, id]) => String(id) === context.req.param("id"))?.[0];
  if (owner === undefined) throw notFoundRefusal();
  const { permissions } = await readJsonInput(context, installationTokenSchema);
  const token = mintInstallationToken(forge, app, { owner, permissions: permissions ?? null });
  const body = {
    token: token.value,
    expires_at: formatTimestamp(token.expires ?? forge.now()),
    permissions: permissions ?? app.permissions,
    repository_selection: "all",
  };
  return sendReply(forge, context, { status: 201, body });
};

const listOwners = (forge: ForgeState): string[] => [...new Set([...forge.repositories.values()].map(({ owner }) => owner.login))];

const addAppRoutes = (forge: ForgeState, app: Hono): void => {
  app.get(`${API_PREFIX}/app`, (context) =>
    sendReply(forge, context, { status: 200, body: appShape(forge, readRequestApp(forge, context)) }),
  );
  app.get(`${API_PREFIX}/app/installations`, (context) => {
    const requester = readRequestApp(forge, context);
    return sendReply(forge, context, { status: 200, body: listOwners(forge).map((owner) => installationShape(forge, requester, owner)) });
  });
  app.post(`${API_PREFIX}/app/installations/:id/access_tokens`, (context) => createInstallationTokenReply(forge, context));
  app.get(`${API_PREFIX}/repos/:owner/:repo/installation`, (context) => {
    const requester = readRequestApp(forge, context);
    const repository = forge.repositories.get(formatRepositoryKey(context.req.param("owner"), context.req.param("repo")));
    if (!repository) throw notFoundRefusal();
    return sendReply(forge, context, { status: 200, body: installationShape(forge, requester, repository.owner.login) });
  });
};

const addUserRoutes = (forge: ForgeState, app: Hono): void => {
  app.get(`${API_PREFIX}/user`, (context) => {
    const actor = requireActor(readRequestActor(forge, context));
    if (actor.kind !== "user") throw new ApiRefusal(403, "Resource not accessible by integration");
    return sendReply(forge, context, { status: 200, body: profileShape(forge, actor.account) });
  });
  app.get(`${API_PREFIX}/users/:login`, (context) => {
    const known = forge.accounts.get(context.req.param("login").toLowerCase());
    if (!known) throw notFoundRefusal();
    return sendReply(forge, context, { status: 200, body: profileShape(forge, known) });
  });
  app.get(`${API_PREFIX}/installation/repositories`, (context) => {
    const actor = requireActor(readRequestActor(forge, context));
    if (actor.kind !== "app") throw new ApiRefusal(403, "Resource not accessible by integration");
    const repositories = [...forge.repositories.values()]
      .filter(({ owner }) => owner.login.toLowerCase() === actor.owner)
      .map((repository) => restRepositoryShape(forge, repository));
    return sendReply(forge, context, {
      status: 200,
      body: { total_count: repositories.length, repository_selection: "all", repositories },
    });
  });
};

/** The login of the requester, for fault injection; empty if the credential is unknown. */
const readRequestLogin = (forge: ForgeState, context: Context): string =>
  findActor(forge, readCredential(context.req.header("authorization")) ?? "")?.account.login ?? "";

const useRateLimits = (forge: ForgeState, app: Hono): void => {
  app.use("*", async (context, next) => {
    context.header("date", new Date(forge.now()).toUTCString());
    const fault =
      forge.faults.requests?.({ method: context.req.method, path: context.req.path, login: readRequestLogin(forge, context) }) ?? null;
    if (fault === "before") return context.json({ message: "Server Error" }, 502);
    if (fault !== null && fault !== "after") {
      context.header("retry-after", String(fault.retryAfter));
      return sendRefusal(forge, context, new ApiRefusal(403, "You have exceeded a secondary rate limit. Please wait a few minutes."));
    }
    await next();
    const { req, res } = context;
    forge.observe({
      method: req.method,
      path: req.path,
      login: readRequestLogin(forge, context),
      status: res.status,
      body: () => res.clone().text(),
    });
    if (req.method !== "GET" && req.method !== "HEAD") await forge.save();
    if (fault === "after") context.res = context.json({ message: "Server Error" }, 502);
    return undefined;
  });
  app.use(`${API_PREFIX}/*`, async (context, next) => {
    const { headers, over } = countRequest(forge, readCredential(context.req.header("authorization")));
    for (const [name, value] of Object.entries(headers)) context.header(name, value);
    context.header("x-github-media-type", "github.v3; format=json");
    if (over)
      return sendRefusal(
        forge,
        context,
        new ApiRefusal(403, `API rate limit exceeded for ${readRequestLogin(forge, context) || "this address"}.`),
      );
    await next();
    return undefined;
  });
};

/** Creates the HTTP server of the forge: REST under `/api/v3`, git, GraphQL and web pages. */
export const createForgeServer = (forge: ForgeState, reportFailure: (error: unknown) => void): Hono => {
  const app = new Hono({ getPath: readApiPath });
  useLoopbackGuard(app, "The local GitHub");
  useRateLimits(forge, app);
  addAppRoutes(forge, app);
  addUserRoutes(forge, app);
  for (const [method, path, required, handler] of [
    // Before the issue routes: `comments` in `/issues/comments` is not an issue number.
    ...commentRoutes,
    ...issueHistoryRoutes,
    ...issueRoutes,
    ...assigneeRoutes,
    ...labelRoutes,
    // Before the pull request routes: `comments` in `/pulls/comments` is not a pull request number.
    ...lineCommentRoutes,
    ...reviewRoutes,
    ...reviewRequestRoutes,
    ...pullRoutes,
    ...pullFileRoutes,
    ...checkRoutes,
    ...settingsRoutes,
    ...actionRoutes,
    ...gitDataRoutes,
    ...activityRoutes,
  ]) {
    app.on(method, `${API_PREFIX}/repos/:owner/:repo${path}`, createRouteHandler(forge, required, handler));
  }
  gitRoutes(forge, app);
  attachmentRoutes(forge, app);
  graphqlRoutes(forge, app);
  // Before the pages, which would read `/api/v3` as a repository.
  app.all("/api/*", (context) => sendRefusal(forge, context, notFoundRefusal()));
  addFormRoutes(forge, app);
  addPageRoutes(forge, app);
  app.notFound((context) => sendRefusal(forge, context, notFoundRefusal()));
  app.onError((error, context) => {
    if (error instanceof ApiRefusal) return sendRefusal(forge, context, error);
    reportFailure(error);
    return context.json({ message: "Server Error" }, 500);
  });
  return app;
};
