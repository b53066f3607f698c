import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { RunnerOptions } from "../../../src/local-github/actions/local-runner.ts";
import { createBench, processesWith } from "./bench.ts";

const ACTION = `
name: Enki
description: For tests
inputs: { command: { description: c, required: true }, key: { description: k } }
runs: { using: node24, main: main.js }
`;
/** Prints the kind of its start, and its variables at the start and now. */
const PROGRAM = `
const { readFileSync } = require("node:fs");
const first = readFileSync("/proc/self/environ", "latin1").split("\\0").map((each) => each.split("=")[0]).filter((name) => name !== "").sort();
const waits = process.argv[2] === "wait";
if (waits) {
  const { directory, env } = JSON.parse(readFileSync(4, "utf8"));
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(directory);
}
console.log(waits ? "waited" : "started", process.env.INPUT_COMMAND, process.env.INPUT_KEY, process.cwd() === process.env.GITHUB_WORKSPACE, first.includes("INPUT_KEY"));
console.log("in", process.env.RUNNER_WORKSPACE);
`;

const openBench = async (options: Partial<RunnerOptions> = {}) => {
  const root = await mkdtemp(join(tmpdir(), "action-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const program = join(root, "program.cjs");
  await Promise.all([writeFile(join(root, "action.yml"), ACTION), writeFile(program, PROGRAM), writeFile(join(root, "main.js"), "")]);
  const bench = await createBench({ actionRoot: root, stepPrograms: { verify: program }, spares: 1, ...options });
  return { bench, program };
};

const job = (...steps: string[]): string =>
  `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps.map((each) => `      - ${each}\n`).join("")}`;
const VERIFY = "{ uses: a/enki@v1, with: { command: verify, key: secret } }";
const COLD_LINE = /^started verify secret true true$/m;
const WARM_LINE = /^waited verify secret true false$/m;

const awaitWaiting = async (program: string, count: number): Promise<void> => {
  while ((await processesWith(`${program}\0wait`)).filter((line) => line.startsWith(process.execPath)).length !== count) await sleep(5);
};

test("a process that waited runs the step, and its first environment held nothing of the job", async () => {
  const { bench, program } = await openBench();
  bench.runner.warmUp();
  await awaitWaiting(program, 1);
  const run = await bench.run(job(VERIFY));
  expect(run.conclusion).toBe("success");
  expect(await run.log("a")).toMatch(WARM_LINE);
});

test("a job without a process in waiting opens its place when it starts, and no job gets the place of another", async () => {
  const { bench } = await openBench({ spares: 0 });
  const places: (string | undefined)[] = [];
  for (let count = 0; count < 2; count += 1) {
    const run = await bench.run(job(VERIFY));
    const log = await run.log("a");
    expect(log).toMatch(WARM_LINE);
    places.push(/^in (.*)$/m.exec(log)?.[1]);
  }
  expect(places[0]).not.toBe(places[1]);
  expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
});

test.each([
  ["another command of the job came first", ["{ run: echo foreign }", VERIFY]],
  ["a variable applies from the start of Node", [VERIFY.replace("with:", "env: { NODE_OPTIONS: --no-deprecation }, with:")]],
  ["the file of the job does not name its command", [VERIFY.replace("verify", "\"${{ format('verify') }}\"")]],
])("the step starts a process of its own if %s", async (_, steps) => {
  const { bench } = await openBench();
  const run = await bench.run(job(...steps));
  expect(run.conclusion).toBe("success");
  expect(await run.log("a")).toMatch(COLD_LINE);
});

test("the process in waiting is gone before a foreign command runs in its place", async () => {
  const { bench, program } = await openBench({ spares: 0 });
  const look = "{ run: \"! cat /proc/[0-9]*/cmdline 2> /dev/null | tr '\\\\0' ' ' | grep 'program[.]cjs wait'\" }";
  const run = await bench.run(job(look, VERIFY));
  expect(await run.log("a")).toMatch(COLD_LINE);
  expect(run.conclusion).toBe("success");
  await awaitWaiting(program, 0);
});

test("no process waits for a job that is not expected, and unexpected jobs open their own places", async () => {
  const { bench, program } = await openBench();
  bench.runner.warmUp();
  await awaitWaiting(program, 1);
  bench.runner.expectJobs(0);
  // The wait is longer than the time after which the runner would open another place.
  const run = await bench.run(job(VERIFY, "{ run: sleep 1 }"));
  expect(await run.log("a")).toMatch(WARM_LINE);
  expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
  const next = await bench.run(job(VERIFY));
  expect(await next.log("a")).toMatch(WARM_LINE);
  expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
});

test("a machine without namespaces starts each program when its step does", async () => {
  const { bench, program } = await openBench({ namespaces: false });
  bench.runner.warmUp();
  const run = await bench.run(job(VERIFY));
  expect(run.conclusion).toBe("success");
  expect(await run.log("a")).toMatch(COLD_LINE);
  expect(await processesWith(`${program}\0wait`)).toEqual([]);
});

test("a job that does not reach its program, and a runner that closes, leave no process and no directory", async () => {
  const { bench, program } = await openBench();
  const run = await bench.run(job("{ run: exit 1 }", VERIFY));
  expect(run.conclusion).toBe("failure");
  await awaitWaiting(program, 1);
  await bench.runner.close();
  expect(await processesWith(program)).toEqual([]);
  expect(await readdir(join(bench.directory, "jobs"))).toEqual([]);
});
