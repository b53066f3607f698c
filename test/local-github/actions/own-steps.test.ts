import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { OwnStepCall, OwnSteps } from "../../../src/local-github/actions/own-steps.ts";
import { createBench } from "./bench.ts";

const ACTION = `
name: Enki
description: For tests
inputs:
  command: { description: c, required: true }
  token: { description: t, default: "\${{ github.token }}" }
  bundle: { description: b }
  directory: { description: d }
outputs:
  commit: { description: o }
runs: { using: node24, main: main.js }
`;
const MAIN = `console.log("process ran", process.env.INPUT_COMMAND);`;

/** Opens a runner that performs `prepare` and `publish` itself, and records its calls. */
const openBench = async (run: OwnSteps["run"] = () => Promise.resolve(null)) => {
  const root = await mkdtemp(join(tmpdir(), "action-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await Promise.all([
    writeFile(join(root, "action.yml"), ACTION),
    writeFile(join(root, "main.js"), MAIN),
    writeFile(join(root, "verify.js"), MAIN.replace("process ran", "own program ran")),
  ]);
  const calls: OwnStepCall[] = [];
  const ownSteps: OwnSteps = {
    commands: ["prepare", "publish"],
    run: (call) => {
      calls.push(call);
      return run(call);
    },
  };
  return { bench: await createBench({ actionRoot: root, ownSteps, stepPrograms: { verify: join(root, "verify.js") } }), calls };
};

const job = (...steps: string[]): string =>
  `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps.map((each) => `      - ${each}\n`).join("")}`;
const PREPARE = "{ id: own, uses: a/enki@v1, with: { command: prepare } }";

test("an own step runs in the runner's process: its inputs, outputs and log are those of a process", async () => {
  const { bench, calls } = await openBench(({ setOutput, log }) => {
    setOutput("commit", "abc");
    log("token-1 is hidden\nsecond line");
    return Promise.resolve(null);
  });
  const run = await bench.run(job(PREPARE, '{ run: "echo got ${{ steps.own.outputs.commit }}" }'));
  expect(run.conclusion).toBe("success");
  expect(calls.map(({ command, readInput }) => [command, readInput("token"), readInput("bundle")])).toEqual([["prepare", "token-1", ""]]);
  const log = await run.log("a");
  expect(log).toMatch(/^\*\*\* is hidden\nsecond line$/m);
  expect(log).toMatch(/^got abc$/m);
  expect(log).not.toMatch(/process ran/);
});

test("the summary of an own step is kept beside the log of its job, without secrets", async () => {
  const { bench } = await openBench(async ({ writeSummary }) => {
    await writeSummary("### Done with token-1\n");
    return null;
  });
  const run = await bench.run(job(PREPARE, '{ run: "echo a step later >> $GITHUB_STEP_SUMMARY" }'));
  expect(await readFile(`${run.job("a")?.log}.summary.md`, "utf8")).toBe("### Done with ***\na step later\n");
});

test("an own step that fails fails its step with the reason", async () => {
  const { bench } = await openBench(() => Promise.resolve("nothing to prepare"));
  const run = await bench.run(job(PREPARE, "{ run: echo not reached }"));
  expect(run.conclusion).toBe("failure");
  expect(await run.log("a")).toMatch(/##\[error\]nothing to prepare/);
});

test.each([
  ["another command", [`{ uses: a/enki@v1, with: { command: agent } }`]],
  ["a step after a process of the job", ["{ run: echo foreign }", PREPARE]],
  ["a path outside of the job", [`{ uses: a/enki@v1, with: { command: publish, bundle: ../../../.. } }`]],
  ["a directory outside of the job", [`{ uses: a/enki@v1, with: { command: prepare, directory: /etc } }`]],
])("%s runs in a process of the job's cell", async (_, steps) => {
  const { bench, calls } = await openBench();
  const run = await bench.run(job(...steps));
  expect(run.conclusion).toBe("success");
  expect(await run.log("a")).toMatch(/^process ran/m);
  expect(calls).toEqual([]);
});

test("a job that is killed or cancelled stops its own step", async () => {
  const begun: { signal: (stop: AbortSignal) => void } = { signal: () => undefined };
  const { bench } = await openBench(
    ({ stop }) =>
      new Promise((resolve) => {
        stop.addEventListener("abort", () => resolve("stopped"));
        begun.signal(stop);
      }),
  );
  const ends = [(run: number): unknown => bench.runner.cancel(run), (run: number): unknown => bench.runner.killJob(run, "a")];
  const conclusions: string[] = [];
  for (const end of ends) {
    const started = new Promise<AbortSignal>((resolve) => (begun.signal = resolve));
    const run = bench.start(job(PREPARE));
    await started;
    end(run.id);
    conclusions.push((await run.ended).conclusion);
  }
  expect(conclusions).toEqual(["cancelled", "failure"]);
});

test("a command with a program of its own is run by that program, in a process of the job's cell", async () => {
  const { bench } = await openBench();
  const run = await bench.run(
    job("{ uses: a/enki@v1, with: { command: verify, token: t-2 } }", "{ uses: a/enki@v1, with: { command: work } }"),
  );
  expect(run.conclusion).toBe("success");
  expect(await run.log("a")).toMatch(/^own program ran verify\n[^]*^process ran work$/m);
});
