import type { Config } from "../model/config.ts";
import type { ExecutionId, Millis, StepId } from "../model/ids.ts";
import type { Tier } from "../model/plan.ts";

export type Startable = { readonly execution: ExecutionId; readonly created: Millis; readonly step: StepId | null; readonly tier: Tier };

export type Load = {
  readonly total: number;
  readonly tiers: Readonly<Record<Tier, number>>;
  readonly byExecution: ReadonlyMap<ExecutionId, number>;
};

/**
 * What may start now, in order: within the limits in total and by tier, fair between executions (the one with the least running first),
 * oldest first among equals. A full tier is passed over, so that a lighter step behind it starts.
 */
export const schedule = (ready: readonly Startable[], load: Load, limits: Config["workers"]): Startable[] => {
  const running = { total: load.total, tiers: { ...load.tiers } };
  const lanes = toLanes(ready, load);
  const started: Startable[] = [];
  while (running.total < limits.total) {
    const lane = nextLane(lanes, (tier) => running.tiers[tier] < limits.tiers[tier]);
    const next = lane?.waiting.shift();
    if (!lane || !next) break;
    lane.running += 1;
    running.total += 1;
    running.tiers[next.tier] += 1;
    started.push(next);
  }
  return started;
};

type Lane = { running: number; readonly created: Millis; readonly waiting: Startable[] };

const toLanes = (ready: readonly Startable[], load: Load): Lane[] => {
  const lanes = new Map<ExecutionId, Lane>();
  for (const each of ready) {
    const lane = lanes.get(each.execution) ?? { running: load.byExecution.get(each.execution) ?? 0, created: each.created, waiting: [] };
    lanes.set(each.execution, lane);
    lane.waiting.push(each);
  }
  return [...lanes.values()];
};

/** The fairest lane whose next startable step fits; that step is moved to its front. */
const nextLane = (lanes: readonly Lane[], fits: (tier: Tier) => boolean): Lane | null => {
  let best: Lane | null = null;
  for (const lane of lanes) {
    const at = lane.waiting.findIndex((each) => fits(each.tier));
    if (at < 0) continue;
    if (at > 0) lane.waiting.unshift(...lane.waiting.splice(at, 1));
    if (best === null || lane.running < best.running || (lane.running === best.running && lane.created < best.created)) best = lane;
  }
  return best;
};
