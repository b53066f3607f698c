import { expect, test } from "vitest";
import type { Execution } from "../../src/core/domain/execution.ts";
import type { TreeInput } from "../../src/cli/execution-tree.ts";
import { formatStatus } from "../../src/cli/format-status.ts";
import { findContinuation } from "../../src/cli/run-continuation.ts";
import { ledgerOf } from "../local-github/web/ledgers.ts";
import { step, stepIn } from "../support/build.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const UNTIL = NOW + 3_600_000;

const statusOf = (isRun: boolean): string => {
  const waiting = { ...stepIn("fix", "ready"), notBefore: UNTIL, quota: { until: UNTIL, name: "model" } };
  const execution = ledgerOf([step("fix")], [waiting as never]).executions["abc123"] as Execution;
  const timeline = { states: [], steps: {}, marks: [] } as never;
  const tree: TreeInput = { execution, plan: null, queue: undefined, hold: null, timeline, now: NOW, width: 80, colour: (text) => text };
  const run = isRun ? { continuation: findContinuation(execution, "resumable") } : null;
  return formatStatus(tree, { name: "octo/demo", run, toPrintCommand: (path) => path }).join("\n");
};

test("an execution on a GitHub waits for the quota of its model; a kept run does nothing by itself, and only enki run continues it", () => {
  expect(statusOf(false)).toContain("then continues by itself. With another key: enki retry abc123");
  const lines = statusOf(true).split("\n").slice(1);
  expect(lines).toEqual(["Its model has no quota until 2026-11-20 13:00 UTC.", "  To continue: enki run --resume abc123"]);
});
