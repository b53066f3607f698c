import { type Context, Hono } from "hono";
import { addAppRegistration } from "../web/app-registration.ts";
import { addFormRoutes } from "../web/form-routes.ts";
import { addPageRoutes } from "../web/page-routes.ts";
import { addUserAuthorization } from "../web/user-authorization.ts";
import { actionRoutes } from "./action-routes.ts";
import { addAppRoutes } from "./app-routes.ts";
import { reviewRequestRoutes } from "./review-request-routes.ts";
import { assigneeRoutes } from "./assignee-routes.ts";
import { attachmentRoutes } from "./attachment-routes.ts";
import { checkRoutes } from "./check-routes.ts";
import { API_PREFIX } from "./api-urls.ts";
import { readApiPath } from "./client-host.ts";
import { commentRoutes } from "./comment-routes.ts";
import { createRouteHandler, countRequest, sendRefusal } from "./api-call.ts";
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
import { type ForgeState } from "./forge-state.ts";
import { addUserRoutes } from "./user-routes.ts";
import { findActor, readCredential } from "./access-tokens.ts";

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
    if (forge.isEnterpriseServer) context.header("x-github-enterprise-version", "enterprise-server@3.17.0");
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
  addAppRegistration(forge, app);
  addUserAuthorization(forge, app);
  addPageRoutes(forge, app);
  app.notFound((context) => sendRefusal(forge, context, notFoundRefusal()));
  app.onError((error, context) => {
    if (error instanceof ApiRefusal) return sendRefusal(forge, context, error);
    reportFailure(error);
    return context.json({ message: "Server Error" }, 500);
  });
  return app;
};
