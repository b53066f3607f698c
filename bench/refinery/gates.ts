import { onlineBound } from "./bound.ts";
import type { Cell } from "./cell.ts";
import { nameOf } from "./grid.ts";
import { mean, median, tail } from "./statistics.ts";

export type Gate = { readonly name: string; readonly holds: boolean; readonly found: string; readonly cells: readonly string[] };

const LIMIT = 1.35;
const HOT_RATIO = 0.6;
/** Sums of times differ in their last bits if the order differs. */
const NOTHING = 1e-9;
/** A cell fails if a count within the limit would be less likely than this. */
const UNLIKELY = 0.001;

/** Whether only the queue moves the base, and machines work. */
export const isQuiet = ({ lanes, hot, pushEvery, outage, redBase, runners, urgent, tails }: Cell["scene"]): boolean =>
  tails === undefined &&
  lanes === undefined &&
  runners === undefined &&
  urgent === undefined &&
  hot === undefined &&
  pushEvery === undefined &&
  outage === undefined &&
  redBase === undefined;

/** Within this of the oracle, Zuul leaves nothing to win. */
const EASY = 1.05;

export const isEasy = ({ rows }: Cell): boolean => rows["zuul+1r"].overOracle <= EASY;

/** Mean makespan of ours with one retry ÷ the larger of an oracle's with one retry and of what no policy without foresight can beat. */
export const overBound = ({ scene, rows, retried }: Cell): number =>
  rows["ours+1r"].makespan / Math.max(retried.oracle, onlineBound(scene, 1));

export const gates = (cells: readonly Cell[]): Gate[] => [
  turnaround(cells, "1r"),
  // Without a retry, lanes favor the calm lane at the expense of the mean.
  turnaround(
    cells.filter(({ scene }) => scene.lanes === undefined),
    "0r",
  ),
  overOracle(cells.filter(({ scene }) => isQuiet(scene))),
  pushes(cells.filter(({ scene }) => scene.pushEvery !== undefined)),
  ...hotFiles(cells.filter(({ scene }) => scene.hot !== undefined && !scene.suspectsResolutions)),
  redLandings(cells),
  falseEjections(cells.filter(({ scene }) => isQuiet(scene))),
  outages(cells.filter(({ scene }) => scene.outage !== undefined)),
  redBases(cells.filter(({ scene }) => scene.redBase !== undefined)),
  ends(cells),
  fewRunners(cells.filter(({ scene }) => scene.runners !== undefined)),
  urgentSteps(cells),
  shortFirst(cells),
  laneGate(cells),
  overRetriedOracle(cells.filter((cell) => isQuiet(cell.scene) && !isEasy(cell))),
  flatOverBound(cells.filter(({ scene }) => isQuiet(scene) && scene.shape === "flat" && scene.bad > 0)),
  suspectedResolutions(cells.filter(({ scene }) => scene.suspectsResolutions === true)),
];

const turnaround = (cells: readonly Cell[], retries: "0r" | "1r"): Gate => {
  const worse = cells.filter(({ against }) => against[retries].low > NOTHING);
  const better = cells.filter(({ against }) => against[retries].high < -NOTHING);
  return {
    name: `in no cell is the 95 % interval of ours − Zuul, mean turnaround, above 0 (${retries})`,
    holds: worse.length === 0,
    found: `above 0 in ${worse.length}, below 0 in ${better.length} of ${cells.length} cells`,
    cells: worse.map(({ scene, against: { [retries]: found } }) => `${nameOf(scene)}: ${found.low.toFixed(3)} … ${found.high.toFixed(3)}`),
  };
};

/** Mean over all histories; every cell has the same number. */
const overOracle = (cells: readonly Cell[]): Gate => {
  const ratio = median(cells.flatMap(({ ratios }) => ratios));
  const name = `median makespan ÷ oracle of ours+1r is at most ${LIMIT}`;
  return { name, holds: cells.length === 0 || ratio <= LIMIT, found: cells.length === 0 ? "no cells" : ratio.toFixed(3), cells: [] };
};

const RETRIED_LIMIT = 1.3;

