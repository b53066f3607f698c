import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createBench, type Bench } from "./bench.ts";

// A run that waits at a pipe with its name, so a test decides its end.
const workflow = (settings: string, where = ""): string => `
on: workflow_dispatch
run-name: \${{ inputs.name }}
${where === "job" ? "" : settings}
jobs:
  work:
    runs-on: x
    ${where === "job" ? settings : ""}
    steps:
      - run: '[ -e "$GATE" ] || mkfifo "$GATE"; echo started; exec cat "$GATE"'
        env: { GATE: "\${{ github.event.gates }}/\${{ inputs.name }}" }
`;

const start = (bench: Bench, text: string, name: string, request = {}) =>
  bench.start(text, { inputs: { name }, event: { name: "workflow_dispatch", payload: { gates: bench.outside } }, ...request });

const open = (bench: Bench, ...names: string[]): Promise<unknown> =>
  Promise.all(names.map((name) => writeFile(join(bench.outside, name), "")));

const conclusions = (runs: readonly ReturnType<typeof start>[]): Promise<string[]> =>
  Promise.all(runs.map(async (run) => (await run.ended).conclusion));

test("one run of a group runs, one waits, and a newer run replaces the waiting one", async () => {
  const bench = await createBench();
  const text = workflow("concurrency: deploy");
  const one = start(bench, text, "one");
  await one.says("work", "started");
  const [two, three] = [start(bench, text, "two"), start(bench, text, "three")];
  expect(await two.ended).toMatchObject({ conclusion: "cancelled" });
  expect(three.reports).toEqual([]);
  await open(bench, "one", "three");
  expect(await conclusions([one, two, three])).toEqual(["success", "cancelled", "success"]);
  expect(bench.minted).toHaveLength(2);
});

test("`cancel-in-progress` cancels the running one", async () => {
  const bench = await createBench();
  const text = workflow('concurrency: { group: "G-${{ github.ref }}", cancel-in-progress: true }');
  const one = start(bench, text, "one");
  await one.says("work", "started");
  const two = start(bench, text, "two");
  await open(bench, "two");
  expect(await conclusions([one, two])).toEqual(["cancelled", "success"]);
  expect(await one.log("work")).toContain("a higher priority waiting request for 'G-refs/heads/main' exists");
});

test("`queue: max` keeps up to a hundred waiting runs in order", async () => {
  const bench = await createBench();
  const text = workflow("concurrency: { group: all, queue: max }");
  const first = start(bench, text, "one");
  await first.says("work", "started");
  const names = Array.from({ length: 101 }, (_, at) => `n${at}`);
  const runs = names.map((name) => start(bench, text, name));
  expect(await runs[100]?.ended).toMatchObject({ conclusion: "cancelled" });
  bench.runner.cancel(runs[1]?.id ?? 0);
  for (const run of runs.slice(5, 100)) bench.runner.cancel(run.id);
  await open(bench, "one", ...names);
  expect(await conclusions(runs.slice(0, 6))).toEqual(["success", "cancelled", "success", "success", "success", "cancelled"]);
});

test("group names ignore case and belong to one repository", async () => {
  const bench = await createBench();
  const one = start(bench, workflow("concurrency: Deploy"), "one");
  await one.says("work", "started");
  const same = start(bench, workflow("concurrency: deploy"), "same");
  const other = start(bench, workflow("concurrency: deploy"), "other", {
    repository: { owner: "octo", name: "other", defaultBranch: "main" },
  });
  await open(bench, "other");
  expect((await other.ended).conclusion).toBe("success");
  expect(same.reports).toEqual([]);
  await open(bench, "one", "same");
  expect(await conclusions([one, same])).toEqual(["success", "success"]);
});

test("a job's group delays the job, not its run", async () => {
  const bench = await createBench();
  const text = workflow("concurrency: { group: jobs }", "job");
  const one = start(bench, text, "one");
  await one.says("work", "started");
  const two = start(bench, text, "two");
  await expect.poll(() => two.job("work")?.status).toBe("queued");
  const three = start(bench, text, "three");
  expect((await two.ended).conclusion).toBe("cancelled");
  expect(two.ends()).toEqual(["work: cancelled"]);
  await open(bench, "one", "three");
  expect(await conclusions([one, three])).toEqual(["success", "success"]);
});

test("cancels a job that waits for the group of its own run, which would be a deadlock", async () => {
  const bench = await createBench();
  const run = await bench.run(`on: push\nconcurrency: g\njobs:\n  a: { runs-on: x, concurrency: g, steps: [{ run: "true" }] }\n`);
  expect(run).toMatchObject({ conclusion: "cancelled" });
});

test("never starts a run that is cancelled while it waits", async () => {
  const bench = await createBench();
  const text = workflow("concurrency: g");
  const one = start(bench, text, "one");
  await one.says("work", "started");
  const two = start(bench, text, "two");
  await expect.poll(() => two.titles).toEqual(["two"]);
  bench.runner.cancel(two.id);
  expect((await two.ended).conclusion).toBe("cancelled");
  await open(bench, "one");
  expect((await one.ended).conclusion).toBe("success");
});

test("runs no more jobs at the same time than there are slots", async () => {
  const bench = await createBench({ slots: 1 });
  const [one, two] = [start(bench, workflow(""), "one"), start(bench, workflow(""), "two")];
  await one.says("work", "started");
  expect(two.job("work")?.status).toBe("queued");
  await open(bench, "one", "two");
  expect(await conclusions([one, two])).toEqual(["success", "success"]);
});
