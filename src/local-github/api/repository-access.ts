import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { type RequestActor, type PermissionLevel, type RepositoryRole } from "./forge-actor.ts";
import { type ForgeState } from "./forge-state.ts";
import { formatRepositoryKey, type ForgeRepository, repositoryKey } from "./forge-repository.ts";

/** A right of which one scope is enough, or any of several. */
export type RequiredPermission = { readonly scope: string | readonly string[]; readonly level: "read" | "write" };

const LEVEL_RANKS: Readonly<Record<PermissionLevel, number>> = { none: 0, read: 1, write: 2 };
/** What anybody who reads may also write. */
const READER_WRITABLE_SCOPES = new Set(["issues", "reviews", "reactions"]);
/** Scopes that are no permission of their own. */
const PERMISSION_OF_SCOPE: Readonly<Record<string, string>> = { reviews: "pull_requests", reactions: "issues" };

/** The role of an account in a repository; null for a stranger to a private one. */
export const findRole = (repository: ForgeRepository, login: string): RepositoryRole | null => {
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return "admin";
  return repository.roles.get(login.toLowerCase()) ?? (repository.private ? null : "read");
};

const permissionLevelOf = (role: RepositoryRole | null): PermissionLevel =>
  role === null ? "none" : role === "read" || role === "triage" ? "read" : "write";

export const mayPush = (repository: ForgeRepository, login: string): boolean => permissionLevelOf(findRole(repository, login)) === "write";

/** Whether an account may label and assign issues: also one that may not write. */
export const mayTriage = (repository: ForgeRepository, login: string): boolean =>
  mayPush(repository, login) || findRole(repository, login) === "triage";

const canReach = (actor: RequestActor, repository: ForgeRepository): boolean => {
  if (actor.kind === "job") return actor.repository === repositoryKey(repository);
  if (actor.kind === "app") return actor.owner === repository.owner.login.toLowerCase();
  return findRole(repository, actor.account.login) !== null;
};

const requiredScopesOf = (need: RequiredPermission): readonly string[] => (typeof need.scope === "string" ? [need.scope] : need.scope);

const hasPermission = (actor: RequestActor, need: RequiredPermission): boolean =>
  actor.rights === null ||
  requiredScopesOf(need).some(
    (scope) => LEVEL_RANKS[actor.rights?.[PERMISSION_OF_SCOPE[scope] ?? scope] ?? "none"] >= LEVEL_RANKS[need.level],
  );

/** True where the actor may do it. Apps and jobs need the permission also where everybody may read: a missing one is to be noticed here. */
export const isPermitted = (actor: RequestActor | null, repository: ForgeRepository, need: RequiredPermission): boolean => {
  if (!actor) return !repository.private && need.level === "read";
  if (!canReach(actor, repository) || !hasPermission(actor, need)) return false;
  if (actor.kind !== "user" || requiredScopesOf(need).some((scope) => READER_WRITABLE_SCOPES.has(scope))) return true;
  return LEVEL_RANKS[permissionLevelOf(findRole(repository, actor.account.login))] >= LEVEL_RANKS[need.level];
};

const denyAccess = (actor: RequestActor | null): ApiRefusal => {
  if (!actor) return new ApiRefusal(401, "Requires authentication");
  if (actor.kind !== "user") return new ApiRefusal(403, "Resource not accessible by integration");
  return new ApiRefusal(403, actor.rights ? "Resource not accessible by personal access token" : "Must have admin rights to Repository.");
};

/** Refuses in GitHub's words: as not found what the actor may not even see. */
export const requirePermission = (actor: RequestActor | null, repository: ForgeRepository, need: RequiredPermission): void => {
  if (isPermitted(actor, repository, need)) return;
  if (actor ? !canReach(actor, repository) : repository.private) throw notFoundRefusal();
  throw denyAccess(actor);
};

export const getRepository = (forge: ForgeState, owner: string, name: string): ForgeRepository => {
  const repository = forge.repositories.get(formatRepositoryKey(owner, name));
  if (!repository) throw notFoundRefusal();
  return repository;
};
