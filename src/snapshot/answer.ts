import type { Failure, GitHub, Reply } from "../github/ports.ts";
import type { Sha } from "../model/ids.ts";
import { type Answers, type Fact, type Facts, type Query, type QueryKind, queryKey } from "../model/query.ts";

type Of<K extends QueryKind> = Extract<Query, { kind: K }>;

/** What git computes from commits, in the local object store. */
export type Commits = {
  work(query: Of<"work">): Promise<Answers["work"]>;
  candidate(query: Of<"candidate">): Promise<Answers["candidate"]>;
  /** Is the commit contained in the tip? */
  isAncestor(commit: Sha, tip: Sha): Promise<boolean>;
};

export type Sources = { readonly github: GitHub; readonly git: Commits };

const isGitHubs = (query: Query): query is Of<"permission" | "reviews" | "pulls" | "runs"> =>
  query.kind === "permission" || query.kind === "reviews" || query.kind === "pulls" || query.kind === "runs";

/**
 * Reads what a decision asked for, each query once; all of it, or the failure that stopped the reading:
 * `later` with the time to ask again, `refused` with GitHub's words. What git cannot do throws.
 */
export const answer = async (queries: readonly Query[], sources: Sources): Promise<Facts | Failure> => {
  const unique = [...new Map(queries.map((query) => [queryKey(query), query])).values()];
  const [remote, local] = await Promise.all([
    readInTurn(
      unique.filter((query) => isGitHubs(query)),
      (query) => askGitHub(query, sources.github),
    ),
    readInTurn(
      unique.filter((query) => !isGitHubs(query)),
      async (query) => ({ ok: true, value: await askGit(query, sources.git) }),
    ),
  ]);
  if (!remote.ok) return remote.failure;
  if (!local.ok) return local.failure;
  return new Map([...remote.value, ...local.value].map((fact) => [queryKey(fact.query), fact]));
};

/** One after the other: GitHub asks for no concurrent requests, and a limit that one meets would meet all. */
const readInTurn = async <Q>(queries: readonly Q[], read: (query: Q) => Promise<Reply<Fact>>): Promise<Reply<readonly Fact[]>> => {
  const facts: Fact[] = [];
  for (const query of queries) {
    const reply = await read(query);
    if (!reply.ok) return reply;
    facts.push(reply.value);
  }
  return { ok: true, value: facts };
};

const fact = <K extends QueryKind>(query: Of<K>, reply: Reply<Answers[K]>): Reply<Fact> =>
  // The kinds of query and answer agree by K, which the union's members cannot express.
  reply.ok ? { ok: true, value: { kind: query.kind, query, answer: reply.value } as Fact } : reply;

const askGitHub = async (query: Of<"permission" | "reviews" | "pulls" | "runs">, github: GitHub): Promise<Reply<Fact>> => {
  switch (query.kind) {
    case "permission":
      return fact(query, await github.people.permission(query.login));
    case "reviews":
      return fact(query, await github.pulls.reviews(query.pull));
    case "pulls":
      return fact(query, await github.pulls.list());
    case "runs":
      return fact(query, await github.runs.list());
  }
};

const askGit = async (query: Of<"work" | "candidate" | "contains">, git: Commits): Promise<Fact> => {
  switch (query.kind) {
    case "work":
      return { kind: "work", query, answer: await git.work(query) };
    case "candidate":
      return { kind: "candidate", query, answer: await git.candidate(query) };
    case "contains":
      return { kind: "contains", query, answer: await git.isAncestor(query.commit, query.tip) };
  }
};
