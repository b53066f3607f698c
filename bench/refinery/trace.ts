import { draw, FOR } from "./random.ts";
import { hasStep, noSteps, type Steps, union, withStep } from "./steps.ts";

/** Durations, in units of one verify run. */
export const TIMES = { check: 1, fix: 1, merger: 0.7, landing: 0.01 } as const;

type Shape = "flat" | "layered" | "chain" | "random";

/** A cell of the grid: everything that determines a trace except the seed. */
export type Scene = {
  readonly shape: Shape;
  /** Whether work on a step starts once its needs have landed, or as soon as they have a head. */
  readonly start: "landed" | "ready";
  readonly steps: number;
  /** Mean duration of work, which varies between 0.5 and 1.5 times this; 0: all steps are ready at once. */
  readonly work: number;
  /** P(a step is bad). */ readonly bad: number;
  /** P(a run of good steps is red). */ readonly flakes: number;
  /** P(two steps cannot be merged with each other). */ readonly textual: number;
  /** P(two good steps are red together). */ readonly semantic: number;
  readonly slots: number;
  /** Share of the steps that change the same file; absent if none do. */
  readonly hot?: number;
  /** Mean time between two pushes of people to the base; absent without pushes. */
  readonly pushEvery?: number;
  /** Duration of an outage from {@link OUTAGE_START}; absent without an outage. */
  readonly outage?: number;
  /** Number of runners; other runs wait. Absent if there are as many runners as slots. */
  readonly runners?: number;
  /** Share of the steps that are urgent; absent if none are. */
  readonly urgent?: number;
  /** Distribution of run times; a run takes as long as its slowest step. Absent if all runs take {@link TIMES.check}. */
  readonly tails?: "bimodal" | "lognormal";
  /** The fault of the second of two lanes, each with half of the steps: bad or slow steps. Absent without lanes. */
  readonly lanes?: "red" | "slow";
  /** Whether the first red result of a resolved head counts against its resolution, as in the coordinator; absent if it counts against the step. */
  readonly suspectsResolutions?: true;
  /** Duration of a red base from {@link OUTAGE_START}, between two pushes of a person; absent if the base is never red. */
  readonly redBase?: number;
};

/** Start of an outage, and the odds that a run in an outage is red. */
export const OUTAGE_START = 3;
export const OUTAGE_RED = 0.95;

/** A person's push, and whether the base is red afterwards. */
type Push = { readonly at: number; readonly red: boolean };

/** Verify run of a step: its duration, its kind, and the usual duration of this kind. */
type StepCheck = { readonly kind: string; readonly usual: number; readonly time: number };

/** The facts of a history, which do not depend on the policy. */
export type Trace = {
  readonly scene: Scene;
  readonly seed: number;
  readonly needs: readonly (readonly number[])[];
  readonly work: readonly number[];
  readonly bad: readonly boolean[];
  /** The conflicting steps of each step. A step never conflicts with the steps on which it was built. */
  readonly textual: readonly (readonly number[])[];
  /** Steps that change the same file. */
  readonly hot: readonly boolean[];
  readonly semantic: readonly (readonly number[])[];
  readonly urgent: readonly boolean[];
  /** Verify run of each step; absent if all runs take the same time. */
  readonly checks?: readonly StepCheck[];
  /** The lane of each step; absent without lanes. */
  readonly lanes?: readonly Lane[];
  /** Pushes of a person to the base, in order. */
  readonly pushes: readonly Push[];
};

/** A part of a repository. */
type Lane = "calm" | "troubled";

/** The share of bad steps, and the times of runs, in a troubled lane. */
const TROUBLE = { bad: 0.4, fast: 0.5, slow: 3 } as const;

const LAYERS = 4;
/** Time during which people push. With endless pushes, no policy could land a step whose run takes longer than the pauses. */
const PUSHING = 24;

export const trace = (scene: Scene, seed: number): Trace => {
  const { steps, work, bad } = scene;
  const each = <T>(of: (step: number) => T): T[] => Array.from({ length: steps }, (_, step) => of(step));
  const needs = each((step) => needsOf(scene, seed, step));
  const above = ancestors(needs);
  const hot = hotSteps(scene, seed);
  const lanes = scene.lanes && each((step): Lane => (draw(seed, FOR.lane, step) < 0.5 ? "calm" : "troubled"));
  const badIn = (step: number): number => (scene.lanes === "red" && lanes?.[step] === "troubled" ? TROUBLE.bad : bad);
  return {
    scene,
    seed,
    needs,
    work: each((step) => work * (0.5 + draw(seed, FOR.work, step))),
    bad: each((step) => draw(seed, FOR.bad, step) < badIn(step)),
    textual: pairs(above, (a, b) => (hot[a] && hot[b]) || draw(seed, FOR.textual, a, b) < scene.textual),
    hot,
    urgent: each((step) => draw(seed, FOR.urgent, step) < (scene.urgent ?? 0)),
    ...(lanes && { lanes }),
    ...(lanes && scene.lanes === "slow" && { checks: lanes.map((lane): StepCheck => checkIn(lane)) }),
    ...(scene.tails && { checks: each((step) => checkOf(scene, seed, step)) }),
    semantic: pairs(above, (a, b) => draw(seed, FOR.semantic, a, b) < scene.semantic),
    pushes: [...pushTimes(scene, seed).map((at) => ({ at, red: false })), ...redPushes(scene)],
  };
};

