import { notFound, Refusal } from "./refusal.ts";
import { type Actor, type Forge, keyOf, type Level, type Repository, repositoryKey, type Role } from "./state.ts";

/** A right of which one scope is enough, or any of several. */
export type Need = { readonly scope: string | readonly string[]; readonly level: "read" | "write" };

const RANK: Readonly<Record<Level, number>> = { none: 0, read: 1, write: 2 };
/** What anybody who reads may also write. */
const OPEN_TO_READERS = new Set(["issues", "reviews", "reactions"]);
/** Scopes that are no permission of their own. */
const REAL: Readonly<Record<string, string>> = { reviews: "pull_requests", reactions: "issues" };

/** The role of an account in a repository; null for a stranger to a private one. */
export const roleOf = (repository: Repository, login: string): Role | null => {
  if (repository.owner.login.toLowerCase() === login.toLowerCase()) return "admin";
  return repository.roles.get(login.toLowerCase()) ?? (repository.private ? null : "read");
};

const levelOf = (role: Role | null): Level => (role === null ? "none" : role === "read" || role === "triage" ? "read" : "write");

export const mayPush = (repository: Repository, login: string): boolean => levelOf(roleOf(repository, login)) === "write";

/** Whether an account may label and assign issues: also one that may not write. */
export const mayTriage = (repository: Repository, login: string): boolean =>
  mayPush(repository, login) || roleOf(repository, login) === "triage";

const reaches = (actor: Actor, repository: Repository): boolean => {
  if (actor.kind === "job") return actor.repository === repositoryKey(repository);
  if (actor.kind === "app") return actor.owner === repository.owner.login.toLowerCase();
  return roleOf(repository, actor.account.login) !== null;
};

const scopesOf = (need: Need): readonly string[] => (typeof need.scope === "string" ? [need.scope] : need.scope);

const granted = (actor: Actor, need: Need): boolean =>
  actor.rights === null || scopesOf(need).some((scope) => RANK[actor.rights?.[REAL[scope] ?? scope] ?? "none"] >= RANK[need.level]);

/** True where the actor may do it. Apps and jobs need the permission also where everybody may read: a missing one is to be noticed here. */
export const may = (actor: Actor | null, repository: Repository, need: Need): boolean => {
  if (!actor) return !repository.private && need.level === "read";
  if (!reaches(actor, repository) || !granted(actor, need)) return false;
  if (actor.kind !== "user" || scopesOf(need).some((scope) => OPEN_TO_READERS.has(scope))) return true;
  return RANK[levelOf(roleOf(repository, actor.account.login))] >= RANK[need.level];
};

const refusalFor = (actor: Actor | null): Refusal => {
  if (!actor) return new Refusal(401, "Requires authentication");
  if (actor.kind !== "user") return new Refusal(403, "Resource not accessible by integration");
  return new Refusal(403, actor.rights ? "Resource not accessible by personal access token" : "Must have admin rights to Repository.");
};

/** Refuses in GitHub's words: as not found what the actor may not even see. */
export const demand = (actor: Actor | null, repository: Repository, need: Need): void => {
  if (may(actor, repository, need)) return;
  if (actor ? !reaches(actor, repository) : repository.private) throw notFound();
  throw refusalFor(actor);
};

export const repositoryNamed = (forge: Forge, owner: string, name: string): Repository => {
  const repository = forge.repositories.get(keyOf(owner, name));
  if (!repository) throw notFound();
  return repository;
};
