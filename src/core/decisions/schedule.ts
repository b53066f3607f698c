import type { Config } from "../domain/config.ts";
import type { ExecutionId, Millis, StepId } from "../domain/ids.ts";
import { type Tier, TIERS } from "../domain/plan.ts";

export type StartableWork = {
  readonly execution: ExecutionId;
  readonly createdAt: Millis;
  readonly step: StepId | null;
  readonly tier: Tier;
  /** Higher ranks start first; absent for 0. */
  readonly rank?: number;
};

export type WorkLoad = {
  readonly total: number;
  readonly tiers: Readonly<Record<Tier, number>>;
  readonly byExecution: ReadonlyMap<ExecutionId, number>;
};

/**
 * The work that may start now, in order: within the limits in total and per tier, by rank, then fair between executions (fewest running jobs first), then
 * oldest first. A full tier is passed over, so that work of other tiers behind it starts.
 */
export const scheduleWork = (ready: readonly StartableWork[], load: WorkLoad, limits: Config["workers"]): StartableWork[] => {
  const running = { total: load.total, tiers: { ...load.tiers } };
  const lanes = createExecutionLanes(
    ready.toSorted((a, b) => toRank(b) - toRank(a)),
    load,
  );
  const started: StartableWork[] = [];
  while (running.total < limits.total) {
    const next = chooseNextStart(lanes, (tier) => running.tiers[tier] < limits.tiers[tier]);
    if (!next) break;
    next.line.shift();
    next.lane.running += 1;
    running.total += 1;
    running.tiers[next.first.tier] += 1;
    started.push(next.first);
  }
  return started;
};

/** The waiting work in a tier of an execution, first come, first served. */
type WaitingLine = { readonly first: () => WaitingWork | undefined; readonly shift: () => void };
type WaitingWork = StartableWork & { readonly place: number };
type ExecutionLane = { running: number; readonly createdAt: Millis; readonly lines: Readonly<Record<Tier, WaitingLine>> };

const createLine = (waiting: readonly WaitingWork[]): WaitingLine => {
  let at = 0;
  return { first: () => waiting[at], shift: () => void (at += 1) };
};

const createExecutionLanes = (ready: readonly StartableWork[], load: WorkLoad): ExecutionLane[] => {
  const waiting = new Map<ExecutionId, Record<Tier, WaitingWork[]>>();
  for (const [place, each] of ready.entries()) {
    const lane = waiting.get(each.execution) ?? { light: [], standard: [], heavy: [] };
    waiting.set(each.execution, lane);
    lane[each.tier].push({ ...each, place });
  }
  return [...waiting].map(([id, { light, standard, heavy }]) => ({
    running: load.byExecution.get(id) ?? 0,
    createdAt: (light[0] ?? standard[0] ?? heavy[0])?.createdAt ?? 0,
    lines: { light: createLine(light), standard: createLine(standard), heavy: createLine(heavy) },
  }));
};

type NextStart = { readonly lane: ExecutionLane; readonly line: WaitingLine; readonly first: WaitingWork };

/** The next work to start: in the fairest lane, the first whose tier has room. */
const chooseNextStart = (lanes: readonly ExecutionLane[], fits: (tier: Tier) => boolean): NextStart | null => {
  const open = TIERS.filter((tier) => fits(tier));
  let best: NextStart | null = null;
  for (const lane of lanes) {
    const next = findFirstFit(lane, open);
    if (next && (best === null || isBetterStart(next, best))) best = next;
  }
  return best;
};

const findFirstFit = (lane: ExecutionLane, open: readonly Tier[]): NextStart | null => {
  let best: NextStart | null = null;
  for (const tier of open) {
    const line = lane.lines[tier];
    const first = line.first();
    if (first && (best === null || first.place < best.first.place)) best = { lane, line, first };
  }
  return best;
};

const toRank = ({ rank = 0 }: StartableWork): number => rank;

const isBetterStart = (a: NextStart, b: NextStart): boolean =>
  toRank(a.first) === toRank(b.first) ? isFairerLane(a.lane, b.lane) : toRank(a.first) > toRank(b.first);

const isFairerLane = (a: ExecutionLane, b: ExecutionLane): boolean =>
  a.running < b.running || (a.running === b.running && a.createdAt < b.createdAt);