/** Over all histories of cells in which Zuul is not near the oracle. */
const overRetriedOracle = (cells: readonly Cell[]): Gate => {
  const ratio = median(cells.flatMap(({ retried }) => retried.ratios));
  return {
    name: `where Zuul is more than 5 % behind the oracle, the median makespan of ours+1r ÷ that of an oracle with one retry is at most ${RETRIED_LIMIT}`,
    holds: cells.length === 0 || ratio <= RETRIED_LIMIT,
    found: cells.length === 0 ? "no cells" : ratio.toFixed(3),
    cells: [],
  };
};

const BOUND_LIMIT = 1.7;

/** Over the cells, since the bound is one of the mean. */
const flatOverBound = (cells: readonly Cell[]): Gate => {
  const ratio = median(cells.map((cell) => overBound(cell)));
  return {
    name: `the median makespan of ours+1r with flat graphs and bad steps ÷ what a queue without foresight can reach is at most ${BOUND_LIMIT}`,
    holds: cells.length === 0 || ratio <= BOUND_LIMIT,
    found: cells.length === 0 ? "no cells" : ratio.toFixed(3),
    cells: [],
  };
};

/** Mean turnaround of ours with one retry while a person pushes to the base, by the mean time between two pushes. */
const PUSH_LIMITS: Readonly<Record<number, number>> = { 1: 6.5, 2: 5.5, 4: 5 };

const pushes = (cells: readonly Cell[]): Gate => {
  const limited = cells.filter(({ scene }) => scene.slots === 16);
  const limitOf = ({ scene }: Cell): number => PUSH_LIMITS[scene.pushEvery ?? 0] ?? 0;
  const slow = limited.filter((cell) => cell.rows["ours+1r"].turnaround > limitOf(cell));
  return {
    name: "mean turnaround of ours+1r on 16 slots while a person pushes every 1, 2 or 4 runs is at most 6.5, 5.5 or 5",
    holds: slow.length === 0,
    found: limited.map(({ rows }) => rows["ours+1r"].turnaround.toFixed(2)).join(", "),
    cells: slow.map(({ scene, rows }) => `${nameOf(scene)}: ${rows["ours+1r"].turnaround.toFixed(2)}`),
  };
};

const RUNNERS_RATIO = 1.05;

/** More slots than runners against as many slots as runners, on the same traces. */
const fewRunners = (cells: readonly Cell[]): Gate => {
  const pairs = cells.flatMap((many) => {
    const told = cells.find(({ scene }) => scene.runners === many.scene.runners && scene.slots === scene.runners);
    return told && told !== many ? [{ many, ratio: many.rows["ours+1r"].makespan / told.rows["ours+1r"].makespan }] : [];
  });
  const slow = pairs.filter(({ ratio }) => ratio > RUNNERS_RATIO);
  return {
    name: `makespan of ours+1r with 16 slots on 2 or 4 runners is at most ${RUNNERS_RATIO} of the same plan told the number of runners`,
    holds: slow.length === 0,
    found: pairs.map(({ ratio }) => ratio.toFixed(3)).join(", "),
    cells: slow.map(({ many, ratio }) => `${nameOf(many.scene)}: ${ratio.toFixed(3)}`),
  };
};

const URGENT_LIMIT = 2.3;
/** Cost for the other steps, which wait behind urgent steps. One step in twenty is urgent. */
const OTHERS_RATIO = 1.05;

const urgentSteps = (cells: readonly Cell[]): Gate => {
  const found = cells.flatMap(({ priorities }) => (priorities ? [priorities] : []));
  const wait = mean(found.map(({ urgent }) => urgent));
  const cost = mean(found.map(({ others, unranked }) => others / unranked));
  const show = ({ urgent, others, unranked }: NonNullable<Cell["priorities"]>): string =>
    `${urgent.toFixed(2)} (others × ${(others / unranked).toFixed(3)})`;
  return {
    name: `urgent steps that are good wait at most ${URGENT_LIMIT} on average, and the others at most ${OTHERS_RATIO} of their time without priorities`,
    holds: found.length === 0 || (wait <= URGENT_LIMIT && cost <= OTHERS_RATIO),
    found: found.map((each) => show(each)).join(", "),
    cells: [],
  };
};

const SHORT_FIRST_RATIO = 0.75;

