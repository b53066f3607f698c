import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createBench, handTimers, processesWith } from "./bench.ts";

const MINUTE_MS = 60_000;
// A process that waits forever.
const HANG = `mkfifo "$RUNNER_TEMP/never"; echo "pid $$"; exec cat "$RUNNER_TEMP/never"`;
const STUBBORN = `trap '' INT TERM; mkfifo "$RUNNER_TEMP/never"; echo "pid $$"; cat "$RUNNER_TEMP/never"; cat "$RUNNER_TEMP/never"`;

const job = (settings: string, steps: string): string => `on: push\njobs:\n  a:\n    runs-on: x\n${settings}    steps:\n${steps}`;

test("a step over its time limit fails, and the job continues as after any failure", async () => {
  const timers = handTimers();
  const bench = await createBench({ timers });
  const run = bench.start(
    job(
      "",
      `      - { name: slow, run: '${HANG}', timeout-minutes: 0.25 }\n      - run: echo not reached\n      - { if: failure(), run: echo after }\n`,
    ),
  );
  await run.says("a", "pid ");
  timers.pass(0.25 * MINUTE_MS);
  expect(await run.ended).toMatchObject({ conclusion: "failure" });
  const text = await run.log("a");
  expect(text).toContain("##[error]The action 'slow' has timed out after 0.25 minutes.");
  expect(run.job("a")?.steps.map((step) => step.conclusion)).toEqual(["failure", "skipped", "success"]);
  expect(await processesWith(bench.directory)).toEqual([]);
});

test("a job over its time limit is reported as cancelled, and jobs that need it are skipped", async () => {
  const timers = handTimers();
  const bench = await createBench({ timers });
  const text = `${job("    timeout-minutes: ${{ fromJSON('0.5') }}\n", `      - run: '${HANG}'\n      - run: echo not reached\n      - { if: always(), run: echo always }\n      - { if: cancelled(), run: echo cancelled }\n`)}  b: { runs-on: x, needs: a, steps: [{ run: echo }] }\n  c: { runs-on: x, needs: a, if: "always()", steps: [{ run: 'echo "a was \${{ needs.a.result }}"' }] }\n`;
  const run = bench.start(text);
  await run.says("a", "pid ");
  timers.pass(0.5 * MINUTE_MS);
  expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(run.ends().sort()).toEqual(["a: cancelled", "b: skipped", "c: success"]);
  expect(await run.log("a")).toMatch(/exceeded the maximum execution time of 0\.5 minutes\.\n[^]*\nalways\n[^]*\ncancelled\n/);
  expect(await run.log("a")).not.toContain("not reached");
  expect(await run.log("c")).toContain("a was cancelled");
});

test("sends SIGTERM and then SIGKILL to a process that ignores SIGINT", async () => {
  const timers = handTimers();
  const bench = await createBench({ timers });
  const run = bench.start(job("    timeout-minutes: 1\n", `      - run: |\n          ${STUBBORN}\n`));
  await run.says("a", "pid ");
  timers.pass(MINUTE_MS);
  await timers.waiting(7500);
  timers.pass(7500);
  await timers.waiting(2500);
  expect(await processesWith(bench.directory)).not.toEqual([]);
  timers.pass(2500);
  expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(await processesWith(bench.directory)).toEqual([]);
});

test("cancelling a run stops its jobs, except steps and jobs with `always()`", async () => {
  const bench = await createBench();
  const run = bench.start(`
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: '${HANG}'
      - { if: always(), run: echo cleaned }
  b: { runs-on: x, needs: a, steps: [{ run: echo }] }
  publish: { runs-on: x, needs: a, if: always(), steps: [{ run: 'echo "publish after \${{ needs.a.result }}"' }] }
`);
  await run.says("a", "pid ");
  bench.runner.cancel(run.id);
  expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(run.ends().sort()).toEqual(["a: cancelled", "b: skipped", "publish: success"]);
  expect(await run.log("a")).toContain("\ncleaned\n");
  expect(await run.log("publish")).toContain("publish after cancelled");
});

test("a job with `always()` continues when its run is cancelled", async () => {
  const bench = await createBench();
  const run = bench.start(
    `on: push\njobs:\n  a:\n    runs-on: x\n    if: always()\n    steps:\n      - run: 'mkfifo "\${{ github.event.gate }}"; echo waiting; cat "\${{ github.event.gate }}"'\n`,
    {
      event: { name: "push", payload: { gate: join(bench.outside, "gate") } },
    },
  );
  await run.says("a", "waiting");
  bench.runner.cancel(run.id);
  await writeFile(join(bench.outside, "gate"), "through\n");
  expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(run.ends()).toEqual(["a: success"]);
});

