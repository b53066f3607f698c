import type { Context, Hono } from "hono";
import { profileShape } from "./account-shape.ts";
import { createPager, readRequestActor, requireActor, sendReply } from "./api-call.ts";
import { ApiRefusal, notFoundRefusal } from "./api-refusal.ts";
import { API_PREFIX } from "./api-urls.ts";
import { installationShape, listOwners } from "./app-routes.ts";
import type { GitHubApp, RequestActor } from "./forge-actor.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { ForgeState } from "./forge-state.ts";
import { findRole } from "./repository-access.ts";
import { restRepositoryShape } from "./repository-shape.ts";

const notAccessible = (): ApiRefusal => new ApiRefusal(403, "Resource not accessible by integration");

type AuthorizedUser = Extract<RequestActor, { readonly kind: "user" }> & { readonly via: GitHubApp };

/** The user of a token that an App received from them. */
const requireAuthorizedUser = (forge: ForgeState, context: Context): AuthorizedUser => {
  const actor = requireActor(readRequestActor(forge, context));
  if (actor.kind !== "user" || !actor.via) {
    throw new ApiRefusal(403, "You must authenticate with an access token authorized to a GitHub App in order to list installations");
  }
  return { ...actor, via: actor.via };
};

/** The repositories of an owner in which the user has a role. */
const listReachable = (forge: ForgeState, { account }: AuthorizedUser, owner: string): ForgeRepository[] =>
  [...forge.repositories.values()].filter(
    (repository) => repository.owner.login.toLowerCase() === owner.toLowerCase() && findRole(repository, account.login) !== null,
  );

const pageOfRepositories = (forge: ForgeState, context: Context, repositories: readonly ForgeRepository[]): Response => {
  const shapes = repositories.map((repository) => restRepositoryShape(forge, repository));
  const page = createPager(forge, context);
  return sendReply(
    forge,
    context,
    page(shapes, (shown) => ({ total_count: shapes.length, repository_selection: "all", repositories: shown })),
  );
};

const addInstallationRoutes = (forge: ForgeState, app: Hono): void => {
  app.get(`${API_PREFIX}/user/installations`, (context) => {
    const user = requireAuthorizedUser(forge, context);
    const owners = listOwners(forge, user.via).filter((owner) => listReachable(forge, user, owner).length > 0);
    const page = createPager(forge, context);
    return sendReply(
      forge,
      context,
      page(
        owners.map((owner) => installationShape(forge, user.via, owner)),
        (installations) => ({ total_count: owners.length, installations }),
      ),
    );
  });
  app.get(`${API_PREFIX}/user/installations/:id/repositories`, (context) => {
    const user = requireAuthorizedUser(forge, context);
    const owner = [...user.via.installations].find(([, id]) => String(id) === context.req.param("id"))?.[0];
    const reachable = owner === undefined ? [] : listReachable(forge, user, owner);
    if (reachable.length === 0) throw notFoundRefusal();
    return pageOfRepositories(forge, context, reachable);
  });
  app.get(`${API_PREFIX}/installation/repositories`, (context) => {
    const actor = requireActor(readRequestActor(forge, context));
    if (actor.kind !== "app") throw notAccessible();
    const own = [...forge.repositories.values()].filter(({ owner }) => owner.login.toLowerCase() === actor.owner);
    return pageOfRepositories(forge, context, own);
  });
};

/** Adds the routes about users, and about what a token of an App reaches. */
export const addUserRoutes = (forge: ForgeState, app: Hono): void => {
  app.get(`${API_PREFIX}/user`, (context) => {
    const actor = requireActor(readRequestActor(forge, context));
    if (actor.kind !== "user") throw notAccessible();
    return sendReply(forge, context, { status: 200, body: profileShape(forge, actor.account) });
  });
  app.get(`${API_PREFIX}/users/:login`, (context) => {
    const known = forge.accounts.get(context.req.param("login").toLowerCase());
    if (!known) throw notFoundRefusal();
    return sendReply(forge, context, { status: 200, body: profileShape(forge, known) });
  });
  addInstallationRoutes(forge, app);
};
