import type { Config } from "../domain/config.ts";
import type { ExecutionId, Millis, StepId } from "../domain/ids.ts";
import { type Tier, TIERS } from "../domain/plan.ts";

export type Startable = { readonly execution: ExecutionId; readonly created: Millis; readonly step: StepId | null; readonly tier: Tier };

export type Load = {
  readonly total: number;
  readonly tiers: Readonly<Record<Tier, number>>;
  readonly byExecution: ReadonlyMap<ExecutionId, number>;
};

/**
 * The work that may start now, in order: within the limits in total and per tier, fair between executions (fewest running jobs first), then
 * oldest first. A full tier is passed over, so that work of other tiers behind it starts.
 */
export const schedule = (ready: readonly Startable[], load: Load, limits: Config["workers"]): Startable[] => {
  const running = { total: load.total, tiers: { ...load.tiers } };
  const lanes = toLanes(ready, load);
  const started: Startable[] = [];
  while (running.total < limits.total) {
    const next = nextOf(lanes, (tier) => running.tiers[tier] < limits.tiers[tier]);
    if (!next) break;
    next.line.shift();
    next.lane.running += 1;
    running.total += 1;
    running.tiers[next.first.tier] += 1;
    started.push(next.first);
  }
  return started;
};

/** The waiting work in one tier of one execution, first come, first served. */
type Line = { readonly first: () => Waiting | undefined; readonly shift: () => void };
type Waiting = Startable & { readonly place: number };
type Lane = { running: number; readonly created: Millis; readonly lines: Readonly<Record<Tier, Line>> };

const toLine = (waiting: readonly Waiting[]): Line => {
  let at = 0;
  return { first: () => waiting[at], shift: () => void (at += 1) };
};

const toLanes = (ready: readonly Startable[], load: Load): Lane[] => {
  const waiting = new Map<ExecutionId, Record<Tier, Waiting[]>>();
  for (const [place, each] of ready.entries()) {
    const lane = waiting.get(each.execution) ?? { light: [], standard: [], heavy: [] };
    waiting.set(each.execution, lane);
    lane[each.tier].push({ ...each, place });
  }
  return [...waiting].map(([id, { light, standard, heavy }]) => ({
    running: load.byExecution.get(id) ?? 0,
    created: (light[0] ?? standard[0] ?? heavy[0])?.created ?? 0,
    lines: { light: toLine(light), standard: toLine(standard), heavy: toLine(heavy) },
  }));
};

type Next = { readonly lane: Lane; readonly line: Line; readonly first: Waiting };

/** The next work to start: in the fairest lane, the first whose tier has room. */
const nextOf = (lanes: readonly Lane[], fits: (tier: Tier) => boolean): Next | null => {
  const open = TIERS.filter((tier) => fits(tier));
  let best: Next | null = null;
  for (const lane of lanes) {
    const next = firstOf(lane, open);
    if (next && (best === null || isFairer(lane, best.lane))) best = next;
  }
  return best;
};

const firstOf = (lane: Lane, open: readonly Tier[]): Next | null => {
  let best: Next | null = null;
  for (const tier of open) {
    const line = lane.lines[tier];
    const first = line.first();
    if (first && (best === null || first.place < best.first.place)) best = { lane, line, first };
  }
  return best;
};

const isFairer = (a: Lane, b: Lane): boolean => a.running < b.running || (a.running === b.running && a.created < b.created);
