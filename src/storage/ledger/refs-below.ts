import type { RefMove } from "../../core/domain/decision.ts";
import type { RefName } from "../../core/domain/ids.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";

/** Each move is an argument of git, whose number the system limits. */
const MAX_MOVES = 500;

/** Deletes refs below the names of others, where only somebody else creates any: git has no folder and ref of the same name. */
export const listRefsBelow = (refs: RepositoryRefs, names: readonly RefName[]): RefMove[] =>
  Object.entries(refs)
    .filter(([ref]) => names.some((name) => ref.startsWith(`${name}/`)))
    .slice(0, MAX_MOVES)
    .map(([ref, oldSha]) => ({ ref, oldSha, newSha: null }));
