import { join } from "node:path";
import { expect, test } from "vitest";
import type { Execution } from "../../src/core/domain/execution.ts";
import type { TaskId } from "../../src/core/domain/ids.ts";
import { emptyQueue, type QueueItem } from "../../src/core/domain/queue.ts";
import { filesOf, ledgerOf } from "../local-github/web/ledgers.ts";
import { step, stepIn } from "../support/build.ts";
import { makeRepository, openTerminal } from "./stage.ts";
import { writeLedger } from "./write-ledger.ts";

const HEAD = "a".repeat(40);
const queued = (task: TaskId): QueueItem => ({
  task,
  state: "queued",
  head: HEAD,
  refusal: null,
  strikes: 0,
  passedBefore: false,
  mergedAgainst: null,
  failedCommit: null,
  log: "",
});

/** Two requests; the tasks wait in the queue of `main`. */
const showQueueOf = async (...tasks: readonly TaskId[]) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  const git = makeRepository(cwd, { "list.txt": "b\na\n" });
  const ledger = ledgerOf([step("proxy"), step("docs")], [stepIn("proxy", "published"), stepIn("docs", "published")]);
  const first = ledger.executions["abc123"] as Execution;
  const second: Execution = { ...first, id: "def456", issue: 2, request: "document it" };
  const queue = { ...emptyQueue, items: tasks.map(queued) };
  const files = filesOf({ ...ledger, executions: { abc123: first, def456: second }, queues: { main: queue } });
  writeLedger(git, cwd, { files });
  return (await terminal.call(["status"], { cwd })).out;
};

test("`enki status` prints a queue in which several executions wait, after the executions", async () => {
  const out = await showQueueOf("abc123-proxy", "def456-proxy", "abc123-docs");
  expect(out).toMatch(/^abc123 {2}running, [^]*\ndef456 {2}running, [^]*document it\n/);
  expect(out.slice(out.indexOf("\n\n"))).toBe(
    [
      "",
      "",
      "The queue of main: 3 wait",
      "  1. abc123-proxy Do proxy: next in the queue",
      "  2. def456-proxy Do proxy: in the queue, 1 ahead",
      "  3. abc123-docs Do docs: in the queue, 2 ahead",
      "",
    ].join("\n"),
  );
});

test("`enki status` leaves out a queue with work of one execution, whose tree shows the places", async () => {
  const out = await showQueueOf("abc123-proxy", "abc123-docs");
  expect(out).toContain("in the queue, 1 ahead");
  expect(out).not.toContain("The queue of main");
});
