import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  createStatusFunctions,
  evaluateText,
  type ExpressionScope,
  isConditionTrue,
  toExpressionValue,
} from "../../../src/local-github/actions/evaluate-expression.ts";
import { readActionsWorkflow } from "../../../src/local-github/actions/read-actions-workflow.ts";

// On GitHub a skipped job has no outputs. Another runner, act, gives their templates instead, and a condition that only
// compares such an output with '' would then hold.
const TEMPLATE = "${{ steps.any.outputs.any }}";

const readShipped = async (name: string) => {
  const read = await readActionsWorkflow(name, readFileSync(new URL(`../../../.github/workflows/${name}`, import.meta.url), "utf8"));
  if (!read.ok) throw new Error(read.reason);
  return read.workflow;
};

type NeededJob = { readonly result: string; readonly outputs: Readonly<Record<string, string>> };

const createScope = (needs: Readonly<Record<string, NeededJob>>, kind = ""): ExpressionScope => ({
  contexts: { needs: toExpressionValue(needs), inputs: toExpressionValue({ kind }), github: toExpressionValue({}) },
  functions: createStatusFunctions({ success: () => false, failure: () => false, cancelled: false }),
});

test.each([
  ["skipped", "", false],
  ["skipped", TEMPLATE, false],
  ["success", "", false],
  ["success", "60", true],
  ["failure", "", true],
])("given a coordinate job that ended as %s with wake-in '%s', clock runs: %s", async (result, wakeIn, runs) => {
  const { jobs } = await readShipped("enki.yml");
  const clock = jobs.find(({ id }) => id === "clock");
  expect(isConditionTrue(clock?.condition ?? "", createScope({ coordinate: { result, outputs: { "wake-in": wakeIn } } }))).toBe(runs);
});

test.each([
  ["verify", "agent"],
  ["work", "verify"],
])("publish of a %s job reads no output of the skipped job %s", async (kind, skipped) => {
  const ran = kind === "verify" ? "verify" : "agent";
  const needs = {
    [skipped]: { result: "skipped", outputs: { claimed: TEMPLATE, ledger: TEMPLATE, verdict: TEMPLATE } },
    [ran]: { result: "success", outputs: { claimed: "true", ledger: "a ledger", verdict: kind === "verify" ? "success" : "" } },
  };
  const { jobs } = await readShipped("enki-step.yml");
  const publish = jobs.find(({ id }) => id === "publish");
  const scope = createScope(needs, kind);
  expect(isConditionTrue(publish?.condition ?? "", scope)).toBe(true);
  const inputs = publish?.steps.flatMap(({ action }) => (action.kind === "uses" ? [action.with] : [])) ?? [];
  const values = inputs.flatMap((each) =>
    [each.get("ledger"), each.get("job-result")].flatMap((value) => (value ? [evaluateText(value, scope)] : [])),
  );
  expect(values).toEqual(["a ledger", "success"]);
});
