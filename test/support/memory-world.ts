import { type ArchivedExecution, selectRelated } from "../../src/core/domain/archived-execution.ts";
import type { Effect, EffectEnding, SquashOrRebase, EffectOutcome } from "../../src/core/domain/effect.ts";
import { digestEffect } from "../../src/core/domain/effect.ts";
import type { Event } from "../../src/core/domain/event.ts";
import type { PersonCommand } from "../../src/core/domain/command.ts";
import type { DecisionInputs, RepositoryPorts } from "../../src/coordinator/repository-loop.ts";
import type { Execution } from "../../src/core/domain/execution.ts";
import { EMPTY_DISCUSSION, type PullDiscussion } from "../../src/core/domain/feedback.ts";
import { hashValue, readTaskId, type RefName, type Sha, type TaskId } from "../../src/core/domain/ids.ts";
import { type JobKey, toJobKey, type JobResult, readJobKey } from "../../src/core/domain/job.ts";
import { emptyLedger, type Ledger } from "../../src/core/domain/ledger.ts";
import type { NoticeMessage } from "../../src/core/domain/notice.ts";
import type { Conflict } from "../../src/core/domain/conflict.ts";
import type { RefMove } from "../../src/core/domain/decision.ts";
import type { Config } from "../../src/core/domain/config.ts";
import { type QueryAnswers, type QueryFact, type ChainLink, type Query, toQueryKey } from "../../src/core/domain/query.ts";
import {
  type Check,
  type MergeMethod,
  type RepositoryPermission,
  type Pull,
  type MergeQueuePosition,
  type Review,
  type BranchRules,
  type WorkflowRunInfo,
  type ActionsWorkflowFile,
  type GitHubComment,
} from "../../src/core/domain/github-facts.ts";
import { ARCHIVE_REF, isWorkRef, RESULTS_PREFIX, toBranchRef, readResultRef, toResultRef } from "../../src/core/domain/refs.ts";
import { toVerifiedCommit } from "../../src/core/domain/trial.ts";
import type { Refusal } from "../../src/core/domain/refusal.ts";
import { isSharedReplyKey } from "../../src/core/domain/shared-reply.ts";
import type { TextCommit } from "../../src/core/domain/text-commit.ts";
import { brief, ownRun } from "./build.ts";
import { config as defaults } from "./config.ts";

const sha = (value: unknown): Sha => hashValue(value).slice(0, 40);

const archivedStates = (execution: Execution | undefined) =>
  execution === undefined ? null : Object.fromEntries(Object.values(execution.steps).map(({ id, state }) => [id, state]));

/** Thrown when a history lets the process die. */
export class Crash extends Error {}

export type Fate = {
  readonly end: JobResult["end"];
  readonly tools?: JobResult["tools"];
  readonly artifact?: string;
  readonly why?: string;
  readonly output?: string;
  readonly files?: JobResult["files"];
  readonly outcome?: JobResult["outcome"];
  readonly answer?: string;
  readonly replies?: JobResult["replies"];
  readonly usage?: JobResult["usage"];
  readonly failure?: JobResult["failure"];
  readonly kept?: JobResult["kept"];
  readonly failures?: JobResult["failures"];
};

/** Queries about the origin of a result. */
const ORIGIN_KINDS: ReadonlySet<Query["kind"]> = new Set(["run", "result-artifact", "result-files"]);

/** Ends of an agent's job that fail its run. */
const FAILED_ENDS: ReadonlySet<JobResult["end"]> = new Set(["failed", "asked", "timed-out", "crashed", "cancelled"]);

/**
 * Opens a repository and a GitHub in memory: commits are ids with parents, and jobs end on the test's command. The double keeps the relevant
 * rules: leases, result refs with a single writer, one pull request per head, run names.
 */
