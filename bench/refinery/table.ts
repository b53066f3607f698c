import { type Cell, NAMES } from "./cell.ts";
import { isEasy, isQuiet, overBound } from "./gates.ts";
import { nameOf } from "./grid.ts";
import type { Gate } from "./gates.ts";
import { mean, median, percentile } from "./statistics.ts";

const COLUMNS = ["policy", "makespan", "÷oracle", "turnaround", "runs/step", "false ej.", "red landed"];

export const table = (cells: readonly Cell[]): string => cells.map((cell) => cellTable(cell)).join("\n\n");

const cellTable = ({ scene, seeds, rows, against }: Cell): string => {
  const lines = NAMES.map((name) => {
    const { makespan, overOracle, turnaround, runs, falseEjections, redLandings } = rows[name];
    const blamed = `${((100 * falseEjections) / scene.steps / seeds).toFixed(2)}%`;
    return line([name, makespan.toFixed(2), overOracle.toFixed(2), turnaround.toFixed(2), runs.toFixed(2), blamed, String(redLandings)]);
  });
  const paired = (["0r", "1r"] as const).map((retries) => {
    const { mean, low, high } = against[retries];
    return `${retries} ${mean.toFixed(3)} (${low.toFixed(3)} … ${high.toFixed(3)})`;
  });
  return [`${nameOf(scene)}, ${seeds} seeds; turnaround of ours − Zuul: ${paired.join(", ")}`, line(COLUMNS), ...lines].join("\n");
};

const line = (fields: readonly string[]): string => fields.map((field, at) => (at === 0 ? field.padEnd(10) : field.padStart(11))).join("");

/** Medians over the cells. */
export const summary = (cells: readonly Cell[]): string => {
  const lines = NAMES.map((name) => {
    const of = (pick: (row: Cell["rows"]["ours"]) => number): number[] => cells.map(({ rows }) => pick(rows[name]));
    const blamed = mean(cells.map(({ rows, scene, seeds }) => rows[name].falseEjections / scene.steps / seeds));
    return line([
      name,
      median(of(({ makespan }) => makespan)).toFixed(2),
      median(of(({ overOracle }) => overOracle)).toFixed(2),
      median(of(({ turnaround }) => turnaround)).toFixed(2),
      median(of(({ runs }) => runs)).toFixed(2),
      `${(100 * blamed).toFixed(3)}%`,
      String(of(({ redLandings }) => redLandings).reduce((sum, red) => sum + red, 0)),
    ]);
  });
  return [`medians over ${cells.length} cells (false ejections: mean, red landings: sum)`, line(COLUMNS), ...lines].join("\n");
};

const kindOf = (cell: Cell): string =>
  isEasy(cell) ? "easy: Zuul is within 5 % of the oracle" : `${cell.scene.shape}, ${cell.scene.bad === 0 ? "no" : "some"} bad steps`;

/** Makespan ÷ oracle of ours with one retry over all histories, by kind of cell. */
export const kinds = (cells: readonly Cell[]): string => {
  const names = [...new Set(cells.map((cell) => kindOf(cell)))].sort();
  const lines = names.map((name) => {
    const some = cells.filter((cell) => kindOf(cell) === name);
    const ratios = some.flatMap((cell) => cell.ratios);
    const bounded = some.filter(({ scene }) => isQuiet(scene)).map((cell) => overBound(cell));
    const retried = some.flatMap((cell) => cell.retried.ratios);
    const figures = [median(ratios), percentile(ratios, 0.95), median(retried), median(bounded)]
      .map((each) => each.toFixed(2).padStart(9))
      .join("");
    return `${name.padEnd(40)}${String(some.length).padStart(7)}${figures}`;
  });
  return [`${"makespan ÷ oracle of ours+1r".padEnd(40)}  cells      p50      p95  retried  ÷ bound`, ...lines].join("\n");
};

export const gateLines = (all: readonly Gate[]): string =>
  all
    .flatMap(({ name, holds, found, cells }) => [
      `${holds ? "holds" : "FAILS"}  ${name}: ${found}`,
      ...cells.map((cell) => `         ${cell}`),
    ])
    .join("\n");
