import { decide } from "../src/core/decisions/decide.ts";
import type { Decision, Snapshot } from "../src/core/domain/decision.ts";
import type { Event } from "../src/core/domain/event.ts";
import { EMPTY_DISCUSSION } from "../src/core/domain/feedback.ts";
import { hashValue } from "../src/core/domain/ids.ts";
import { toJobKey } from "../src/core/domain/job.ts";
import { type QueryFact, type QueryFacts, type Query, toQueryKey } from "../src/core/domain/query.ts";
import { UNKNOWN_RULES } from "../src/core/domain/github-facts.ts";
import type { PlannedStep } from "../src/core/domain/plan.ts";
import { toBranchRef } from "../src/core/domain/refs.ts";
import { emptyLedger } from "../src/core/domain/ledger.ts";
import { brief, comment, plan, step } from "../test/support/build.ts";
import { config } from "../test/support/config.ts";

/** Numbers of steps in the measured graphs. */
const SIZES = [100, 1_000, 10_000];
const RUNS = 15;

const sha = (value: unknown): string => hashValue(value).slice(0, 40);

const CONFIG = config({ plan: { approval: "always", maxSteps: 20_000 } });

/** Answers the queries of a decision: the commenter is a maintainer, and all commits merge. */
const answer = (query: Query): QueryFact => {
  switch (query.kind) {
    case "permission":
      return { kind: "permission", query, answer: "write" };
    case "brief":
      return { kind: "brief", query, answer: { kind: "read", brief: brief({ issue: query.issue, asOf: query.asOf }) } };
    case "work":
      return { kind: "work", query, answer: { kind: "commit", commit: sha(query) } };
    case "rebase-commits":
      return { kind: "rebase-commits", query, answer: { kind: "commit", commit: sha(query) } };
    case "history":
      return { kind: "history", query, answer: {} };
    case "landed-archive":
      return { kind: "landed-archive", query, answer: [] };
    case "tampering":
      return { kind: "tampering", query, answer: [] };
    case "trial":
      return { kind: "trial", query, answer: { kind: "unchanged" } };
    case "newest-base":
      return { kind: "newest-base", query, answer: query.tip };
    case "merge-chain":
      return {
        kind: "merge-chain",
        query,
        answer: query.merges.map((merge) => ({ kind: "merged", commit: sha(merge), tree: sha([merge]) })),
      };
    case "conflicts":
      return { kind: "conflicts", query, answer: [] };
    case "resolution":
      return { kind: "resolution", query, answer: { kind: "commit", commit: sha(query) } };
    case "comment":
      return { kind: "comment", query, answer: null };
    case "pushers":
      return { kind: "pushers", query, answer: null };
    case "reviews":
      return { kind: "reviews", query, answer: [] };
    case "feedback":
      return { kind: "feedback", query, answer: EMPTY_DISCUSSION };
    case "pulls":
      return { kind: "pulls", query, answer: [] };
    case "landing-revert":
      return { kind: "landing-revert", query, answer: { kind: "commit", commit: sha(query), parent: query.onto } };
    case "pull-head":
      return { kind: "pull-head", query, answer: null };
    case "runs":
      return { kind: "runs", query, answer: [] };
    case "run":
      return { kind: "run", query, answer: "missing" };
    case "result-files":
      return { kind: "result-files", query, answer: null };
    case "result-artifact":
      return { kind: "result-artifact", query, answer: { id: 1, run: query.run, branch: null, commit: null } };
    case "archived":
      return { kind: "archived", query, answer: null };
    case "contains":
      return { kind: "contains", query, answer: query.tip !== sha("root") };
    case "merge-of":
      return { kind: "merge-of", query, answer: null };
    case "revert":
      return { kind: "revert", query, answer: null };
    case "rules":
      return { kind: "rules", query, answer: UNKNOWN_RULES };
    case "merge-methods":
      return { kind: "merge-methods", query, answer: null };
    case "workflow-files":
      return { kind: "workflow-files", query, answer: [] };
    case "queue-entry":
      return { kind: "queue-entry", query, answer: { kind: "unknown" } };
    case "reattach":
      return { kind: "reattach", query, answer: { kind: "commit", commit: query.head } };
    case "checks":
      return { kind: "checks", query, answer: [] };
    case "backlog":
      return { kind: "backlog", query, answer: [] };
  }
};

type Act = Extract<Decision, { kind: "act" }>;

