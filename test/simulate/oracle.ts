import { isDeepStrictEqual } from "node:util";
import { replayDecision } from "../../src/coordinator/replay-decision.ts";
import { NO_BUDGET } from "../../src/core/domain/budget.ts";
import { findBudgetCap, sumCharges, sumDayCharges } from "../../src/core/domain/execution-charges.ts";
import { hasEnded, type Execution } from "../../src/core/domain/execution.ts";
import { isStepLanded, type LandedCommit } from "./landed-commit.ts";
import { readTaskId, type RefName, type Sha } from "../../src/core/domain/ids.ts";
import { emptyLedger } from "../../src/core/domain/ledger.ts";
import { listNeededSteps, type Plan } from "../../src/core/domain/plan.ts";
import { LEDGER_REF, readTaskRef, toBranchRef } from "../../src/core/domain/refs.ts";
import { readLandingTrailers } from "../../src/core/messages/commit-messages.ts";
import { type CommitLinks, readCommitLinks } from "../../src/storage/git/commit-object.ts";
import { openObjectFiles } from "../../src/storage/git/object-files.ts";
import { listRefFiles } from "../../src/storage/git/ref-files.ts";
import type { SavedWrite } from "./coordinators.ts";
import { BUDGET, type Shape } from "./shape.ts";

/** The invariants, by the name in a violation. */
const INVARIANTS = [
  "tested = landed",
  "gate",
  "order",
  "once",
  "ledger",
  "budget",
  "cancelled lands nothing",
  "no merge without landing",
  "people's commits",
  "replay",
  "one of each",
  "liveness",
] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** An invariant that no longer holds. */
export class Violation extends Error {
  readonly invariant: Invariant;
  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

export type OracleOptions = {
  readonly bare: string;
  readonly log: (line: string) => void;
  readonly now: () => number;
  /** The oracle decides each `replayEvery`-th write again. */ readonly replayEvery: number;
  readonly plan: Plan;
  readonly shape: Shape;
  /** Ends the history only with a violation of this invariant; with any violation if null. */
  readonly awaited: Invariant | null;
};

const MAIN = toBranchRef("main");

/** Opens an observer that sees every move of a ref and every write of the ledger, remembers people's acts, and reports violations. */
export const openOracle = ({ bare, log, now, replayEvery, plan, shape, awaited }: OracleOptions) => {
  const objects = openObjectFiles(bare);
  const state = {
    ledger: emptyLedger,
    refs: new Map<RefName, Sha>(),
    greenTrees: new Set<Sha>(),
    approved: new Set<Sha>(),
    landed: new Map<string, Sha>(),
    pushedByPeople: new Map<Sha, RefName>(),
    rewinding: new Set<RefName>(),
    /** `<ref> <commit>` of branches that people moved back. */
    rewoundTo: new Set<string>(),
    mergedByPeople: new Set<Sha>(),
    saves: 0,
    landings: 0,
    violations: [] as Violation[],
  };
  const violate = (invariant: Invariant, what: string): void => {
    state.violations.push(new Violation(invariant, what));
  };
  const known = new Map<Sha, CommitLinks>();
  const linksOf = (commit: Sha): CommitLinks | null => {
    const links = known.get(commit) ?? readCommitLinks(objects, commit);
    if (links) known.set(commit, links);
    return links;
  };
  const messageOf = (commit: Sha): string => {
    const text = objects.read(commit)?.content.toString("utf8") ?? "";
    return text.slice(text.indexOf("\n\n") + 2);
  };
  const contains = (commit: Sha, tip: Sha | undefined): boolean => {
    const stack = tip === undefined ? [] : [tip];
    const seen = new Set<Sha>();
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (at === commit) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      stack.push(...(linksOf(at)?.parents ?? []));
    }
    return false;
  };
  const firstParents = (from: Sha, to: Sha): LandedCommit[] => {
    const line: LandedCommit[] = [];
    for (let at: Sha | undefined = to; at !== undefined && at !== from; at = linksOf(at)?.parents[0]) {
      if (line.length > 200) return [];
      line.unshift({ commit: at, tree: linksOf(at)?.tree ?? "", trailers: readLandingTrailers(messageOf(at)) });
    }
    return line;
  };

