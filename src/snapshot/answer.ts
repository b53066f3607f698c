import type { Failure, GitHub, Reply } from "../github/ports.ts";
import type { ExecutionId, Login, Sha } from "../model/ids.ts";
import { type Answers, type Fact, type Facts, type Query, type QueryKind, queryKey, UNKNOWN_RULES } from "../model/query.ts";
import { NO_TALK } from "../model/feedback.ts";
import { readBrief } from "./brief.ts";
import { readTalk } from "./feedback.ts";

type Of<K extends QueryKind> = Extract<Query, { kind: K }>;

/** What git computes from commits, in the local object store. */
export type Commits = {
  work(query: Of<"work">): Promise<Answers["work"]>;
  carry(query: Of<"carry">): Promise<Answers["carry"]>;
  ground(query: Of<"ground">): Promise<Answers["ground"]>;
  chain(query: Of<"chain">): Promise<Answers["chain"]>;
  conflicts(query: Of<"conflicts">): Promise<Answers["conflicts"]>;
  resolution(query: Of<"resolution">): Promise<Answers["resolution"]>;
  /** A text file of a commit that is here; null for what is none. */
  textAt(commit: Sha, path: string): Promise<string | null>;
  /** How the steps of an archived execution ended. */
  archived(execution: ExecutionId): Promise<Answers["archived"]>;
  workflowFiles(commit: Sha): Promise<Answers["workflow-files"]>;
  mergeOf(query: Of<"merge-of">): Promise<Answers["merge-of"]>;
  rejoined(query: Of<"rejoined">): Promise<Answers["rejoined"]>;
  revert(query: Of<"revert">): Promise<Answers["revert"]>;
  /** Is the commit contained in the tip? */
  isAncestor(commit: Sha, tip: Sha): Promise<boolean>;
};

export type Sources = {
  readonly github: GitHub;
  readonly git: Commits;
  /** Our own login. */
  readonly self: Login;
  /** Is told what GitHub refused to show. */
  readonly refused: (query: Query, why: string) => void;
};

type Later = Extract<Failure, { kind: "later" }>;

type Remote =
  | "permission"
  | "reviews"
  | "pulls"
  | "runs"
  | "rules"
  | "merge-methods"
  | "checks"
  | "queue-entry"
  | "backlog"
  | "brief"
  | "feedback";

/** Whom each kind of query is put to: a kind that is not named here does not compile. */
const ASKED: Readonly<Record<Remote, "github"> & Record<Exclude<QueryKind, Remote>, "git">> = {
  permission: "github",
  reviews: "github",
  pulls: "github",
  runs: "github",
  rules: "github",
  "merge-methods": "github",
  checks: "github",
  "queue-entry": "github",
  backlog: "github",
  brief: "github",
  feedback: "github",
  work: "git",
  carry: "git",
  ground: "git",
  chain: "git",
  conflicts: "git",
  resolution: "git",
  archived: "git",
  "merge-of": "git",
  "workflow-files": "git",
  rejoined: "git",
  revert: "git",
  contains: "git",
};

const isGitHubs = (query: Query): query is Of<Remote> => ASKED[query.kind] === "github";

/**
 * Reads what a decision asked for, each query once; all of it, or the time to ask again. What git cannot do throws.
 * What GitHub refuses to show is taken for nothing, which opens no gate: one pull request or person must not hold up all the others.
 */
export const answer = async (queries: readonly Query[], sources: Sources): Promise<Facts | Later> => {
  const unique = [...new Map(queries.map((query) => [queryKey(query), query])).values()];
  const [remote, local] = await Promise.all([
    readInTurn(
      unique.filter((query) => isGitHubs(query)),
      (query) => askGitHub(query, sources),
    ),
    readInTurn(
      unique.filter((query) => !isGitHubs(query)),
      async (query) => ({ ok: true, value: await askGit(query, sources.git) }),
    ),
  ]);
  if (!remote.ok) return remote.later;
  if (!local.ok) return local.later;
  return new Map([...remote.value, ...local.value].map((fact) => [queryKey(fact.query), fact]));
};

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly later: Later };

/** One after the other: GitHub asks for no concurrent requests, and a limit that one meets would meet all. */
const readInTurn = async <Q>(queries: readonly Q[], read: (query: Q) => Promise<Read<Fact>>): Promise<Read<readonly Fact[]>> => {
  const facts: Fact[] = [];
  for (const query of queries) {
    const reply = await read(query);
    if (!reply.ok) return reply;
    facts.push(reply.value);
  }
  return { ok: true, value: facts };
};

const askGitHub = async (query: Of<Remote>, { github, git, refused, self }: Sources): Promise<Read<Fact>> => {
  const fact = <T>(reply: Reply<T>, nothing: T): Read<Fact> => {
    if (!reply.ok && reply.failure.kind === "later") return { ok: false, later: reply.failure };
    if (!reply.ok) refused(query, reply.failure.why);
    // Each case below answers its own kind of query, which the union's members cannot express.
    return { ok: true, value: { kind: query.kind, query, answer: reply.ok ? reply.value : nothing } as Fact };
  };
  switch (query.kind) {
    case "permission":
      return fact(await github.people.permission(query.login), "none");
    case "reviews":
      return fact(await github.pulls.reviews(query.pull), []);
    case "feedback":
      return fact(await readTalk(query.pull, { github, self }), NO_TALK);
    case "pulls":
      return fact(await github.pulls.list(), []);
    case "runs":
      return fact(await github.runs.list(), []);
    case "rules":
      return fact(await github.checks.rules(query.base), UNKNOWN_RULES);
    case "merge-methods":
      return fact(await github.checks.methods(), null);
    case "queue-entry":
      return fact(await github.queue.entry(query.pull), { kind: "unknown" });
    case "checks":
      return fact(await github.checks.of(query.commit), []);
    case "backlog":
      return fact(await github.backlog.list(), []);
    case "brief":
      return fact<Answers["brief"]>(await readBrief(query, { github, self, git }), { kind: "refused", why: "it was not shown" });
  }
};

const askGit = async (query: Of<Exclude<QueryKind, Remote>>, git: Commits): Promise<Fact> => {
  switch (query.kind) {
    case "work":
      return { kind: "work", query, answer: await git.work(query) };
    case "carry":
      return { kind: "carry", query, answer: await git.carry(query) };
    case "ground":
      return { kind: "ground", query, answer: await git.ground(query) };
    case "chain":
      return { kind: "chain", query, answer: await git.chain(query) };
    case "conflicts":
      return { kind: "conflicts", query, answer: await git.conflicts(query) };
    case "resolution":
      return { kind: "resolution", query, answer: await git.resolution(query) };
    case "archived":
      return { kind: "archived", query, answer: await git.archived(query.execution) };
    case "merge-of":
      return { kind: "merge-of", query, answer: await git.mergeOf(query) };
    case "workflow-files":
      return { kind: "workflow-files", query, answer: await git.workflowFiles(query.commit) };
    case "rejoined":
      return { kind: "rejoined", query, answer: await git.rejoined(query) };
    case "revert":
      return { kind: "revert", query, answer: await git.revert(query) };
    case "contains":
      return { kind: "contains", query, answer: await git.isAncestor(query.commit, query.tip) };
  }
};
