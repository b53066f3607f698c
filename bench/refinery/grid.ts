import type { Scene } from "./trace.ts";

type World = Pick<Scene, "shape" | "start" | "work">;

/** Graphs with the start and the duration of work. */
const WORLDS: readonly World[] = [
  { shape: "flat", start: "ready", work: 0 },
  { shape: "flat", start: "ready", work: 2 },
  { shape: "layered", start: "ready", work: 0 },
  { shape: "layered", start: "ready", work: 2 },
  { shape: "layered", start: "landed", work: 2 },
  { shape: "chain", start: "ready", work: 1 },
  { shape: "chain", start: "landed", work: 1 },
  { shape: "random", start: "ready", work: 1 },
  { shape: "random", start: "landed", work: 1 },
];
const SIZES = [8, 24, 60];
const SLOTS = [1, 4, 16];
const BAD = [0, 0.05, 0.15, 0.3];
const FLAKES = [0, 0.02, 0.05];

/** Long queues, each of which takes as long as many short ones. */
const LONG: readonly World[] = [
  { shape: "flat", start: "ready", work: 0 },
  { shape: "layered", start: "ready", work: 2 },
  { shape: "random", start: "landed", work: 1 },
];

/**
 * All combinations of graph, size, slots and share of bad steps. Flakes and conflicts rotate through their values, so that all pairs of two axes occur.
 * A step of a long queue has more steps to conflict with, so the odds of a pair are a tenth.
 */
export const grid = (): Scene[] => {
  const short = WORLDS.flatMap((world, w) =>
    SIZES.flatMap((steps, n) => SLOTS.flatMap((slots, c) => BAD.map((bad, p) => scene(world, { steps, slots, bad }, [w + c + p, n])))),
  );
  const long = LONG.flatMap((world, w) =>
    SLOTS.slice(1).flatMap((slots, c) => [0.02, 0.1].map((bad, p) => scene(world, { steps: 200, slots, bad }, [w + c + p, w]))),
  );
  const deep = scene({ shape: "flat", start: "ready", work: 0 }, { steps: 200, slots: 16, bad: 0.3 }, [1, 0]);
  return [
    ...short,
    ...long,
    deep,
    ...pushed(),
    ...outages(),
    ...redBases(),
    ...hotFiles(),
    ...fewRunners(),
    ...urgent(),
    ...tails(),
    ...lanes(),
  ];
};

/** People push to the base beside the queue. */
const pushed = (): Scene[] =>
  [16, 4].flatMap((slots) =>
    [1, 2, 4].map((pushEvery) => ({
      ...({ shape: "flat", start: "ready", steps: 60, work: 2, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
      slots,
      pushEvery,
    })),
  );

/** Machines fail for a while. */
const outages = (): Scene[] =>
  [4, 8, 16].flatMap((slots) =>
    [1, 3].map((outage) => ({
      ...({ shape: "flat", start: "ready", steps: 60, work: 2, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
      slots,
      outage,
    })),
  );

/** More slots than runners, and the same plan with as many slots as runners. */
const fewRunners = (): Scene[] =>
  [2, 4].flatMap((runners) =>
    [16, runners].map((slots) => ({
      ...({ shape: "flat", start: "ready", steps: 60, work: 2, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
      slots,
      runners,
    })),
  );

/** A few urgent steps among many. */
const urgent = (): Scene[] =>
  [4, 8, 16].map((slots) => ({
    ...({ shape: "flat", start: "ready", steps: 60, work: 2, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
    slots,
    urgent: 0.05,
  }));

/** Runs of different duration, as with tests selected by changed files: with all steps at once, and after some work. */
const tails = (): Scene[] =>
  (["bimodal", "lognormal"] as const).flatMap((shape) =>
    [0, 2].flatMap((work) =>
      [4, 8].map((slots) => ({
        ...({ shape: "flat", start: "ready", steps: 60, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
        work,
        slots,
        tails: shape,
      })),
    ),
  );

/** Two parts of a repository, one with many bad steps or slow runs. */
const lanes = (): Scene[] =>
  (["red", "slow"] as const).flatMap((trouble) =>
    [4, 12].flatMap((work) =>
      [4, 8].map((slots) => ({
        ...({ shape: "flat", start: "ready", steps: 60, bad: 0.05, flakes: 0.02, textual: 0, semantic: 0 } as const),
        work,
        slots,
        lanes: trouble,
      })),
    ),
  );

/** Steps that change the same file, and the same scenes with the first red result of a resolved step blamed on the resolution. */
const hotFiles = (): Scene[] => {
  const scenes = [1, 8].flatMap((slots) =>
    [0.3, 0.6].map((hot) => ({
      ...({ shape: "flat", start: "ready", steps: 60, work: 2, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
      slots,
      hot,
    })),
  );
  return [...scenes, ...scenes.map((each) => ({ ...each, suspectsResolutions: true as const }))];
};

/** The base is red until a person fixes it. */
const redBases = (): Scene[] =>
  [4, 8, 16].map((slots) => ({
    ...({ shape: "flat", start: "ready", steps: 60, work: 2, bad: 0.1, flakes: 0.02, textual: 0, semantic: 0 } as const),
    slots,
    redBase: 3,
  }));

const scene = (world: World, rest: Pick<Scene, "steps" | "slots" | "bad">, [turn, shift]: readonly [number, number]): Scene => {
  const flakes = FLAKES[(turn + shift) % FLAKES.length] ?? 0;
  const isConflicting = turn % 2 === 1;
  const share = rest.steps > 100 ? 0.1 : 1;
  return { ...world, ...rest, flakes, textual: isConflicting ? 0.02 * share : 0, semantic: isConflicting ? 0.003 * share : 0 };
};

/** A small cell of each kind, for a run of a few seconds. */
export const quickGrid = (): Scene[] => grid().filter(({ steps, slots, bad }) => steps <= 24 && slots > 1 && bad === 0.15);

export const nameOf = ({
  shape,
  start,
  steps,
  work,
  bad,
  flakes,
  textual,
  slots,
  hot,
  pushEvery,
  outage,
  redBase,
  runners,
  urgent,
  tails,
  lanes,
  suspectsResolutions,
}: Scene): string =>
  `${shape}${shape === "flat" ? "" : `/${start}`} N=${steps} W=${work} p=${bad} f=${flakes} q=${textual} C=${slots}${hot === undefined ? "" : ` hot=${hot}`}${pushEvery === undefined ? "" : ` push=${pushEvery}`}${outage === undefined ? "" : ` outage=${outage}`}${redBase === undefined ? "" : ` red=${redBase}`}${runners === undefined ? "" : ` runners=${runners}`}${urgent === undefined ? "" : ` urgent=${urgent}`}${tails === undefined ? "" : ` tails=${tails}`}${lanes === undefined ? "" : ` lanes=${lanes}`}${suspectsResolutions ? " suspected" : ""}`;
