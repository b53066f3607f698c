import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { type Cell, runCell } from "./refinery/cell.ts";
import { gates } from "./refinery/gates.ts";
import { grid, nameOf, quickGrid } from "./refinery/grid.ts";
import { plot } from "./refinery/plot.ts";
import { gateLines, kinds, summary, table } from "./refinery/table.ts";
import type { Scene } from "./refinery/trace.ts";

/**
 * Compares merge policies on the same traces in virtual time: serial, bors-ng, Zuul, the product's own planner, and an oracle.
 * `--quick` few cells and seeds · `--seeds <n>` · `--first <n>` first seed · `--only <text>` in the names of cells · `--out <directory>` for the JSON and the plot · `--workers <n>`
 * Exits with 1 if a gate does not hold.
 */
const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      seeds: { type: "string" },
      first: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      out: { type: "string", default: join("bench", "out") },
      workers: { type: "string", default: String(availableParallelism()) },
    },
  });
  const scenes = (values.quick ? quickGrid() : grid()).filter((scene) => nameOf(scene).includes(values.only));
  const seeds = Number(values.seeds ?? (values.quick ? 8 : 40));
  const from = process.hrtime.bigint();
  const cells = await spread(scenes, { seeds, first: Number(values.first), workers: Number(values.workers) });
  const seconds = Number(process.hrtime.bigint() - from) / 1e9;
  const found = gates(cells);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, "refinery.json"), `${JSON.stringify({ bench: "refinery", seeds, seconds, gates: found, cells })}\n`);
  writeFileSync(join(values.out, "refinery.svg"), plot(cells));
  console.log(`${table(cells)}\n\n${summary(cells)}\n\n${kinds(cells)}\n\n${gateLines(found)}\n`);
  console.log(`${cells.length} cells × ${seeds} seeds in ${seconds.toFixed(0)} s; refinery.json and refinery.svg are in ${values.out}`);
  process.exitCode = found.every(({ holds }) => holds) ? 0 : 1;
};

type Task = { readonly at: number; readonly scene: Scene; readonly seeds: number; readonly first: number };
type Done = { readonly at: number; readonly cell: Cell };

/** Distributes cells to threads, long cells first, so that all threads end at about the same time. */
const spread = async (
  scenes: readonly Scene[],
  { seeds, first, workers }: { seeds: number; first: number; workers: number },
): Promise<Cell[]> => {
  const tasks = scenes.map((scene, at): Task => ({ at, scene, seeds, first })).sort((a, b) => b.scene.steps - a.scene.steps);
  const cells: Cell[] = [];
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url));
      const next = (): void => {
        const task = tasks.shift();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
        if (task) worker.postMessage(task);
        else void worker.terminate().then(() => resolve());
      };
      worker.on("error", reject);
      worker.on("message", ({ at, cell }: Done) => {
        cells[at] = cell;
        next();
      });
      next();
    });
  await Promise.all(Array.from({ length: Math.max(1, Math.min(workers, scenes.length)) }, work));
  return cells;
};

if (isMainThread) await main();
else
  parentPort?.on("message", ({ at, scene, seeds, first }: Task) => {
    const done: Done = { at, cell: runCell(scene, seeds, first) };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort?.postMessage(done);
  });
