import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { toLedgerFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { createStep } from "../../../src/core/domain/step.ts";
import { LEDGER_REF } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { repository } from "../../support/repository.ts";
import { TOOLS_OF } from "../../support/tools.ts";
import { connectStdio, pipe, request } from "./stage.ts";

const cleaning: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleaning.splice(0).toReversed()) await clean();
});

const open = async (...args: string[]) => {
  const cwd = mkdtempSync(join(tmpdir(), "enki-stdio-"));
  cleaning.push(() => rmSync(cwd, { recursive: true, force: true }));
  const client = await connectStdio(args, { cwd });
  cleaning.push(client.close);
  return { cwd, ...client };
};

test("without a job checks a plan and refuses it because no job would receive it", async () => {
  const { call } = await open("--role", "planner", "--task", "abc123-plan");
  const both = [
    { id: "a", title: "t", description: "d", needs: ["b"] },
    { id: "b", title: "t", description: "d", needs: ["a"] },
  ];
  expect(await call("enki_execution_create", { steps: both })).toEqual({ isError: true, text: "steps form a cycle: a -> b -> a" });
  expect(await call("enki_execution_create", { steps: [{ id: "a", title: "t", description: "d", role: "bug_fixer" }] })).toEqual({
    isError: true,
    text: "no job runs here: this tool records nothing",
  });
});

test("without a job a worker can only read; arguments are still checked", async () => {
  const { call, cwd } = await open("--role", "worker", "--task", "abc123-fix");
  writeFileSync(join(cwd, "a.txt"), "one\n");
  const { text } = await call("enki_edit_file", { path: "a.txt" });
  expect(text).toMatch(/^1:[0-9a-f]{6}\|one$/);
  expect(await call("enki_edit_file", { path: "a.txt", content: `${text}\ntwo` })).toEqual({
    isError: true,
    text: "no job runs here: this tool changes nothing",
  });
  expect(readFileSync(join(cwd, "a.txt"), "utf8")).toBe("one\n");
  expect(await call("enki_worker_report", {})).toEqual({ isError: true, text: "missing required parameter: status" });
  expect(await call("enki_worker_report", { status: "s" })).toMatchObject({ isError: true });
});

test("--no-edit removes the editing tool", async () => {
  const { list } = await open("--role", "worker", "--no-edit", "--task", "abc123-look");
  expect(await list()).toEqual(TOOLS_OF.N);
});

test("uses the repository's roles and its limit of steps", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "enki-stdio-"));
  cleaning.push(() => rmSync(cwd, { recursive: true, force: true }));
  mkdirSync(join(cwd, ".enki", "roles"), { recursive: true });
  writeFileSync(join(cwd, ".enki", "enki.toml"), "[plan]\nmax_steps = 1\n");
  writeFileSync(join(cwd, ".enki", "roles", "gardener.toml"), 'name = "gardener"\nlabel = "G"\ndescription = "d"\nsystem_prompt = "p"\n');
  const client = await connectStdio(["--role", "planner", "--task", "x"], { cwd });
  cleaning.push(client.close);
  const one = (id: string) => ({ id, title: "t", description: "d", role: "gardener" });
  expect((await client.call("enki_execution_create", { steps: [one("a")] })).text).toContain("no job runs here");
  expect((await client.call("enki_execution_create", { steps: [one("a"), one("b")] })).text).toBe(
    "a plan has at most 1 steps, but this plan has 2",
  );
});

const execution: Execution = {
  id: "abc123",
  issue: 1,
  onPullRequest: false,
  requestedBy: "maintainer",
  request: "fix it",
  baseBranch: "main",
  createdAt: 0,
  state: "running",
  refusal: null,
  amendment: null,
  planOnly: false,
  planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
  plan: "f".repeat(64),
  approved: null,
  steps: { fix: { ...createStep("fix"), state: "done" }, test: { ...createStep("test"), state: "running" } },
  spent: 0,
};

test("without a job shows the task's execution from the working directory's repository", async () => {
  const repo = await repository();
  cleaning.push(repo.close);
  const ledger: Ledger = {
    ...emptyLedger,
    executions: { abc123: execution },
    plans: { ["f".repeat(64)]: plan(step("fix", { title: "Fix" }), step("test", { title: "Test", needs: ["fix"] })) },
  };
  const clone = await repo.clone();
  const files = new Map(
    [...toLedgerFiles(null, ledger)].map(([path, content]) => [path, { content: content ?? "", mode: "100644" as const }]),
  );
  const commit = await clone.writeCommit({ tree: await clone.writeFiles(null, files), parents: [], message: "a write", at: 0 });
  await clone.push([{ ref: LEDGER_REF, oldSha: null, newSha: commit }]);
  const client = await connectStdio(["--role", "worker", "--task", "abc123-test"], { cwd: repo.url });
  cleaning.push(client.close);
  expect((await client.call("enki_status")).text).toBe("tasks: 0 pending, 1 running, 1 done, 0 failed (2 total)");
  expect((await client.call("enki_task_list")).text).toBe("abc123-fix | done | standard | Fix\nabc123-test | running | standard | Test");
  expect((await client.call("enki_dag")).text).toBe("fix [done]\ntest [running] <- fix");
  const other = await connectStdio(["--role", "worker", "--task", "ffffff-test"], { cwd: repo.url });
  cleaning.push(other.close);
  expect((await other.call("enki_task_list")).text).toBe("No tasks.");
});

test("answers requests before the end of standard input and exits with 0", async () => {
  const cwd = mkdtempSync(join(tmpdir(), "enki-stdio-"));
  cleaning.push(() => rmSync(cwd, { recursive: true, force: true }));
  writeFileSync(join(cwd, "a.txt"), "one\n");
  const { code, answers } = await pipe(request(1, "enki_edit_file", { path: "a.txt" }) + request(2, "enki_status"), { cwd }).ended;
  expect(code).toBe(0);
  expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([1, 2]));
});

test.each([
  [["--role", "king"], "--role must be one of planner, worker, merger, sidecar"],
  [[], "--role must be one of planner, worker, merger, sidecar"],
  [["--role", "worker", "--edit"], "there is no option --edit"],
])("exits with 2 and a reason for invalid arguments: %j", async (args, why) => {
  const { code, err } = await pipe("", { args }).ended;
  expect(code).toBe(2);
  expect(err).toContain(why);
});
