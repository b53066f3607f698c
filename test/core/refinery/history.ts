/** Returns numbers in [0, 1) from a seed (mulberry32). */
export type Random = () => number;

export const random = (seed: number): Random => {
  let at = seed | 0;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** The definition of a step. `bad`: the hidden number of bad heads before the first good head. */
type Plot = { readonly base: number; readonly needs: readonly number[]; readonly bad: number; readonly lane?: string };

type Setting = {
  readonly bases: number;
  readonly parallel: number;
  readonly retries: number;
  readonly together: boolean;
  readonly reuse: boolean;
  /** `flaky`: how often a run of good content is red. `faulty`: how often a run ends without a verdict or never. */
  readonly flaky: number;
  readonly faulty: number;
  /** Whether every event wakes the coordinator. Otherwise only events such as `tick` do. */
  readonly awake: boolean;
};

/** One event. Its numbers choose among the existing objects, so each part of a history is also a history. */
export type Happening = { readonly what: What; readonly which: number; readonly luck: number };

export type History = {
  readonly setting: Setting;
  readonly steps: readonly Plot[];
  /** `textual`: steps whose first heads conflict as text. `semantic`: good steps that are red together. */
  readonly textual: readonly (readonly [number, number])[];
  readonly semantic: readonly (readonly [number, number])[];
  readonly happenings: readonly Happening[];
};

/** Possible events with their relative frequency. */
const WEIGHTS = {
  publish: 16,
  end: 34,
  tick: 26,
  wait: 4,
  /** The coordinator dies before its save, or between the save and the following actions. */
  "die-before": 2,
  "die-after": 2,
  /** A second coordinator reads now and saves later. */
  read: 3,
  "save-late": 4,
  "end-again": 3,
  "end-stopped": 2,
  "push-base": 3,
  "break-base": 1,
  "mend-base": 1,
  rewind: 1,
  "push-task": 3,
  "force-task": 1,
  hold: 2,
  release: 2,
  close: 1,
  reopen: 1,
  retry: 3,
  thaw: 2,
  slots: 1,
} as const;

export type What = keyof typeof WEIGHTS;

const KINDS = Object.keys(WEIGHTS) as What[];
const CALM: readonly What[] = ["publish", "end", "tick", "wait"];

const pick = <T>(rng: Random, from: readonly T[]): T => {
  const found = from[Math.floor(rng() * from.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
};

const whats = (kinds: readonly What[]): What[] => kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));
const ANY = whats(KINDS);
const QUIET = whats(CALM);

const pairs = (rng: Random, steps: readonly Plot[], share: number): [number, number][] =>
  steps.flatMap((step, at) =>
    steps.flatMap((other, before): [number, number][] => (before < at && other.base === step.base && rng() < share ? [[before, at]] : [])),
  );

/** Makes a history from its seed. Most histories have few steps, some are calm, and some have two bases. */
export const makeHistory = (seed: number): History => {
  const rng = random(seed);
  const calm = rng() < 0.2;
  const clean = calm && rng() < 0.5;
  const setting: Setting = {
    bases: rng() < 0.15 ? 2 : 1,
    parallel: pick(rng, [1, 1, 2, 3, 4, 8, 16]),
    retries: pick(rng, [0, 1, 1, 2]),
    together: rng() < 0.8,
    reuse: rng() < 0.7,
    flaky: clean ? 0 : pick(rng, [0, 0, 0.1, 0.3]),
    faulty: calm ? 0 : pick(rng, [0, 0.05, 0.2]),
    awake: rng() < 0.4,
  };
  const bad = clean ? 0 : pick(rng, [0, 0.15, 0.4]);
  const dense = pick(rng, [0, 0.2, 0.5]);
  const count = rng() < 0.9 ? 1 + Math.floor(rng() * 5) : 6 + Math.floor(rng() * 6);
  const steps: Plot[] = [];
  for (let at = 0; at < count; at += 1) {
    const base = Math.floor(rng() * setting.bases);
    const needs = steps.flatMap((other, before) => (other.base === base && rng() < dense / Math.sqrt(at) ? [before] : []));
    steps.push({ base, needs, bad: rng() < bad ? 1 + Math.floor(rng() * 2) : 0 });
  }
  const conflicts = clean ? 0 : pick(rng, [0, 0, 0.15]);
  const textual = pairs(rng, steps, conflicts);
  const semantic = pairs(rng, steps, conflicts);
  const length = 6 + Math.floor(rng() * 24);
  const happenings = Array.from({ length }, (): Happening => ({
    what: pick(rng, calm ? QUIET : ANY),
    which: Math.floor(rng() * 1_000),
    luck: rng(),
  }));
  const lanes = setting.bases > 1 ? 1 : pick(rng, [1, 1, 2, 3]);
  const laned = lanes === 1 ? steps : steps.map((step) => withLane(step, Math.floor(rng() * lanes)));
  return { setting, steps: laned, textual, semantic, happenings };
};

/** Adds a step to a lane. Steps with lane number 0 are in no lane. */
const withLane = (step: Plot, lane: number): Plot => (lane === 0 ? step : { ...step, lane: `lane-${lane}` });

/** Whether only the steps themselves decide what lands. */
export const isPlain = ({ setting, textual, semantic, happenings }: History): boolean =>
  setting.flaky === 0 &&
  setting.faulty === 0 &&
  textual.length === 0 &&
  semantic.length === 0 &&
  happenings.every(({ what }) => CALM.includes(what));

/** Yields smaller histories to try: without a range of events, without a step, or without conflicts. */
const smaller = function* (history: History): Generator<History> {
  const { happenings, steps, textual, semantic } = history;
  for (let size = Math.ceil(happenings.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < happenings.length; from += size)
      yield { ...history, happenings: [...happenings.slice(0, from), ...happenings.slice(from + size)] };
  for (let gone = steps.length - 1; gone >= 0; gone -= 1) yield without(history, gone);
  if (textual.length > 0) yield { ...history, textual: [] };
  if (semantic.length > 0) yield { ...history, semantic: [] };
};

const without = (history: History, gone: number): History => {
  const move = (at: number): number[] => (at === gone ? [] : [at > gone ? at - 1 : at]);
  const both = ([a, b]: readonly [number, number]): [number, number][] => {
    const [x] = move(a);
    const [y] = move(b);
    return x === undefined || y === undefined ? [] : [[x, y]];
  };
  return {
    ...history,
    steps: history.steps.filter((_, at) => at !== gone).map((step) => ({ ...step, needs: step.needs.flatMap((need) => move(need)) })),
    textual: history.textual.flatMap((pair) => both(pair)),
    semantic: history.semantic.flatMap((pair) => both(pair)),
  };
};

/** Removes the parts of a failing history that its failure does not need. */
export const shrink = (history: History, fails: (history: History) => boolean, tries = 2_000): History => {
  let least = history;
  let left = tries;
  for (let found = true; found;) {
    found = false;
    for (const next of smaller(least)) {
      if (left <= 0) return least;
      left -= 1;
      if (!fails(next)) continue;
      least = next;
      found = true;
      break;
    }
  }
  return least;
};