  const judgeLanding = ({ commit, trailers }: LandedCommit): void => {
    const task = trailers === null ? null : readTaskId(trailers.task);
    const execution = task && state.ledger.executions[task.execution];
    if (!trailers || !task || !execution) return;
    const before = state.landed.get(trailers.task);
    if (before !== undefined && contains(before, state.refs.get(MAIN)))
      violate("once", `${trailers.task} landed as ${before.slice(0, 8)} and again as ${commit.slice(0, 8)}`);
    state.landed.set(trailers.task, commit);
    state.landings += 1;
    if (execution.state === "cancelled") violate("cancelled lands nothing", `${trailers.task} landed although its execution was cancelled`);
    const step = execution.steps[task.step];
    if (step?.state === "cancelled" || step?.state === "skipped")
      violate("cancelled lands nothing", `${trailers.task} landed although the step was ${step.state}`);
    // The history's own plan is used, because a fault may have changed the ledger's plan.
    const planned = plan.steps.find(({ id }) => id === task.step);
    if (planned?.checkpoint && !state.approved.has(trailers.head))
      violate("gate", `${trailers.task} landed at ${trailers.head.slice(0, 8)}, which nobody approved`);
    for (const need of planned ? listNeededSteps(planned) : []) {
      const needed = execution.steps[need];
      if (needed && !isStepLanded(needed, (task_) => state.landed.has(task_), `${task.execution}-${need}`))
        violate("order", `${trailers.task} landed before ${need}, which is ${needed.state}`);
    }
  };

  const judgeBase = (from: Sha, to: Sha, isEnki: boolean): void => {
    if (!contains(from, to)) {
      if (isEnki) violate("people's commits", `Enki moved the base from ${from.slice(0, 8)} to ${to.slice(0, 8)}, which lost commits`);
      for (const commit of state.pushedByPeople.keys()) if (!contains(commit, to)) state.pushedByPeople.delete(commit);
      return;
    }
    const line = firstParents(from, to);
    if (
      isEnki &&
      !state.greenTrees.has(linksOf(to)?.tree ?? "") &&
      !line.some(({ trailers }) => trailers === null && state.ledger.queues["main"]?.incident)
    )
      violate("tested = landed", `the base moved to ${to.slice(0, 8)}, whose files no verify job found good`);
    for (const each of line) judgeLanding(each);
  };

  /** A person's commit must stay on its branch until the base contains it. */
  const judgePeople = (): void => {
    const main = state.refs.get(MAIN);
    for (const [commit, ref] of state.pushedByPeople) {
      if (contains(commit, main)) continue;
      if (ref === MAIN) {
        violate("people's commits", `the base lost ${commit.slice(0, 8)}`);
        continue;
      }
      const task = readTaskRef(ref);
      const named = task === null ? null : readTaskId(task);
      const step = named ? state.ledger.executions[named.execution]?.steps[named.step] : undefined;
      const isKept = [...state.refs].some(([name, tip]) => !name.startsWith("refs/pull/") && contains(commit, tip));
      if (!isKept && step && step.landed === null && step.state !== "cancelled")
        violate("people's commits", `${ref} lost ${commit.slice(0, 8)} while ${step.id} was ${step.state}`);
    }
  };

