import type { RepositoryPorts } from "../../src/coordinator/repository-loop.ts";
import { toTaskId } from "../../src/core/domain/ids.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import { mean } from "../refinery/statistics.ts";
import type { Outcome } from "../refinery/outcome.ts";
import { TIMES, type Trace } from "../refinery/trace.ts";
import { type Clock, openClock } from "./clock.ts";
import { CHECK_MS } from "./runner.ts";
import { BASE, openStage, type Stage } from "./stage.ts";
import { stepId, stepNumber } from "./truth.ts";

/** Time from a freeze to the command of a person that ends it, in checks. */
const THAW_CHECKS = 1;
/** A history is stuck if no step is published, lands or leaves for this many checks. */
const STUCK_CHECKS = 100;

type Seen = {
  ledger: Ledger | null;
  readonly ready: Map<string, number>;
  readonly landed: Map<string, number>;
  readonly ejected: Set<string>;
};
type History = {
  readonly trace: Trace;
  readonly stage: Stage;
  readonly clock: Clock;
  readonly seen: Seen;
  readonly issue: number;
  readonly from: number;
  /** Time at which a person thaws the queue; null if it is not frozen. */
  thaw: number | null;
  /** Pushes to the base that are due. */ readonly pushes: boolean[];
};

const planPushes = ({ pushes }: Trace, clock: Clock): boolean[] => {
  const due: boolean[] = [];
  for (const { at, red } of pushes) clock.plan(at * CHECK_MS, () => void due.push(red));
  return due;
};

/** Plays a trace through the real coordinator and a local GitHub in virtual time, under the rules of `simulate`. */
export const runReal = async (trace: Trace, root: string): Promise<Outcome> => {
  const seen: Seen = { ledger: null, ready: new Map(), landed: new Map(), ejected: new Set() };
  const clock = openClock();
  const landed = (): number[] => [...seen.landed.keys()].map((id) => stepNumber(id));
  const known = (): ReturnType<Parameters<typeof openStage>[0]["seen"]> => ({ ledger: seen.ledger, landed: landed() });
  const stage = await openStage({ trace, root, clock, seen: known, wrap: (world) => recordWrites(world, seen, clock) });
  try {
    const from = clock.now();
    const issue = await stage.maintainer.openIssue("Do all of it", "");
    await stage.maintainer.comment(issue, "/enki fix all of it");
    const history: History = { trace, stage, clock, seen, issue, from, thaw: null, pushes: planPushes(trace, clock) };
    // An error only ends this history.
    const stuck = await play(history).catch(String);
    await stage.runner.close();
    return outcome(history, stuck);
  } finally {
    await stage.close();
  }
};

/** Ports that record the state after each write. A landing takes time, as in the simulation. */
const recordWrites = (world: RepositoryPorts, seen: Seen, clock: Clock): RepositoryPorts => ({
  ...world,
  save: async (act, before, inputs) => {
    if (act.refMoves.some(({ ref }) => ref === toBranchRef(BASE))) clock.spend(TIMES.landing * CHECK_MS);
    const saved = await world.save(act, before, inputs);
    if (saved.kind !== "saved") return saved;
    seen.ledger = act.ledger;
    const now = clock.now();
    for (const { steps } of Object.values(act.ledger.executions))
      for (const { id, head, landed } of Object.values(steps)) {
        if (head && !seen.ready.has(id)) seen.ready.set(id, now);
        if (landed && !seen.landed.has(id)) seen.landed.set(id, now);
      }
    return saved;
  },
});

/** Plays a history to its end. Returns the reason if the history got stuck, otherwise null. */
const play = async (history: History): Promise<string | null> => {
  const { trace, stage, clock, seen, from } = history;
  let progressedAt = from;
  let known = "";
  for (;;) {
    await stage.rest();
    if (seen.landed.size === trace.scene.steps) return null;
    const state = `${seen.ready.size} ${seen.landed.size} ${seen.ejected.size}`;
    if (state !== known) [progressedAt, known] = [clock.now(), state];
    if (clock.now() > progressedAt + STUCK_CHECKS * CHECK_MS)
      return `${seen.landed.size} of ${trace.scene.steps} landed: ${stage.log.at(-1)}`;
    if (await comment(history)) continue;
    if (await stage.runner.finish()) continue;
    const red = history.pushes.shift();
    if (red !== undefined) {
      await stage.push(red);
      continue;
    }
    if (!clock.advance()) return `nothing is due, and ${seen.landed.size} of ${trace.scene.steps} landed: ${stage.log.at(-1)}`;
  }
};

/** Comments as a maintainer would: retries each failed step, and thaws a frozen queue after a while. Returns whether there was a comment. */
const comment = async (history: History): Promise<boolean> => {
  const { stage, clock, seen, issue } = history;
  if (!seen.ledger?.queues[BASE]?.frozen) history.thaw = null;
  else if (history.thaw === null) {
    history.thaw = clock.now() + THAW_CHECKS * CHECK_MS;
    // Otherwise the clock would not stop at this time.
    clock.plan(THAW_CHECKS * CHECK_MS, () => undefined);
  } else if (history.thaw <= clock.now()) {
    history.thaw = Infinity;
    await stage.maintainer.comment(issue, "/enki retry");
    return true;
  }
  const failed = Object.values(seen.ledger?.executions ?? {}).flatMap(({ id, steps, state, refusal }) => {
    if (state === "failed" && Object.keys(steps).length === 0) throw new Error(`${refusal?.code}: ${refusal?.message}`);
    return Object.values(steps).flatMap((step) => (step.state === "failed" ? [{ ...step, task: toTaskId(id, step.id) }] : []));
  });
  let commented = false;
  for (const { task, id, attempt, refusal } of failed) {
    const left = `${id} ${attempt}`;
    if (seen.ejected.has(left)) continue;
    if (refusal?.code !== "verification-failed") throw new Error(`${id} failed: ${refusal?.code}: ${refusal?.message}`);
    seen.ejected.add(left);
    await stage.maintainer.comment(issue, `/enki retry ${task}`);
    commented = true;
  }
  return commented;
};

const attemptOf = ({ ledger }: Seen, step: number): number | undefined =>
  Object.values(ledger?.executions ?? {}).flatMap(({ steps }) => steps[stepId(step)]?.attempt ?? [])[0];

const outcome = ({ trace, stage, clock, seen, from }: History, stuck: string | null): Outcome => {
  const now = clock.now();
  const ends = trace.work.map((_, step) => {
    const id = stepId(step);
    return { ready: seen.ready.get(id) ?? now, landed: seen.landed.get(id) ?? now };
  });
  const falselyEjected = [...seen.ejected].filter((left) => {
    const [id = "", attempt] = left.split(" ");
    return attempt !== "1" || (trace.bad[stepNumber(id)] !== true && trace.semantic[stepNumber(id)]?.length === 0);
  });
  return {
    makespan: Math.max(...ends.map(({ landed }) => (landed - from) / CHECK_MS)),
    turnaround: mean(ends.map(({ ready, landed }) => (landed - ready) / CHECK_MS)),
    runs: stage.runner.used() / CHECK_MS / trace.scene.steps,
    resolutions: stage.runner.resolutions(),
    merges: 0,
    falseEjections: falselyEjected.length,
    redLandings: trace.bad.filter((bad, step) => bad && seen.landed.has(stepId(step)) && attemptOf(seen, step) === 1).length,
    stuck,
  };
};