const shortFirst = (cells: readonly Cell[]): Gate => {
  const found = cells.flatMap(({ scene, shortFirst }) => (shortFirst === undefined ? [] : [{ scene, ratio: shortFirst }]));
  const slow = found.filter(({ ratio }) => ratio > SHORT_FIRST_RATIO);
  return {
    name: `mean turnaround of ours+1r, if runs differ in length, is at most ${SHORT_FIRST_RATIO} of its own in the order of arrival`,
    holds: slow.length === 0,
    found: found.map(({ ratio }) => ratio.toFixed(2)).join(", "),
    cells: slow.map(({ scene, ratio }) => `${nameOf(scene)}: ${ratio.toFixed(3)}`),
  };
};

/** Mean turnaround of good steps in the calm lane, and the makespan of all, with lanes ÷ without them. */
const LANE_LIMITS = { calm: 0.85, makespan: 1.05 } as const;

const laneGate = (cells: readonly Cell[]): Gate => {
  const found = cells.flatMap(({ scene, lanes }) => (lanes ? [{ scene, ...lanes }] : []));
  const slow = found.filter(({ calm, makespan }) => calm > LANE_LIMITS.calm || makespan > LANE_LIMITS.makespan);
  const show = ({ calm, makespan, runs }: NonNullable<Cell["lanes"]>): string =>
    `${calm.toFixed(2)} (makespan × ${makespan.toFixed(2)}, runs × ${runs.toFixed(2)})`;
  return {
    name: `if one of two lanes is red or slow, good steps of the other wait at most ${LANE_LIMITS.calm} of their time without lanes, and the makespan is at most ${LANE_LIMITS.makespan} of that without`,
    holds: slow.length === 0,
    found: found.map((each) => show(each)).join(", "),
    cells: slow.map((each) => `${nameOf(each.scene)}: ${show(each)}`),
  };
};

/** Resolutions of sixty steps, by the share of steps that change the same file. */
const RESOLUTION_LIMITS: Readonly<Record<number, number>> = { 0.3: 30, 0.6: 60 };

/** Merges requested from git per step while many steps change the same file. */
const MERGES_LIMIT = 12;

const hotFiles = (cells: readonly Cell[]): Gate[] => {
  const limitOf = ({ scene }: Cell): number => RESOLUTION_LIMITS[scene.hot ?? 0] ?? 0;
  const many = cells.filter((cell) => cell.rows["ours+1r"].resolutions > limitOf(cell));
  const ratio = ({ rows }: Cell): number => rows["ours+1r"].makespan / rows["zuul+1r"].makespan;
  const slow = cells.filter((cell) => ratio(cell) > HOT_RATIO);
  return [
    {
      name: "resolutions of ours+1r with 18 (36) of 60 steps in one file are at most 30 (60)",
      holds: many.length === 0,
      found: cells.map(({ rows }) => rows["ours+1r"].resolutions.toFixed(1)).join(", "),
      cells: many.map(({ scene }) => nameOf(scene)),
    },
    {
      name: `makespan of ours+1r ÷ zuul+1r with a file that many steps change is at most ${HOT_RATIO}`,
      holds: slow.length === 0,
      found: cells.map((cell) => ratio(cell).toFixed(2)).join(", "),
      cells: slow.map((cell) => `${nameOf(cell.scene)}: ${ratio(cell).toFixed(3)}`),
    },
    mergesAsked(cells),
  ];
};

const mergesAsked = (cells: readonly Cell[]): Gate => {
  const many = cells.filter(({ rows }) => rows["ours+1r"].merges > MERGES_LIMIT);
  return {
    name: `ours+1r asks git for at most ${MERGES_LIMIT} merges a step with 18 (36) of 60 steps in one file`,
    holds: many.length === 0,
    found: cells.map(({ scene, rows }) => `${rows["ours+1r"].merges.toFixed(1)} (${60 * (scene.hot ?? 0)} of 60)`).join(", "),
    cells: many.map(({ scene }) => nameOf(scene)),
  };
};

/** Resolutions of sixty steps whose first red result counts against the resolution, and their makespan ÷ Zuul's, which never does that. */
const SUSPECTED_LIMITS: Readonly<Record<number, number>> = { 0.3: 45, 0.6: 90 };
const SUSPECTED_RATIO = 0.8;

