import { isInstalledAt } from "./access-tokens.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { type RequestActor, type PermissionLevel, type RepositoryRole } from "./forge-actor.ts";
import { type ForgeState } from "./forge-state.ts";
import { formatRepositoryKey, type ForgeRepository, repositoryKey } from "./forge-repository.ts";

/** A level in one scope, or in any of several scopes. */
export type RequiredPermission = { readonly scope: string | readonly string[]; readonly level: "read" | "write" };

const LEVEL_RANKS: Readonly<Record<PermissionLevel, number>> = { none: 0, read: 1, write: 2 };
/** Scopes that every reader may write to. */
const READER_WRITABLE_SCOPES = new Set(["issues", "reviews", "reactions"]);
/** Scopes of this forge that belong to another permission of GitHub. */
const PERMISSION_OF_SCOPE: Readonly<Record<string, string>> = { reviews: "pull_requests", reactions: "issues" };

/** The role of an account in a repository; null if the repository is private and the account has no role. */
export const findRole = (repository: ForgeRepository, login: string): RepositoryRole | null => {
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return "admin";
  return repository.roles.get(login.toLowerCase()) ?? (repository.private ? null : "read");
};

const permissionLevelOf = (role: RepositoryRole | null): PermissionLevel =>
  role === null ? "none" : role === "read" || role === "triage" ? "read" : "write";

export const mayPush = (repository: ForgeRepository, login: string): boolean => permissionLevelOf(findRole(repository, login)) === "write";

/** Whether an account may label and assign issues, which the role triage allows without write access. */
export const mayTriage = (repository: ForgeRepository, login: string): boolean =>
  mayPush(repository, login) || findRole(repository, login) === "triage";

const canReach = (actor: RequestActor, repository: ForgeRepository): boolean => {
  if (actor.kind === "job") return actor.repository === repositoryKey(repository);
  if (actor.kind === "app") return actor.owner === repository.owner.login.toLowerCase();
  if (repository.private && actor.via && !isInstalledAt(actor.via, repository.owner.login)) return false;
  return findRole(repository, actor.account.login) !== null;
};

const requiredScopesOf = (required: RequiredPermission): readonly string[] =>
  typeof required.scope === "string" ? [required.scope] : required.scope;

const hasPermission = (actor: RequestActor, required: RequiredPermission): boolean =>
  actor.permissions === null ||
  requiredScopesOf(required).some(
    (scope) => LEVEL_RANKS[actor.permissions?.[PERMISSION_OF_SCOPE[scope] ?? scope] ?? "none"] >= LEVEL_RANKS[required.level],
  );

/**
 * Whether the actor has the permission. Apps and jobs need it even to read a public repository, so that a missing
 * permission shows up in tests.
 */
export const isPermitted = (actor: RequestActor | null, repository: ForgeRepository, required: RequiredPermission): boolean => {
  if (!actor) return !repository.private && required.level === "read";
  if (!canReach(actor, repository) || !hasPermission(actor, required)) return false;
  if (actor.kind !== "user" || requiredScopesOf(required).some((scope) => READER_WRITABLE_SCOPES.has(scope))) return true;
  return LEVEL_RANKS[permissionLevelOf(findRole(repository, actor.account.login))] >= LEVEL_RANKS[required.level];
};

const denyAccess = (actor: RequestActor | null): ApiRefusal => {
  if (!actor) return new ApiRefusal(401, "Requires authentication");
  if (actor.kind !== "user" || actor.via) return new ApiRefusal(403, "Resource not accessible by integration");
  return new ApiRefusal(
    403,
    actor.permissions ? "Resource not accessible by personal access token" : "Must have admin permissions to Repository.",
  );
};

/**
 * Throws GitHub's refusal unless the actor has the permission. A repository that the actor may not see is reported as
 * not found.
 */
export const requirePermission = (actor: RequestActor | null, repository: ForgeRepository, required: RequiredPermission): void => {
  if (isPermitted(actor, repository, required)) return;
  if (actor ? !canReach(actor, repository) : repository.private) throw notFoundRefusal();
  throw denyAccess(actor);
};

export const getRepository = (forge: ForgeState, owner: string, name: string): ForgeRepository => {
  const repository = forge.repositories.get(formatRepositoryKey(owner, name));
  if (!repository) throw notFoundRefusal();
  return repository;
};
