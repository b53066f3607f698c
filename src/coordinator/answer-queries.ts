import type { GitHubFailure, GitHubPorts, GitHubReply } from "../github/github-ports.ts";
import type { ExecutionId, Login, Sha } from "../core/domain/ids.ts";
import { type QueryAnswers, type QueryFact, type QueryFacts, type Query, type QueryKind, toQueryKey } from "../core/domain/query.ts";
import { toResultArtifactName } from "../core/domain/job.ts";
import { UNKNOWN_RULES } from "../core/domain/github-facts.ts";
import { EMPTY_DISCUSSION } from "../core/domain/feedback.ts";
import { readBrief } from "./read-brief.ts";
import { readPullDiscussion } from "./pull-discussion.ts";

type QueryOf<K extends QueryKind> = Extract<Query, { kind: K }>;

/** Queries that git answers from the local object store. */
export type CommitQueries = {
  work(query: QueryOf<"work">): Promise<QueryAnswers["work"]>;
  resultFiles(query: QueryOf<"result-files">): Promise<QueryAnswers["result-files"]>;
  tampering(query: QueryOf<"tampering">): Promise<QueryAnswers["tampering"]>;
  trial(query: QueryOf<"trial">): Promise<QueryAnswers["trial"]>;
  history(query: QueryOf<"history">): Promise<QueryAnswers["history"]>;
  landedArchive(query: QueryOf<"landed-archive">): Promise<QueryAnswers["landed-archive"]>;
  rebase(query: QueryOf<"rebase-commits">): Promise<QueryAnswers["rebase-commits"]>;
  newestBase(query: QueryOf<"newest-base">): Promise<QueryAnswers["newest-base"]>;
  mergeChain(query: QueryOf<"merge-chain">): Promise<QueryAnswers["merge-chain"]>;
  conflicts(query: QueryOf<"conflicts">): Promise<QueryAnswers["conflicts"]>;
  resolution(query: QueryOf<"resolution">): Promise<QueryAnswers["resolution"]>;
  /** Reads a text file of a local commit; null if the file is missing. */
  textAt(commit: Sha, path: string): Promise<string | null>;
  /** The final states of an archived execution's steps. */
  archived(execution: ExecutionId): Promise<QueryAnswers["archived"]>;
  workflowFiles(commit: Sha): Promise<QueryAnswers["workflow-files"]>;
  mergeOf(query: QueryOf<"merge-of">): Promise<QueryAnswers["merge-of"]>;
  reattach(query: QueryOf<"reattach">): Promise<QueryAnswers["reattach"]>;
  revert(query: QueryOf<"revert">): Promise<QueryAnswers["revert"]>;
  landingRevert(query: QueryOf<"landing-revert">): Promise<QueryAnswers["landing-revert"]>;
  isAncestor(commit: Sha, tip: Sha): Promise<boolean>;
  /** Fetches the head of a pull request; null if the remote has none. */
  pullHead(pull: number): Promise<Sha | null>;
};

export type QuerySources = {
  readonly github: GitHubPorts;
  readonly git: CommitQueries;
  readonly botLogin: Login;
  /** Reports a query that GitHub refused to answer. */
  readonly reportRefused: (query: Query, why: string) => void;
};

type DeferredFailure = Extract<GitHubFailure, { kind: "later" }>;

type GitHubQueryKind =
  | "permission"
  | "reviews"
  | "comment"
  | "pushers"
  | "pulls"
  | "runs"
  | "run"
  | "result-artifact"
  | "rules"
  | "merge-methods"
  | "checks"
  | "queue-entry"
  | "backlog"
  | "brief"
  | "feedback";

/** The source that answers each kind of query; a missing kind does not compile. */
const QUERY_TARGETS: Readonly<Record<GitHubQueryKind, "github"> & Record<Exclude<QueryKind, GitHubQueryKind>, "git">> = {
  permission: "github",
  reviews: "github",
  comment: "github",
  pushers: "github",
  pulls: "github",
  runs: "github",
  run: "github",
  "result-artifact": "github",
  rules: "github",
  "merge-methods": "github",
  checks: "github",
  "queue-entry": "github",
  backlog: "github",
  brief: "github",
  feedback: "github",
  work: "git",
  "result-files": "git",
  tampering: "git",
  trial: "git",
  history: "git",
  "landed-archive": "git",
  "rebase-commits": "git",
  "newest-base": "git",
  "merge-chain": "git",
  conflicts: "git",
  resolution: "git",
  archived: "git",
  "merge-of": "git",
  "workflow-files": "git",
  reattach: "git",
  revert: "git",
  "landing-revert": "git",
  contains: "git",
  "pull-head": "git",
};

const isGitHubQuery = (query: Query): query is QueryOf<GitHubQueryKind> => QUERY_TARGETS[query.kind] === "github";

/**
 * Answers a decision's queries, each once; returns all facts, or the time to retry. Throws if git fails. If GitHub refuses a query, its
 * answer is empty and opens no gate: a single pull request or person must not block the others.
 */
