import type { Sha } from "../../src/core/domain/ids.ts";
import { type Known, UNKNOWN } from "../../src/core/domain/known.ts";
import type { QueryAnswers, Query } from "../../src/core/domain/query.ts";
import { type Commit, type Commits, type Head, sha } from "./commits.ts";

type Chain = Extract<Query, { kind: "merge-chain" }>;

/** Answers of git to the refinery from an in-memory commit graph, with commits and heads by name. */
export type Facts = {
  /** Registers a commit by its name. */ readonly learn: (commit: Commit) => void;
  /** Registers a head and returns its name. */ readonly publish: (head: Head) => Sha;
  readonly commit: (name: Sha) => Commit | undefined;
  readonly head: (name: Sha) => Head | undefined;
  readonly chain: (query: Chain) => Known<QueryAnswers["merge-chain"]>;
  /** Number of requested merges. A repeated query counts once. */
  readonly merges: () => number;
};

export const gitFacts = ({ merge, conflicts }: Pick<Commits, "merge" | "conflicts">): Facts => {
  const commits = new Map<Sha, Commit>();
  const heads = new Map<Sha, Head>();
  const answered = new Set<string>();
  let asked = 0;
  const count = (query: Chain): void => {
    const key = JSON.stringify(query);
    if (!answered.has(key)) asked += query.merges.length;
    answered.add(key);
  };
  const chain = ({ onto, merges }: Chain): Known<QueryAnswers["merge-chain"]> => {
    let at = commits.get(onto);
    if (!at) return UNKNOWN;
    const links: QueryAnswers["merge-chain"][number][] = [];
    const out = new Set<string>();
    for (const { task, head: name, needs } of merges) {
      const head = heads.get(name);
      if (!head) return UNKNOWN;
      const merged: Commit | null = needs.some((need) => out.has(need)) ? null : merge(at, head);
      if (merged) {
        at = merged;
        commits.set(merged.sha, merged);
        links.push({ kind: "merged", commit: merged.sha, tree: merged.tree });
      } else {
        links.push(needs.some((need) => out.has(need)) ? { kind: "left-out" } : { kind: "conflict", paths: [...conflicts(at, head)] });
        out.add(task);
      }
    }
    return links;
  };
  return {
    learn: (commit) => void commits.set(commit.sha, commit),
    publish: (head) => {
      const name = sha(1, head.id);
      heads.set(name, head);
      return name;
    },
    commit: (name) => commits.get(name),
    head: (name) => heads.get(name),
    chain: (query) => {
      count(query);
      return chain(query);
    },
    merges: () => asked,
  };
};