const suspectedResolutions = (cells: readonly Cell[]): Gate => {
  const ratio = ({ rows }: Cell): number => rows["ours+1r"].makespan / rows["zuul+1r"].makespan;
  const count = ({ rows }: Cell): number => rows["ours+1r"].resolutions;
  const over = cells.filter((cell) => count(cell) > (SUSPECTED_LIMITS[cell.scene.hot ?? 0] ?? 0) || ratio(cell) > SUSPECTED_RATIO);
  const show = (cell: Cell): string => `${count(cell).toFixed(1)} (makespan × ${ratio(cell).toFixed(2)})`;
  return {
    name: `if the first red result of a resolved step counts against its resolution, resolutions of ours+1r with 18 (36) of 60 steps in one file are at most 45 (90), and its makespan ÷ zuul+1r at most ${SUSPECTED_RATIO}`,
    holds: over.length === 0,
    found: cells.map((cell) => show(cell)).join(", "),
    cells: over.map((cell) => `${nameOf(cell.scene)}: ${show(cell)}`),
  };
};

const redLandings = (cells: readonly Cell[]): Gate => {
  const red = cells.filter(({ rows }) => rows.ours.redLandings + rows["ours+1r"].redLandings > 0);
  return {
    name: "red landings are 0",
    holds: red.length === 0,
    found: `${red.length} cells`,
    cells: red.map(({ scene }) => nameOf(scene)),
  };
};

/** False ejections per step over all cells with the same flakes. No cell may exceed the limit by more than chance. */
const falseEjections = (cells: readonly Cell[]): Gate => {
  const expected = ({ scene, seeds }: Cell): number => 2 * scene.flakes ** 2 * scene.steps * seeds;
  const count = ({ rows }: Cell): number => rows["ours+1r"].falseEjections;
  const sum = (some: readonly Cell[], of: (cell: Cell) => number): number => some.reduce((total, cell) => total + of(cell), 0);
  const shares = [...new Set(cells.map(({ scene }) => scene.flakes))].sort((a, b) => a - b);
  const groups = shares.map((flakes) => ({ flakes, some: cells.filter(({ scene }) => scene.flakes === flakes) }));
  const over = cells.filter((cell) => count(cell) > 0 && tail(count(cell), expected(cell)) < UNLIKELY);
  return {
    name: "false ejections of ours+1r are at most 2·f² of the steps",
    holds: over.length === 0 && groups.every(({ some }) => sum(some, count) <= sum(some, expected)),
    found: groups.map(({ flakes, some }) => `f=${flakes}: ${sum(some, count)} of at most ${sum(some, expected).toFixed(1)}`).join(", "),
    cells: over.map((cell) => `${nameOf(cell.scene)}: ${count(cell)} of at most ${expected(cell).toFixed(2)}`),
  };
};

const outages = (cells: readonly Cell[]): Gate => {
  const blamed = (cell: Cell, name: "ours+1r" | "zuul+1r"): number => cell.rows[name].falseEjections / cell.scene.steps / cell.seeds;
  const worse = cells.filter((cell) => blamed(cell, "ours+1r") > blamed(cell, "zuul+1r"));
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return {
    name: "false ejections of ours+1r in an outage are at most those of zuul+1r",
    holds: worse.length === 0,
    found: cells.map((cell) => `${percent(blamed(cell, "ours+1r"))} of ${percent(blamed(cell, "zuul+1r"))}`).join(", "),
    cells: worse.map(({ scene }) => nameOf(scene)),
  };
};

const RED_BASE_RATIO = 1;

const redBases = (cells: readonly Cell[]): Gate => {
  const ratio = ({ rows }: Cell): number => rows.ours.turnaround / rows.zuul.turnaround;
  const slow = cells.filter((cell) => ratio(cell) > RED_BASE_RATIO);
  return {
    name: `mean turnaround of ours ÷ zuul, both without a retry, while the base is red is at most ${RED_BASE_RATIO}`,
    holds: slow.length === 0,
    found: cells.map((cell) => ratio(cell).toFixed(2)).join(", "),
    cells: slow.map((cell) => `${nameOf(cell.scene)}: ${ratio(cell).toFixed(3)}`),
  };
};

const ends = (cells: readonly Cell[]): Gate => {
  const stuck = cells.flatMap((cell) => cell.stuck.map((each) => `${nameOf(cell.scene)}: ${each}`));
  return { name: "every history comes to its end", holds: stuck.length === 0, found: `${stuck.length} do not`, cells: stuck };
};