/** Draws a share of the steps without replacement. */
const hotSteps = ({ hot = 0, steps }: Scene, seed: number): boolean[] => {
  const order = Array.from({ length: steps }, (_, step) => step).sort((a, b) => draw(seed, FOR.hot, a) - draw(seed, FOR.hot, b));
  const chosen = new Set(order.slice(0, Math.round(hot * steps)));
  return order.map((_, step) => chosen.has(step));
};

/** One step in ten runs slow tests, which take eleven times as long as the others. The mean duration is one run. */
const BIMODAL = { share: 0.1, fast: 0.5, slow: 5.5 } as const;
/** Folders with tests of different duration. */
const FOLDERS = 8;
/** Two runs of the same tests differ by up to this share. */
const NOISE = 0.2;

const checkOf = ({ tails }: Scene, seed: number, step: number): StepCheck => {
  const noise = (nth: number): number => 1 + NOISE * (2 * draw(seed, FOR.check, step, nth) - 1);
  const check = (kind: string, usual: number): StepCheck => ({ kind, usual, time: usual * noise(1) });
  if (tails === "bimodal") {
    const kind = draw(seed, FOR.check, step) < BIMODAL.share ? "slow" : "fast";
    return check(kind, BIMODAL[kind]);
  }
  const folder = Math.floor(draw(seed, FOR.check, step) * FOLDERS);
  const uniform = (nth: number): number => draw(seed, FOR.folder, folder, nth);
  const normal = Math.sqrt(-2 * Math.log(1 - uniform(1))) * Math.cos(2 * Math.PI * uniform(2));
  return check(`folder ${folder}`, Math.exp(normal - 0.5));
};

const checkIn = (lane: Lane): StepCheck => {
  const time = lane === "calm" ? TROUBLE.fast : TROUBLE.slow;
  return { kind: lane, usual: time, time };
};

const redPushes = ({ redBase }: Scene): Push[] =>
  redBase === undefined
    ? []
    : [
        { at: OUTAGE_START, red: true },
        { at: OUTAGE_START + redBase, red: false },
      ];

/** A Poisson process. */
const pushTimes = ({ pushEvery }: Scene, seed: number): number[] => {
  const times: number[] = [];
  if (pushEvery === undefined) return times;
  for (let [at, nth] = [0, 0]; ; nth += 1) {
    at -= pushEvery * Math.log(1 - draw(seed, FOR.push, nth));
    if (at > PUSHING) return times;
    times.push(at);
  }
};

/** The needs of a step have lower numbers. */
const needsOf = ({ shape, steps }: Scene, seed: number, step: number): number[] => {
  switch (shape) {
    case "flat":
      return [];
    case "chain":
      return step === 0 ? [] : [step - 1];
    case "layered": {
      const width = Math.ceil(steps / LAYERS);
      const from = (Math.floor(step / width) - 1) * width;
      return from < 0 ? [] : some(seed, step, { from, size: width });
    }
    case "random":
      return step === 0 || draw(seed, FOR.needs, step, 2) < 0.3 ? [] : some(seed, step, { from: 0, size: step });
  }
};

/** One or two numbers of a range. */
const some = (seed: number, step: number, { from, size }: { from: number; size: number }): number[] => {
  const pick = (nth: number): number => from + Math.floor(draw(seed, FOR.need, step, nth) * size);
  return draw(seed, FOR.needs, step, 1) < 0.5 ? [pick(0)] : [...new Set([pick(0), pick(1)])];
};

const ancestors = (needs: readonly (readonly number[])[]): Steps[] => {
  const above: Steps[] = [];
  for (const needed of needs) {
    let all = noSteps(needs.length);
    for (const need of needed) all = withStep(union(all, above[need] ?? all), need);
    above.push(all);
  }
  return above;
};

const pairs = (above: readonly Steps[], conflict: (a: number, b: number) => boolean): number[][] => {
  const partners: number[][] = above.map(() => []);
  for (const [b, before] of above.entries()) {
    for (let a = 0; a < b; a += 1) {
      if (hasStep(before, a) || !conflict(a, b)) continue;
      partners[a]?.push(b);
      partners[b]?.push(a);
    }
  }
  return partners;
};
