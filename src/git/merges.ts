import type { Answers, Query } from "../model/query.ts";
import { isAncestor } from "./objects.ts";
import { git, type Running } from "./run.ts";

/** The first commit after `onto`, on the first-parent way to a tip, that has a head in it; null while there is none. */
export const mergeOf = async (at: Running, { head, onto, tip }: Extract<Query, { kind: "merge-of" }>): Promise<Answers["merge-of"]> => {
  const out = await git(at, ["log", "--first-parent", "--reverse", "--format=%H %T", `${onto}..${tip}`]);
  for (const line of out.split("\n")) {
    const [commit, tree] = line.split(" ");
    if (commit && tree && (await isAncestor(at, head, commit))) return { commit, tree };
  }
  return null;
};