test("kills a cancelled job that does not end within five minutes", async () => {
  const timers = handTimers();
  const bench = await createBench({ timers });
  const run = bench.start(
    job("", `      - run: '${HANG}'\n      - { if: always(), run: 'echo "again"; exec cat "$RUNNER_TEMP/never"' }\n`),
  );
  await run.says("a", "pid ");
  bench.runner.cancel(run.id);
  await run.says("a", "again");
  timers.pass(5 * MINUTE_MS);
  expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(await run.log("a")).toContain("did not end in time");
});

test("ignores the cancellation of a finished or unknown run", async () => {
  const bench = await createBench();
  const run = await bench.run(job("", "      - run: echo\n"));
  bench.runner.cancel(run.id);
  bench.runner.cancel(99);
  expect(run.conclusion).toBe("success");
});

test("never starts a run that is cancelled before its start", async () => {
  const bench = await createBench();
  const run = bench.start(job("", "      - run: echo\n"));
  bench.runner.cancel(run.id);
  expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(bench.minted).toEqual([]);
});

test("when the runner of a job stops, the job fails, no further step runs, and other jobs continue", async () => {
  const bench = await createBench();
  const run = bench.start(`
on: push
jobs:
  a:
    runs-on: x
    outputs: { x: "\${{ steps.s.outputs.x }}" }
    steps:
      - { id: s, run: 'echo x=1 >> "$GITHUB_OUTPUT"' }
      - run: '${HANG}'
      - { if: always(), run: echo never }
  publish: { runs-on: x, needs: a, if: always(), steps: [{ run: 'echo "after \${{ needs.a.result }} [\${{ needs.a.outputs.x }}]"' }] }
`);
  await run.says("a", "pid ");
  expect(bench.runner.killJob(run.id, "publish")).toBe(false);
  expect(bench.runner.killJob(run.id, "a")).toBe(true);
  expect(await run.ended).toMatchObject({ conclusion: "failure" });
  expect(run.ends()).toEqual(["a: failure", "publish: success"]);
  expect(await run.log("a")).toContain("##[error]The runner of the job stopped.");
  expect(await run.log("a")).not.toContain("\nnever\n");
  expect(await run.log("publish")).toContain("after failure []");
  expect(await processesWith(bench.directory)).toEqual([]);
  expect(bench.revoked).toEqual(["token-1", "token-2"]);
});

test("stops all processes on a machine without namespaces, too", async () => {
  const timers = handTimers();
  const bench = await createBench({ timers, namespaces: false });
  const late = bench.start(
    job("    timeout-minutes: 1\n", `      - run: |\n          setsid sleep 1000 > /dev/null 2>&1 &\n          ${STUBBORN}\n`),
  );
  const killed = bench.start(job("", `      - run: |\n          ${STUBBORN}\n      - { if: always(), run: echo never }\n`));
  await Promise.all([late.says("a", "pid "), killed.says("a", "pid ")]);
  expect(bench.runner.killJob(killed.id, "a")).toBe(true);
  expect(await killed.ended).toMatchObject({ conclusion: "failure" });
  timers.pass(MINUTE_MS);
  await timers.waiting(7500);
  timers.pass(7500);
  await timers.waiting(2500);
  expect(await processesWith(bench.directory)).not.toEqual([]);
  timers.pass(2500);
  expect(await late.ended).toMatchObject({ conclusion: "cancelled" });
  expect(await processesWith(bench.directory)).toEqual([]);
});

test("close ends every process and reports the end of every run", async () => {
  const bench = await createBench();
  const runs = [1, 2].map(() => bench.start(job("", `      - run: |\n          ${STUBBORN}\n      - { if: always(), run: echo never }\n`)));
  for (const run of runs) await run.says("a", "pid ");
  await bench.runner.close();
  expect(await processesWith(bench.directory)).toEqual([]);
  for (const run of runs) expect(await run.ended).toMatchObject({ conclusion: "cancelled" });
  expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
  expect((await bench.run(job("", "      - run: echo\n"))).conclusion).toBe("cancelled");
});