  const seen = (isEnki: boolean): void => {
    const refs = listRefFiles(bare, ["refs"]);
    let isMoved = false;
    const before = state.refs;
    state.refs = refs;
    for (const [ref, to] of refs) {
      const from = before.get(ref);
      if (from === to) continue;
      isMoved = true;
      if (ref === LEDGER_REF && from !== undefined && linksOf(to)?.parents[0] !== from)
        violate("ledger", `the ledger moved to ${to.slice(0, 8)}, which does not continue ${from.slice(0, 8)}`);
      if (ref === MAIN || ref === LEDGER_REF) log(`    ${ref} is ${to.slice(0, 12)}`);
      if (ref === MAIN && from !== undefined) judgeBase(from, to, isEnki);
    }
    for (const ref of before.keys()) {
      if (refs.has(ref)) continue;
      isMoved = true;
      if (ref === LEDGER_REF || ref === MAIN) violate("ledger", `${ref} was deleted`);
    }
    if (!isMoved) return;
    for (const ref of state.rewinding) for (const [commit, on] of state.pushedByPeople) if (on === ref) state.pushedByPeople.delete(commit);
    state.rewinding.clear();
    judgePeople();
  };

  const judgeExecution = (before: Execution | undefined, after: Execution, write: SavedWrite): void => {
    for (const step of Object.values(before?.steps ?? {})) {
      const next = after.steps[step.id];
      if (step.landed && !next?.landed) violate("ledger", `the ledger forgot that ${step.id} landed`);
    }
    const config = shape.hasBudget ? BUDGET : NO_BUDGET;
    const isStarting = Object.keys(after.charges ?? {}).some((job) => before?.charges && !(job in before.charges));
    const cap = findBudgetCap(after, config);
    if (isStarting && cap !== null && sumCharges(after) > cap)
      violate("budget", `${after.id} may cost ${cap} and is charged ${sumCharges(after)}`);
    const executions = Object.values(write.act.ledger.executions);
    if (isStarting && config.day !== null && sumDayCharges(executions, now()) > config.day)
      violate("budget", `the day's budget is exceeded`);
  };

  return {
    state,
    seen,
    contains,
    saved: (write: SavedWrite): void => {
      const { act, before, inputs } = write;
      state.saves += 1;
      for (const [id, execution] of Object.entries(before.ledger.executions)) {
        const after = act.ledger.executions[id];
        if (after) judgeExecution(execution, after, write);
        else if (!hasEnded(execution)) violate("ledger", `the ledger lost ${id}, which was ${execution.state}`);
      }
      if (state.saves % replayEvery === 0) {
        const again = replayDecision(before.ledger, JSON.parse(JSON.stringify(inputs)));
        if (again === null || !isDeepStrictEqual(JSON.parse(JSON.stringify(again)), JSON.parse(JSON.stringify(act.ledger))))
          violate("replay", `the write '${act.notes.join("; ")}' cannot be decided again`);
      }
      state.ledger = act.ledger;
    },
    verified: (commit: Sha): void => void state.greenTrees.add(linksOf(commit)?.tree ?? commit),
    approved: (head: Sha): void => void state.approved.add(head),
    willPush: (ref: RefName, commit: Sha): void => void state.pushedByPeople.set(commit, ref),
    refusedPush: (commit: Sha): void => void state.pushedByPeople.delete(commit),
    /** `to`: the earlier commit, unless the branch is deleted. */
    willRewind: (ref: RefName, to?: Sha): void => {
      state.rewinding.add(ref);
      if (to !== undefined) state.rewoundTo.add(`${ref} ${to}`);
    },
    /** Whether GitHub may call a pull request merged without a landing. A person merged it, or reset its branch to a commit of the base. */
    isMergedByPeople: (ref: RefName, head: Sha): boolean =>
      state.mergedByPeople.has(head) || (state.rewoundTo.has(`${ref} ${head}`) && !state.landed.has(readTaskRef(ref) ?? "")),
    willMerge: (_branch: string, head: Sha): void => void state.mergedByPeople.add(head),
    violate,
    check: (): void => {
      const first = state.violations.find(({ invariant }) => awaited === null || invariant === awaited);
      if (first) throw first;
    },
  };
};
export type Oracle = ReturnType<typeof openOracle>;