export const answerQueries = async (queries: readonly Query[], sources: QuerySources): Promise<QueryFacts | DeferredFailure> => {
  const unique = [...new Map(queries.map((query) => [toQueryKey(query), query])).values()];
  const [remote, local] = await Promise.all([
    readSequentially(
      unique.filter((query) => isGitHubQuery(query)),
      (query) => answerFromGitHub(query, sources),
    ),
    readSequentially(
      unique.filter((query) => !isGitHubQuery(query)),
      async (query) => ({ ok: true, value: await answerFromGit(query, sources.git) }),
    ),
  ]);
  if (!remote.ok) return remote.later;
  if (!local.ok) return local.later;
  return new Map([...remote.value, ...local.value].map((fact) => [toQueryKey(fact.query), fact]));
};

type QueryReading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly later: DeferredFailure };

/** Reads sequentially: GitHub asks for no concurrent requests, and a rate limit would affect them all. */
const readSequentially = async <Q>(
  queries: readonly Q[],
  read: (query: Q) => Promise<QueryReading<QueryFact>>,
): Promise<QueryReading<readonly QueryFact[]>> => {
  const facts: QueryFact[] = [];
  for (const query of queries) {
    const reply = await read(query);
    if (!reply.ok) return reply;
    facts.push(reply.value);
  }
  return { ok: true, value: facts };
};

const nameMissing = <T extends object>(reply: GitHubReply<T | null>): GitHubReply<T | "missing"> =>
  reply.ok ? { ok: true, value: reply.value ?? "missing" } : reply;

const answerFromGitHub = async (
  query: QueryOf<GitHubQueryKind>,
  { github, git, reportRefused, botLogin }: QuerySources,
): Promise<QueryReading<QueryFact>> => {
  const fact = <T>(reply: GitHubReply<T>, nothing: T): QueryReading<QueryFact> => {
    if (!reply.ok && reply.failure.kind === "later") return { ok: false, later: reply.failure };
    if (!reply.ok) reportRefused(query, reply.failure.reason);
    // Each case below answers its own query kind, which the union type cannot express.
    return { ok: true, value: { kind: query.kind, query, answer: reply.ok ? reply.value : nothing } as QueryFact };
  };
  switch (query.kind) {
    case "permission":
      return fact(await github.people.permission(query.login), "none");
    case "reviews":
      return fact(await github.pulls.reviews(query.pull), []);
    case "comment":
      return fact<QueryAnswers["comment"]>(await github.issues.readComment(query.comment), null);
    case "pushers":
      return fact<QueryAnswers["pushers"]>(await github.pulls.pushers(query.branch, query.head), null);
    case "feedback":
      return fact(await readPullDiscussion(query.pull, { github, self: botLogin }), EMPTY_DISCUSSION);
    case "pulls":
      return fact(await github.pulls.list(), []);
    case "runs":
      return fact(await github.runs.list(), []);
    case "run":
      return fact<QueryAnswers["run"]>(nameMissing(await github.runs.read(query.run)), "unreadable");
    case "result-artifact": {
      const name = toResultArtifactName(query.result);
      return fact<QueryAnswers["result-artifact"]>(nameMissing(await github.runs.artifact(query.run, name)), "unreadable");
    }
    case "rules":
      return fact(await github.checks.rules(query.baseBranch), UNKNOWN_RULES);
    case "merge-methods":
      return fact(await github.checks.mergeMethods(), null);
    case "queue-entry":
      return fact(await github.queue.entry(query.pull), { kind: "unknown" });
    case "checks":
      return fact(await github.checks.list(query.commit), []);
    case "backlog":
      return fact(await github.backlog.list(), []);
    case "brief":
      return fact<QueryAnswers["brief"]>(await readBrief(query, { github, botLogin, git }), {
        kind: "refused",
        reason: "GitHub refused to show it",
      });
  }
};

const answerFromGit = async (query: QueryOf<Exclude<QueryKind, GitHubQueryKind>>, git: CommitQueries): Promise<QueryFact> => {
  switch (query.kind) {
    case "work":
      return { kind: "work", query, answer: await git.work(query) };
    case "result-files":
      return { kind: "result-files", query, answer: await git.resultFiles(query) };
    case "tampering":
      return { kind: "tampering", query, answer: await git.tampering(query) };
    case "trial":
      return { kind: "trial", query, answer: await git.trial(query) };
    case "history":
      return { kind: "history", query, answer: await git.history(query) };
    case "landed-archive":
      return { kind: "landed-archive", query, answer: await git.landedArchive(query) };
    case "rebase-commits":
      return { kind: "rebase-commits", query, answer: await git.rebase(query) };
    case "newest-base":
      return { kind: "newest-base", query, answer: await git.newestBase(query) };
    case "merge-chain":
      return { kind: "merge-chain", query, answer: await git.mergeChain(query) };
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
    case "reattach":
      return { kind: "reattach", query, answer: await git.reattach(query) };
    case "revert":
      return { kind: "revert", query, answer: await git.revert(query) };
    case "landing-revert":
      return { kind: "landing-revert", query, answer: await git.landingRevert(query) };
    case "pull-head":
      return { kind: "pull-head", query, answer: await git.pullHead(query.pull) };
    case "contains":
      return { kind: "contains", query, answer: await git.isAncestor(query.commit, query.tip) };
  }
};