/** Repeats a decision with the answers to its queries until it acts. */
const decideWithFacts = (events: readonly Event[], snapshot: Snapshot): { act: Act; facts: QueryFacts } => {
  const facts = new Map<string, QueryFact>();
  for (;;) {
    const decision = decide(events, { ...snapshot, facts });
    if (decision.kind === "act") return { act: decision, facts };
    for (const query of decision.queries) facts.set(toQueryKey(query), answer(query));
  }
};

const start: Snapshot = {
  now: 1_000_000,
  graceMs: 0,
  botLogin: "enki[bot]",
  defaultBranch: "main",
  config: CONFIG,
  ledger: emptyLedger,
  refs: { [toBranchRef("main")]: sha("root") },
  facts: new Map(),
};

const createResult = (target: string, steps: readonly PlannedStep[] | null): Event => {
  const commit = sha(["result", target]);
  const result = {
    format: 2,
    job: toJobKey({ kind: steps ? "plan" : "work", target, attempt: 1 }),
    run: 1,
    baseCommit: sha("root"),
    end: steps ? "success" : "unchanged",
    reason: "",
    output: "what it did",
    artifact: null,
    outcome: null,
    answer: "",
    replies: [],
    files: [],
    tools: steps ? [{ kind: "propose" as const, plan: { steps } }] : [],
    spent: 0,
  } as const;
  return { kind: "resulted", id: `result:${commit}`, commit, result };
};

/** A plan in layers of ten steps, each of which needs two steps of the previous layer. */
const layered = (size: number): readonly PlannedStep[] =>
  plan(
    ...Array.from({ length: size }, (_, at) => {
      const before = Math.floor(at / 10) * 10 - 10;
      const needs = before < 0 ? [] : [`s${before + (at % 10)}`, `s${before + ((at + 1) % 10)}`];
      return step(`s${at}`, { needs });
    }),
  ).steps;

const applyAct = (snapshot: Snapshot, { act }: { act: Act }): Snapshot => ({ ...snapshot, now: snapshot.now + 60_000, ledger: act.ledger });

type Measured = { readonly median: number; readonly least: number };

/** The median and the shortest time of a decision with known facts, in milliseconds, after a warm-up. */
const measure = (events: readonly Event[], snapshot: Snapshot): Measured => {
  const { facts } = decideWithFacts(events, snapshot);
  const call = (): Decision => decide(events, { ...snapshot, facts });
  for (let warmUp = 0; warmUp < 5; warmUp += 1) call();
  const times = Array.from({ length: RUNS }, () => {
    const from = process.hrtime.bigint();
    call();
    return Number(process.hrtime.bigint() - from) / 1e6;
  });
  times.sort((a, b) => a - b);
  const [median = 0, least = 0] = [times[Math.floor(RUNS / 2)], times[0]].map((time) => Math.round((time ?? 0) * 100) / 100);
  return { median, least };
};

const bench = (size: number) => {
  const asked = applyAct(start, decideWithFacts([comment(1, { kind: "do", text: "x" })], start));
  const [id = ""] = Object.keys(asked.ledger.executions);
  const proposing = [createResult(id, layered(size))];
  const propose = measure(proposing, asked);
  const proposed = applyAct(asked, decideWithFacts(proposing, asked));
  const approving = [comment(2, { kind: "approve-plan", plan: proposed.ledger.executions[id]?.plan ?? "" })];
  const approve = measure(approving, proposed);
  let running = applyAct(proposed, decideWithFacts(approving, proposed));
  // Half of the steps are done.
  const half = Math.floor(size / 2);
  const done = { ...running.ledger.executions[id], steps: { ...running.ledger.executions[id]?.steps } };
  for (let at = 0; at < half; at += 1) {
    const before = done.steps[`s${at}`];
    if (before) done.steps[`s${at}`] = { ...before, state: "done", output: "what it did", refusal: null, resumeAs: null, deadline: null };
  }
  running = { ...running, ledger: { ...running.ledger, executions: { ...running.ledger.executions, [id]: done as never } } };
  running = applyAct(running, decideWithFacts([], running));
  const wake = measure([], running);
  const working = Object.values(running.ledger.executions[id]?.steps ?? {}).find(({ state }) => state === "running");
  const ending = [createResult(`${id}-${working?.id ?? ""}`, null)];
  const result = measure(ending, running);
  const pausing = [comment(3, { kind: "pause", target: null })];
  const pause = measure(pausing, running);
  return { steps: size, propose, approve, wake, result, pause };
};

const rows = SIZES.map((size) => bench(size));
console.log(JSON.stringify({ bench: "decide", unit: "ms", runs: RUNS, rows }));
const cell = (value: number | Measured): number | string => (typeof value === "number" ? value : `${value.median} (${value.least})`);
console.log("median (least) of milliseconds");
console.table(rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cell(value)]))));
