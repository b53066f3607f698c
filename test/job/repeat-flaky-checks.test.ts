import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { Flakiness } from "../../src/core/domain/flaky-check.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import { runVerifyJob } from "../../src/job/run-verify-job.ts";
import { plan, step } from "../support/build.ts";
import { openJobs } from "./stage.ts";

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => open?.repo.close());

/** Returns a command that fails in its first run and reports these failed tests, and passes in its second run. */
const flakyCommand = (tests: readonly string[], then = "exit 0"): string => {
  const cases = tests.map((name) => `<testcase name="${name}"><failure/></testcase>`).join("");
  return `test -e ran && ${then}; touch ran; mkdir -p out; echo '<testsuite name="s">${cases}</testsuite>' > out/r.xml; exit 1`;
};

type Known = { readonly command: string; readonly flakes?: number; readonly tests?: readonly string[] };
const flakiness = ({ command, flakes = 1, tests = [] }: Known): Flakiness => ({
  checks: [{ command, flakes, lastAt: 1, runs: 9, tests: tests.map((name) => ({ name, flakes: 1, lastAt: 1 })) }],
  redTrees: [],
});

type Played = {
  readonly command: string;
  readonly known?: Omit<Known, "command">;
  readonly reports?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** Files that the candidate changes. */
  readonly changed?: Readonly<Record<string, string>>;
  readonly before?: (workspace: string) => void;
};

const verify = async ({ command, known, reports = ["out/*.xml"], files = {}, changed, before }: Played) => {
  open = await openJobs({ verify: [command], reports, files, plan: plan(step("fix")) });
  const { repo, base, ledger, record } = open;
  const commit = changed ? await repo.commit("task/abcdef-fix", changed, { parents: [base] }) : base;
  const [queue] = Object.values(ledger.queues);
  const candidates = (queue?.candidates ?? []).map((each) => ({ ...each, commit, onto: base }));
  if (queue)
    await record({
      ...ledger,
      queues: { main: { ...queue, candidates, ...(known && { flakiness: flakiness({ command, ...known }) }) } },
    });
  const { host, at, log } = await open.prepare(`verify/${commit}/1`);
  before?.(host.workspace);
  const passed = await runVerifyJob(host);
  const bundle = await openBundle(at.bundle);
  if (!bundle.ok) throw new Error(bundle.refusal.message);
  return { passed, failures: bundle.value.report.failures, log: log.filter((line) => line.includes("once more")) };
};

describe("a red verify command", () => {
  test("runs once more if all its failed tests flaked before, and is green if it passes then", async () => {
    const command = flakyCommand(["mail"]);
    const { passed, failures, log } = await verify({ command, known: { tests: ["s > mail"] } });
    expect(passed).toBe(true);
    expect(failures).toEqual([{ command, tests: ["s > mail"], passedAgain: true }]);
    expect(log).toEqual(["Each failed test has failed before and then passed on the same files, so the command runs once more: s > mail"]);
  });

  test("stays red if it fails again, and runs no third time", async () => {
    const command = flakyCommand(["mail"], "echo x >> ran && test $(wc -l < ran) = 3");
    const { passed, failures } = await verify({ command, known: { tests: ["s > mail"] } });
    expect({ passed, failures }).toEqual({ passed: false, failures: [{ command, passedAgain: false }] });
  });

  test("does not run again for a new test, and reports which tests failed", async () => {
    const command = flakyCommand(["mail", "new"]);
    const { passed, failures } = await verify({ command, known: { flakes: 9, tests: ["s > mail"] } });
    expect(passed).toBe(false);
    expect(failures).toEqual([{ command, tests: ["s > mail", "s > new"], passedAgain: false }]);
  });

  test("does not run again if nothing is known of it", async () => {
    expect((await verify({ command: flakyCommand(["mail"]) })).passed).toBe(false);
  });

  test("does not run again because of a report that the candidate brings along", async () => {
    const report = '<testsuite name="s"><testcase name="mail"><failure/></testcase></testsuite>';
    const command = "test -e ran && exit 0; touch ran; exit 1";
    const { passed, failures } = await verify({ command, known: { tests: ["s > mail"] }, files: { "out/r.xml": report } });
    expect({ passed, failures }).toEqual({ passed: false, failures: [{ command, passedAgain: false }] });
  });

  test("has no report in a folder that is a link out of the workspace", async () => {
    const command = flakyCommand(["mail"]);
    const { failures } = await verify({ command, before: (workspace) => symlinkSync(join(workspace, "..", ".."), join(workspace, "out")) });
    expect(failures).toEqual([{ command, passedAgain: false }]);
  });

  test("names no tests if one of its reports is broken", async () => {
    const command = `mkdir -p out; echo '<testsuite' > out/a.xml; ${flakyCommand(["mail"])}`;
    const { passed, failures } = await verify({ command, known: { tests: ["s > mail"] } });
    expect({ passed, failures }).toEqual({ passed: false, failures: [{ command, passedAgain: false }] });
  });

  test("reads no pipe and no link among its reports", async () => {
    const command = `mkdir -p out; test -p out/a.xml || mkfifo out/a.xml; ln -sf /proc/self/environ out/b.xml; ${flakyCommand(["mail"])}`;
    const { passed, failures } = await verify({ command, known: { tests: ["s > mail"] } });
    expect({ passed, failures }).toEqual({ passed: true, failures: [{ command, tests: ["s > mail"], passedAgain: true }] });
  });

  test("without a report runs once more if it flaked twice and the candidate changes no tests", async () => {
    const command = "test -e ran && exit 0; touch ran; exit 1";
    const twice = { command, known: { flakes: 2 }, reports: [] };
    expect(await verify({ ...twice, changed: { "src/b.txt": "b" } })).toMatchObject({
      passed: true,
      log: ["This command has failed before and then passed on the same files, so it runs once more."],
    });
    expect((await verify({ ...twice, changed: { "src/b.txt": "b", "test/b.test.js": "test()" } })).passed).toBe(false);
    expect((await verify({ ...twice, known: { flakes: 1 }, changed: { "src/b.txt": "b" } })).passed).toBe(false);
  });

  test("is read by the report of a real test runner", async () => {
    const node = `'${process.execPath}' --test --test-reporter=junit --test-reporter-destination=out/node.xml flaky.test.mjs`;
    const script = [
      'import { existsSync, writeFileSync } from "node:fs";',
      'import { describe, test } from "node:test";',
      'describe("mail", () => test("is <sent> & read", () => {',
      '  if (!existsSync("ran")) { writeFileSync("ran", ""); throw new Error("too slow"); }',
      "}));",
    ].join("\n");
    const command = `mkdir -p out && ${node}`;
    const name = "mail > test > is <sent> & read";
    const files = { "flaky.test.mjs": script };
    expect(await verify({ command, files })).toMatchObject({ passed: false, failures: [{ tests: [name], passedAgain: false }] });
    expect(await verify({ command, files, known: { tests: [name] } })).toMatchObject({ passed: true, failures: [{ tests: [name] }] });
  });
});