export const memoryWorld = (
  options: {
    config?: Config;
    /** See Snapshot.runners. */
    runners?: number;
    /** See Snapshot.endsWhenIdle. Such a process keeps no outcomes. */
    endsWhenIdle?: true;
    crash?: (point: string) => void;
    conflicts?: (head: Sha, message: string, onto: Sha) => boolean;
    /** The conflicts of a head; by default a conflict of contents. */
    conflicting?: (head: Sha) => readonly Conflict[];
    /** Paths with remaining markers in a resolution. */
    markers?: (result: Sha) => readonly string[];
    /** Paths deleted by a resolution, although neither side deleted them. */
    deletions?: (query: Extract<Query, { kind: "resolution" }>) => readonly string[];
    workCommit?: () => unknown;
    /** Whether work changes nothing on its base. */
    unchanged?: (query: Extract<Query, { kind: "work" }>) => boolean;
    /** GitHub's message for a refused effect, with the refusal's code if it is not `not-allowed`. */
    refuse?: (effect: Effect) => string | { readonly code: string; readonly reason: string } | null;
    /** The ending of a post to the webhook of notices. */
    postNotice?: () => EffectEnding<"post-notice">;
    /** Whether GitHub hides the id of a started run. */
    unknownRuns?: boolean;
    /** GitHub's view of an issue. */
    briefs?: (query: Extract<Query, { kind: "brief" }>) => QueryAnswers["brief"] | null;
    /** Whether GitHub's merges have other files than the verified ones. */
    otherTree?: boolean;
    /** GitHub's answer to a merge; null if GitHub merges. */
    merging?: (pull: Pull) => EffectEnding<"merge-pull"> | "unclear" | null;
    refusePush?: (move: RefMove) => string | null;
    /** Whether commits have lines, which merge like files in git. */
    lines?: boolean;
    /** The result of a landing's revert; by default the revert succeeds. */
    reverted?: (query: Extract<Query, { kind: "landing-revert" }>) => QueryAnswers["landing-revert"] | null;
    carryConflicts?: (query: Extract<Query, { kind: "rebase-commits" | "work" }>) => boolean;
  } = {},
) => {
  const crash = options.crash ?? (() => undefined);
  const root = sha("root");
  const state = {
    now: 1_000,
    refs: { [toBranchRef("main")]: root } as Record<RefName, Sha>,
    parents: new Map<Sha, readonly Sha[]>([[root, []]]),
    /** The lines of a commit, by their source. */
    contents: new Map<Sha, ReadonlySet<string>>(),
    results: new Map<Sha, JobResult>(),
    /** Squashes and rebases, with their original head. */
    made: new Map<Sha, Sha>(),
    ledger: emptyLedger,
    texts: [] as TextCommit[],
    writes: [] as { inputs: DecisionInputs; parent: Ledger; ledger: Ledger; notes: readonly string[] }[],
    runs: [] as WorkflowRunInfo[],
    /** Artifacts uploaded by runs, as `<run> <result>`. */
    artifacts: new Set<string>(),
    pulls: [] as Pull[],
    /** Texts of pull requests, by number. */
    bodies: new Map<number, string>(),
    /** The number of text edits. */
    edits: 0,
    comments: [] as { id: number; issue: number; body: string }[],
    reviews: new Map<number, Review[]>(),
    /** The reason against publishing the files of results; null if allowed. */
    refusesFiles: null as Refusal | null,
    /** The archive's history of finished steps. */
    history: {} as QueryAnswers["history"],
    /** The findings in a head that weakens its own checks. */
    tampering: (_head: Sha): QueryAnswers["tampering"] => [],
    trial: ({ head, onto, paths, message }: Extract<Query, { kind: "trial" }>): QueryAnswers["trial"] => ({
      kind: "commit",
      commit: commit([head], [message, paths]),
      onto: onto[0] ?? head,
    }),
    /** The discussions on pull requests. */
    talk: new Map<number, Partial<PullDiscussion>>(),
    /** Enki's answers in threads of line comments. */
    replies: [] as { id: number; pull: number; thread: number; body: string }[],
    permissions: { maintainer: "write", stranger: "read" } as Record<string, RepositoryPermission>,
    /** Received events, so that their comments are known before a write. */
    heard: [] as Event[],
    /** The present state of comments, by id; null for a deleted comment. */
    said: new Map<number, GitHubComment | null>(),
    /** Pushers to the branch of a head; unknown to GitHub if absent. */
    pushers: new Map<Sha, readonly string[]>(),
    green: new Set<Sha>([root]),
    bases: [root] as Sha[],
    reactions: [] as string[],
    reviewRequests: [] as { pull: number; login: string }[],
    /** Messages received by the webhook. */
    notices: [] as NoticeMessage[],
    statuses: [] as { commit: Sha; state: string; text: string; url?: string | undefined }[],
    closed: new Set<number>(),
    rules: { isReadable: true, types: [], checks: [], requiredReviews: 0, allowedMethods: null } as BranchRules,
    /** The repository's allowed merge methods for pull requests; null if GitHub hides them. */
    methods: null as readonly MergeMethod[] | null,
    workflows: [] as readonly ActionsWorkflowFile[],
    /** GitHub's merge queue, by pull request. */
    entries: new Map<number, MergeQueuePosition>(),
    checks: new Map<Sha, Check[]>(),
    trees: new Map<Sha, Sha>(),
    /** Merges by GitHub on Enki's request. */
    merges: [] as Sha[],
    started: [] as string[],
    backlog: [] as { issue: number; title: string; body: string; created: number; open: boolean; reason: string }[],
    requests: 0,
    pushes: 0,
    /** Executions that a write moved out of the ledger. */
    archive: {} as Record<string, Execution>,
    /** Archived executions with landed work, by the commit of the archive. */
    archived: new Map<Sha, readonly ArchivedExecution[]>(),
  };

  const archiveLeft = (before: Ledger, after: Ledger): void => {
    const left = Object.values(before.executions).filter(({ id }) => !after.executions[id]);
    if (left.length === 0) return;
    for (const execution of left) state.archive[execution.id] = execution;
    const landed = left.filter(({ steps }) => Object.values(steps).some((step) => step.landed !== null));
    const known = state.archived.get(state.refs[ARCHIVE_REF] ?? "") ?? [];
    const archive = sha(["archive", Object.keys(state.archive)]);
    const added = landed.flatMap((execution): ArchivedExecution[] => {
      const plan = before.plans[execution.plan ?? ""];
      return plan ? [{ execution, plan }] : [];
    });
    state.archived.set(archive, [...known, ...added]);
    state.refs[ARCHIVE_REF] = archive;
  };
  const contains = (commit: Sha, tip: Sha): boolean => {
    if (!state.parents.has(commit)) return false;
    const stack = [tip];
    const seen = new Set<Sha>();
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at === commit) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      stack.push(...(state.parents.get(at) ?? []));
    }
    return false;
  };

  /** The newest common commit. */
  const mergeBase = (one: Sha, other: Sha): Sha | null => {
    const shared = [...state.parents.keys()].filter((each) => contains(each, one) && contains(each, other));
    return shared.find((each) => shared.every((other) => contains(other, each))) ?? shared.at(-1) ?? null;
  };
  const groundOf = ({ head, tip, abandonedTips }: Extract<Query, { kind: "newest-base" }>): Sha | null => {
    const lost = abandonedTips.map((each) => mergeBase(head, each)).find((each) => each !== null && !contains(each, tip));
    return lost ?? mergeBase(head, tip);
  };

  const linesOf = (at: Sha | null): ReadonlySet<string> => (at === null ? undefined : state.contents.get(at)) ?? new Set();
  /** Merges three ways: keeps the added lines of each side, without the removed lines of either. */
  const merged = (base: ReadonlySet<string>, ours: ReadonlySet<string>, theirs: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...ours, ...theirs].filter((line) => (ours.has(line) && theirs.has(line)) || !base.has(line)));
  const commit = (parents: readonly Sha[], what: unknown, lines?: ReadonlySet<string>): Sha => {
    const id = sha([parents, what]);
    const [first, second] = parents;
    const both = (): ReadonlySet<string> =>
      second === undefined
        ? linesOf(first ?? null)
        : merged(linesOf(mergeBase(first ?? "", second)), linesOf(first ?? ""), linesOf(second));
    if (options.lines) state.contents.set(id, lines ?? both());
    state.parents.set(id, parents);
    return id;
  };

  const treeOf = (of: Sha): Sha => state.trees.get(of) ?? sha(["tree", of]);
  /**
   * Merges a pull request into main like GitHub. The result has the tree of a candidate with the same two commits, unless a test overrides it.
   */
  const mergePull = (pull: Pull, how: SquashOrRebase | undefined): void => {
    const base = state.refs[toBranchRef("main")] ?? root;
    const alike = state.trees.has(pull.head)
      ? pull.head
      : [...state.parents].find(([, [first, second]]) => first === base && second === pull.head)?.[0];
    const merged = commit(how ? [base] : [base, pull.head], `${how?.method ?? "merge"} pull request #${pull.number}`);
    if (how) state.made.set(merged, pull.head);
    state.trees.set(merged, options.otherTree ? sha("other") : treeOf(alike ?? merged));
    state.refs[toBranchRef("main")] = merged;
    state.merges.push(merged);
    state.pulls = state.pulls.map((each) =>
      (contains(each.head, merged) || (how && each === pull)) && each.state === "open" ? { ...each, state: "merged" } : each,
    );
  };

  const conflictsOf = (head: Sha): readonly Conflict[] => options.conflicting?.(head) ?? [{ path: "a.txt", kind: "contents" }];

  const chain = (query: Extract<Query, { kind: "merge-chain" }>): QueryFact => {
    const links: ChainLink[] = [];
    const out = new Set<TaskId>();
    let tip = query.onto;
    for (const { task, head, message, needs } of query.merges) {
      const left = needs.some((each) => out.has(each));
      if (left || options.conflicts?.(head, message, tip)) {
        out.add(task);
        links.push(left ? { kind: "left-out" } : { kind: "conflict", paths: conflictsOf(head).map(({ path }) => path) });
        continue;
      }
      // The same two commits give the same files, regardless of the merge's message.
      const tree = sha(["tree", tip, head]);
      tip = commit([tip, head], message);
      state.trees.set(tip, tree);
      links.push({ kind: "merged", commit: tip, tree });
    }
    return { kind: "merge-chain", query, answer: links };
  };

  const toCommandText = (command: PersonCommand): string => {
    if (command.kind === "approve-plan") return `/enki approve ${command.plan}`;
    if (command.kind === "approve-step") return `/enki approve ${command.task}@${command.head.slice(0, 12)}`;
    if (command.kind === "land") return "/enki land";
    if (command.kind === "undo") return `/enki undo ${command.target ?? ""}`.trim();
    return command.kind === "skip" ? `/enki skip ${command.target}` : "";
  };

  /** Returns a comment as in its event, unless a test overrides the comment. */
  const commentOf = (id: number): GitHubComment | null => {
    const known = state.said.get(id);
    if (known !== undefined) return known;
    for (const event of [...state.heard, ...state.writes.flatMap(({ inputs }) => inputs.events)]) {
      if (event.kind !== "commanded" || event.source.kind !== "comment" || event.source.id !== id) continue;
      const body = event.requests.map((request) => (request.ok ? toCommandText(request.command) : ""));
      const { issue, onPullRequest: onPull, by, at } = event;
      return { id, issue, onPull, by, bot: false, body: body.join("\n"), created: at, updated: at };
    }
    return null;
  };

  const answerOne = (query: Query): QueryFact => {
    switch (query.kind) {
      case "permission":
        return { kind: "permission", query, answer: state.permissions[query.login] ?? "none" };
      case "comment":
        return { kind: "comment", query, answer: commentOf(query.comment) };
      case "pushers":
        return { kind: "pushers", query, answer: state.pushers.get(query.head) ?? null };
      case "reviews":
        return { kind: "reviews", query, answer: state.reviews.get(query.pull) ?? [] };
      case "feedback":
        return { kind: "feedback", query, answer: { ...EMPTY_DISCUSSION, ...state.talk.get(query.pull) } };
      case "pulls":
        return { kind: "pulls", query, answer: state.pulls };
      case "pull-head":
        return { kind: "pull-head", query, answer: state.pulls.find(({ number }) => number === query.pull)?.head ?? null };
      case "runs":
        return { kind: "runs", query, answer: state.runs };
      case "run":
        return { kind: "run", query, answer: state.runs.find(({ id }) => id === query.run) ?? "missing" };
      case "result-files":
        return { kind: "result-files", query, answer: state.refusesFiles };
      case "history":
        return { kind: "history", query, answer: state.history };
      case "landed-archive":
        return { kind: "landed-archive", query, answer: selectRelated(state.archived.get(query.archive) ?? [], query) };
      case "tampering":
        return { kind: "tampering", query, answer: state.tampering(query.head) };
      case "trial":
        return { kind: "trial", query, answer: state.trial(query) };
      case "result-artifact": {
        const run = state.runs.find(({ id }) => id === query.run);
        const isThere = run && state.artifacts.has(`${query.run} ${query.result}`);
        const answer = isThere ? { id: 1, run: run.id, branch: run.branch, commit: run.commit } : ("missing" as const);
        return { kind: "result-artifact", query, answer };
      }
      case "rules":
        return { kind: "rules", query, answer: state.rules };
      case "merge-methods":
        return { kind: "merge-methods", query, answer: state.methods };
      case "workflow-files":
        return { kind: "workflow-files", query, answer: state.workflows };
      case "queue-entry":
        return { kind: "queue-entry", query, answer: state.entries.get(query.pull) ?? { kind: "out", reason: null } };
      case "reattach":
        return {
          kind: "reattach",
          query,
          answer: { kind: "commit", commit: commit(query.linear ? [query.onto] : [query.head, query.onto], query.message) },
        };
      case "checks":
        return { kind: "checks", query, answer: state.checks.get(query.commit) ?? [] };
      case "backlog":
        return {
          kind: "backlog",
          query,
          answer: state.backlog.filter(({ open }) => open).map(({ issue, title, body, created }) => ({ issue, title, body, created })),
        };
      case "brief":
        return {
          kind: "brief",
          query,
          answer: options.briefs?.(query) ?? { kind: "read", brief: brief({ issue: query.issue, asOf: query.asOf }) },
        };
      case "work":
        if (options.unchanged?.(query)) return { kind: "work", query, answer: { kind: "unchanged" } };
        if (query.onto !== query.baseCommit && options.carryConflicts?.(query))
          return { kind: "work", query, answer: { kind: "conflict", paths: ["a.txt"] } };
        return {
          kind: "work",
          query,
          answer: {
            kind: "commit",
            commit: commit(
              [query.onto],
              options.workCommit?.() ?? [query.result, query.message],
              merged(linesOf(query.baseCommit), linesOf(query.onto), new Set([...linesOf(query.baseCommit), `by ${query.result}`])),
            ),
          },
        };
      case "rebase-commits": {
        if (options.carryConflicts?.(query)) return { kind: "rebase-commits", query, answer: { kind: "conflict", paths: ["a.txt"] } };
        const lines = merged(linesOf(query.forkPoint), linesOf(query.onto), linesOf(query.head));
        if (options.lines && [...lines, ...linesOf(query.onto)].every((line) => lines.has(line) && linesOf(query.onto).has(line)))
          return { kind: "rebase-commits", query, answer: { kind: "unchanged" } };
        return {
          kind: "rebase-commits",
          query,
          answer: { kind: "commit", commit: commit([query.onto], [query.head, query.forkPoint, query.message], lines) },
        };
      }
      case "newest-base":
        return { kind: "newest-base", query, answer: groundOf(query) };
      case "merge-chain":
        return chain(query);
      case "conflicts":
        return { kind: "conflicts", query, answer: conflictsOf(query.head) };
      case "resolution": {
        const gone = options.deletions?.(query) ?? [];
        if (gone.length > 0) return { kind: "resolution", query, answer: { kind: "deletions", paths: gone } };
        const paths = options.markers?.(query.result) ?? [];
        const { head, onto, forkPoint } = query;
        const made = commit(
          forkPoint === undefined ? [head, onto] : [onto],
          [query.result, query.message],
          merged(linesOf(forkPoint ?? mergeBase(head, onto)), linesOf(onto), linesOf(head)),
        );
        return { kind: "resolution", query, answer: paths.length > 0 ? { kind: "markers", paths } : { kind: "commit", commit: made } };
      }
      case "archived":
        return { kind: "archived", query, answer: archivedStates(state.archive[query.execution]) };
      case "merge-of": {
        const seen: Sha[] = [];
        for (let at: Sha | undefined = query.tip; at !== undefined && at !== query.onto; at = state.parents.get(at)?.[0]) seen.push(at);
        const found = seen.reverse().find((each) => contains(query.head, each) || (query.method && state.made.get(each) === query.head));
        return { kind: "merge-of", query, answer: found === undefined ? null : { commit: found, tree: treeOf(found) } };
      }
      case "revert":
        return { kind: "revert", query, answer: commit([query.tip], query.message) };
      case "landing-revert": {
        const told = options.reverted?.(query);
        if (told) return { kind: "landing-revert", query, answer: told };
        const made = commit([query.onto], [query.landing.task, query.message]);
        return { kind: "landing-revert", query, answer: { kind: "commit", commit: made, parent: query.onto } };
      }
      case "contains":
        return { kind: "contains", query, answer: contains(query.commit, query.tip) };
    }
  };

  const end = <K extends Effect["kind"]>(effect: Effect & { kind: K }, known: unknown): Event => ({
    kind: "performed",
    at: state.now,
    // Each branch below returns the known value of its own kind.
    outcome: { kind: effect.kind, key: effect.key, digest: digestEffect(effect), ending: { kind: "done", answer: known } } as never,
  });

  const outcomeOf = (effect: Extract<Effect, { kind: "merge-pull" }>, ends: EffectEnding<"merge-pull">): EffectOutcome => ({
    kind: "merge-pull",
    key: effect.key,
    digest: digestEffect(effect),
    ending: ends,
  });

  const performOne = (effect: Effect, again: boolean): Event => {
    state.requests += 1;
    const refused = options.refuse?.(effect);
    if (refused) {
      return {
        kind: "performed",
        at: state.now,
        outcome: {
          kind: effect.kind,
          key: effect.key,
          digest: digestEffect(effect),
          ending: { kind: "refused", ...(typeof refused === "string" ? { code: "not-allowed", reason: refused } : refused) },
        },
      };
    }
    switch (effect.kind) {
      case "start-job": {
        const found = again ? state.runs.find((run) => run.name === effect.job) : undefined;
        const run = found ?? ownRun(state.runs.length + 1, effect.job, { commit: state.refs[toBranchRef("main")] ?? root });
        if (!found) state.runs.push(run);
        return end(effect, { run: options.unknownRuns ? null : run.id });
      }
      case "stop-job":
        state.runs = state.runs.map((run) => (run.id === effect.run ? { ...run, state: "done", conclusion: "cancelled" } : run));
        return end(effect, null);
      case "open-side-pull":
      case "open-pull": {
        const open = state.pulls.find((pull) => pull.headRef === effect.head && pull.state === "open");
        const pull = open ?? {
          number: 100 + state.pulls.length,
          headRef: effect.head,
          head: state.refs[toBranchRef(effect.head)] ?? "",
          baseBranch: effect.baseBranch,
          state: "open" as const,
          draft: false,
          labels: [],
          hasActivity: false,
        };
        if (!open) {
          state.pulls.push(pull);
          state.bodies.set(pull.number, effect.body);
        }
        return end(effect, { pull: pull.number });
      }
      case "merge-pull": {
        const pull = state.pulls.find(({ number }) => number === effect.pull);
        const told = pull ? (options.merging?.(pull) ?? null) : null;
        const later = { kind: "later" as const, retryAt: state.now + 5_000, reason: "502" };
        if (told !== null && told !== "unclear") return { kind: "performed", at: state.now, outcome: outcomeOf(effect, told) };
        if (again && pull?.state === "merged") return end(effect, null);
        if (pull?.state !== "open" || pull.head !== effect.head)
          return {
            kind: "performed",
            at: state.now,
            outcome: outcomeOf(effect, { kind: "refused", code: "conflict", reason: "head moved" }),
          };
        mergePull(pull, effect.squashOrRebase);
        return told === "unclear" ? { kind: "performed", at: state.now, outcome: outcomeOf(effect, later) } : end(effect, null);
      }
      case "enqueue-pull":
        if (!again || (state.entries.get(effect.pull)?.kind ?? "out") === "out")
          state.entries.set(effect.pull, { kind: "queued", position: state.entries.size + 1, group: null });
        return end(effect, null);
      case "dequeue-pull":
        state.entries.set(effect.pull, { kind: "out", reason: "MANUAL" });
        return end(effect, null);
      case "start-workflow":
        state.started.push(`${effect.workflow}@${effect.branch}`);
        return end(effect, null);
      case "edit-pull":
        state.bodies.set(effect.pull, effect.body);
        state.edits += 1;
        return end(effect, null);
      case "close-pull":
        state.pulls = state.pulls.map((pull) => (pull.number === effect.pull ? { ...pull, state: "closed" } : pull));
        return end(effect, null);
      case "set-status":
        state.statuses.push({ commit: effect.commit, state: effect.state, text: effect.text, url: effect.url });
        return end(effect, null);
      case "write-comment": {
        const known =
          state.comments.find((each) => each.id === effect.comment) ??
          (again || isSharedReplyKey(effect.key) ? state.comments.find((each) => each.body.startsWith(effect.marker)) : undefined);
        if (known) known.body = effect.body;
        const said = known ?? { id: 1_000 + state.comments.length, issue: effect.issue, body: effect.body };
        if (!known) state.comments.push(said);
        return end(effect, { comment: said.id });
      }
      case "request-review":
        state.reviewRequests.push({ pull: effect.pull, login: effect.login });
        return end(effect, null);
      case "post-notice":
        state.notices.push(effect.message);
        return options.postNotice
          ? {
              kind: "performed",
              at: state.now,
              outcome: { kind: effect.kind, key: effect.key, digest: digestEffect(effect), ending: options.postNotice() },
            }
          : end(effect, null);
      case "reply-review-comment": {
        const known = again ? state.replies.find((each) => each.body.startsWith(effect.marker)) : undefined;
        const reply = known ?? { id: 5_000 + state.replies.length, pull: effect.pull, thread: effect.comment, body: effect.body };
        if (!known) state.replies.push(reply);
        return end(effect, { comment: reply.id });
      }
      case "react":
        state.reactions.push(effect.key);
        return end(effect, null);
      case "close-issue":
        state.closed.add(effect.issue);
        return end(effect, null);
      case "open-issue": {
        const body = `${effect.marker}\n${effect.body}`;
        const there = again ? state.backlog.find((each) => each.body === body) : undefined;
        const issue = there?.issue ?? 500 + state.backlog.length;
        if (!there) state.backlog.push({ issue, title: effect.title, body, created: state.now, open: true, reason: "" });
        return end(effect, { issue });
      }
      case "edit-issue":
        state.backlog = state.backlog.map((each) =>
          each.issue === effect.issue ? { ...each, title: effect.title, body: effect.body } : each,
        );
        return end(effect, null);
      case "close-backlog-issue":
        state.backlog = state.backlog.map((each) => (each.issue === effect.issue ? { ...each, open: false, reason: effect.reason } : each));
        return end(effect, null);
    }
  };

  const world: RepositoryPorts = {
    botLogin: "enki[bot]",
    defaultBranch: "main",
    repositoryUrl: "https://github.test/octo/demo",
    graceMs: 0,
    runners: options.runners,
    endsWhenIdle: options.endsWhenIdle,
    isLedgerSigned: true,
    keepOutcomesMs: options.endsWhenIdle ? 0 : 60_000,
    now: () => (state.now += 1),
    log: () => undefined,
    load: () =>
      Promise.resolve({
        ledger: state.ledger,
        refs: { ...state.refs },
        config: options.config ?? defaults(),
        results: Object.entries(state.refs).flatMap(([ref, at]): Event[] => {
          if (!ref.startsWith(RESULTS_PREFIX) || state.ledger.handledEvents[`result:${at}`] !== undefined) return [];
          const [job, result] = [readResultRef(ref), state.results.get(at)];
          if (job === null || !result) return [{ kind: "misplaced", ref, commit: at, job, fault: "malformed" }];
          if (result.job !== job) return [{ kind: "misplaced", ref, commit: at, job, fault: "other-job" }];
          return [{ kind: "resulted", id: `result:${at}`, commit: at, result }];
        }),
      }),
    sweep: () => Promise.resolve([]),
    answerQueries: (queries) => {
      // Stored stories are older than these queries, which therefore take no time here.
      if (queries.every(({ kind }) => ORIGIN_KINDS.has(kind))) state.now -= 1;
      return Promise.resolve(new Map(queries.map((query) => [toQueryKey(query), answerOne(query)])));
    },
    save: (act, before, inputs) => {
      crash("before save");
      if (before.ledger !== state.ledger) return Promise.resolve({ kind: "ledger-moved" });
      const moved = act.refMoves.find(({ ref, oldSha }) => (state.refs[ref] ?? null) !== oldSha);
      if (moved)
        return Promise.resolve({ kind: "refused", event: { kind: "save-refused", ref: moved.ref, reason: "moved", text: "stale" } });
      state.pushes += 1;
      for (const move of act.refMoves) {
        const text = options.refusePush?.(move);
        // The real save throws, because a decision needs the ledger's own refs.
        if (text && !isWorkRef(move.ref)) return Promise.reject(new Error(`${move.ref} may not be written: ${text}`));
        if (text) return Promise.resolve({ kind: "refused", event: { kind: "save-refused", ref: move.ref, reason: "not-allowed", text } });
      }
      for (const { ref, newSha } of act.refMoves) {
        if (newSha === null) delete state.refs[ref];
        else state.refs[ref] = newSha;
        if (ref === toBranchRef("main") && newSha !== null) state.bases.push(newSha);
      }
      state.texts.push(...act.retainedTexts);
      state.writes.push({ inputs, parent: state.ledger, ledger: act.ledger, notes: act.notes });
      archiveLeft(state.ledger, act.ledger);
      state.ledger = act.ledger;
      for (const pull of state.pulls) {
        const head = state.refs[toBranchRef(pull.headRef)] ?? pull.head;
        const merged = contains(head, state.refs[toBranchRef("main")] ?? "");
        // A pull request without a branch is closed.
        const now = merged
          ? "merged"
          : !pull.headRef.includes(":") && state.refs[toBranchRef(pull.headRef)] === undefined
            ? "closed"
            : "open";
        state.pulls = state.pulls.map((each) =>
          each === pull ? { ...each, head, state: each.state === "open" ? now : each.state } : each,
        );
      }
      crash("after save");
      const loaded = { ...before, ledger: act.ledger, refs: { ...state.refs }, results: [] };
      return Promise.resolve({ kind: "saved", loaded });
    },
    performEffects: (effects, again) => {
      const events: Event[] = [];
      for (const effect of effects) {
        crash(`before ${effect.key}`);
        events.push(performOne(effect, again.has(effect.key)));
        crash(`after ${effect.key}`);
      }
      return Promise.resolve(events);
    },
  };

  /** Returns the commit that a job works on. */
  const baseOf = (job: JobKey): Sha => {
    const { kind, target } = readJobKey(job) ?? { kind: "plan", target: "" };
    const task = readTaskId(target);
    const step = task && state.ledger.executions[task.execution]?.steps[task.step];
    return (
      (kind === "resolve" ? step?.resolution?.onto : kind === "work" ? step?.baseCommit : null) ?? state.refs[toBranchRef("main")] ?? root
    );
  };

  /** Ends a running job like publish, which creates the result ref only once. */
  const finish = (job: JobKey, fate: Fate): void => {
    const ref = toResultRef(job);
    const { kind, target } = readJobKey(job) ?? { kind: "work", target: "" };
    const run = state.runs.find((each) => each.name === job && each.state !== "done") ?? state.runs.find((each) => each.name === job);
    const isFailure = kind === "verify" ? fate.end !== "success" : FAILED_ENDS.has(fate.end);
    const conclusion = isFailure ? "failure" : "success";
    state.runs = state.runs.map((each) => (each.name === job ? { ...each, state: "done", conclusion } : each));
    if (state.refs[ref] !== undefined) return;
    const at = sha(["result", job]);
    if (kind === "verify" && fate.end === "success") state.green.add(target);
    state.results.set(at, {
      format: 2,
      job,
      run: run?.id ?? 0,
      baseCommit: kind === "verify" ? toVerifiedCommit({ target }) : baseOf(job),
      end: fate.end,
      reason: fate.why ?? "",
      output: fate.output ?? `output of ${job}`,
      artifact: fate.artifact ?? null,
      outcome: fate.outcome ?? null,
      answer: fate.answer ?? fate.output ?? "",
      replies: fate.replies ?? [],
      files: fate.files ?? [],
      tools: fate.tools ?? [],
      spent: 0,
      ...(fate.usage && { usage: fate.usage }),
      ...(fate.failures && { failures: fate.failures }),
      ...(fate.failure && { failure: fate.failure }),
      ...(fate.kept && { kept: fate.kept }),
    });
    state.artifacts.add(`${run?.id ?? 0} ${at}`);
    state.refs[ref] = at;
  };

  /** Ends every verify job: green for a base alone, red for any candidate. */
  const reject = (output?: string): void => {
    const base = state.refs[toBranchRef("main")];
    for (const { name, state: at } of state.runs) {
      const job = at === "done" ? null : readJobKey(name);
      if (job?.kind === "verify")
        finish(toJobKey(job), job.target === base ? { end: "success" } : { end: "failed", ...(output === undefined ? {} : { output }) });
    }
  };

  const push = (ref: RefName, what: unknown): Sha => {
    const before = state.refs[ref] ?? root;
    const to = commit([before], what, new Set([...linesOf(before), String(what)]));
    state.refs[ref] = to;
    return to;
  };

  /** Merges the entries of GitHub's merge queue, each by a squash. */
  const mergeQueued = (): void => {
    for (const [number, { kind }] of state.entries) {
      const pull = state.pulls.find((each) => each.number === number);
      if (kind !== "queued" || !pull) continue;
      mergePull(pull, { method: "rebase" });
      state.entries.set(number, { kind: "merged", commit: state.refs[toBranchRef("main")] ?? "" });
    }
  };

  return {
    world,
    state,
    mergeQueued,
    finish,
    reject,
    push,
    commit,
    linesOf,
    contains,
    root,
    running: (): JobKey[] => state.runs.filter((run) => run.state === "running").map((run) => run.name as JobKey),
  };
};
