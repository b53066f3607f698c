import { type Cell, NAMES } from "./cell.ts";
import type { PolicyName } from "./policy.ts";
import { median } from "./statistics.ts";

const COLOURS: { readonly [K in PolicyName]: string } = {
  serial: "#9a9a9a",
  "serial+1r": "#5f5f5f",
  bors: "#e0a030",
  "bors+1r": "#a06a00",
  zuul: "#6aa5e8",
  "zuul+1r": "#1f5fb0",
  ours: "#e87a9a",
  "ours+1r": "#c01040",
  oracle: "#208040",
};

const [WIDTH, HEIGHT, MARGIN] = [960, 640, 60];
const RUNS = { from: 0.02, to: 16, ticks: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] };
const RATIO = { from: 0.9, to: 100, ticks: [1, 1.35, 2, 5, 10, 20, 50] };

/** Plots makespan ÷ oracle against runs per step on logarithmic axes: a dot for each cell, a ring for the medians of a policy. */
export const plot = (cells: readonly Cell[]): string => {
  const dots = NAMES.flatMap((name) =>
    cells.map(({ rows }) => circle(name, { runs: rows[name].runs, ratio: rows[name].overOracle }, 'r="2.5" fill-opacity="0.35"')),
  );
  const rings = NAMES.map((name) => {
    const at = { runs: median(cells.map(({ rows }) => rows[name].runs)), ratio: median(cells.map(({ rows }) => rows[name].overOracle)) };
    return circle(name, at, 'r="9" stroke="black" stroke-width="1.5"');
  });
  const legend = NAMES.map(
    (name, at) => `<text x="${WIDTH - MARGIN + 4 - 90}" y="${MARGIN + 18 * at}" fill="${COLOURS[name]}" font-weight="bold">${name}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    ...RUNS.ticks.map((tick) => rule(x(tick), "x", String(tick))),
    ...RATIO.ticks.map((tick) => rule(y(tick), "y", String(tick))),
    `<text x="${WIDTH / 2}" y="${HEIGHT - 14}" text-anchor="middle">verify runs per step</text>`,
    `<text x="16" y="${HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 ${HEIGHT / 2})">makespan ÷ oracle</text>`,
    ...dots,
    ...rings,
    ...legend,
    "</svg>\n",
  ].join("\n");
};

const scale = (value: number, { from, to }: { from: number; to: number }): number =>
  Math.log(Math.min(to, Math.max(from, value)) / from) / Math.log(to / from);

const x = (runs: number): number => MARGIN + scale(runs, RUNS) * (WIDTH - 2 * MARGIN);
const y = (ratio: number): number => HEIGHT - MARGIN - scale(ratio, RATIO) * (HEIGHT - 2 * MARGIN);

const circle = (name: PolicyName, { runs, ratio }: { runs: number; ratio: number }, look: string): string =>
  `<circle cx="${x(runs).toFixed(1)}" cy="${y(ratio).toFixed(1)}" fill="${COLOURS[name]}" ${look}/>`;

const rule = (at: number, axis: "x" | "y", label: string): string =>
  axis === "x"
    ? `<path d="M${at} ${MARGIN}V${HEIGHT - MARGIN}" stroke="#ddd"/><text x="${at}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${label}</text>`
    : `<path d="M${MARGIN} ${at}H${WIDTH - MARGIN}" stroke="#ddd"/><text x="${MARGIN - 8}" y="${at + 4}" text-anchor="end">${label}</text>`;
