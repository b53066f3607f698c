import { expect, test } from "vitest";
import { countExpectedJobs } from "../../src/cli/count-expected-jobs.ts";
import { createStep } from "../../src/core/domain/step.ts";
import type { Step } from "../../src/core/domain/step.ts";

const count = (states: readonly ("pending" | "ready" | "running" | "published" | "done")[], output: "branch" | "artifact") => {
  const all = states.map((state, index): Step => ({ ...createStep(`s${index}`), state }));
  const steps = Object.fromEntries(all.map((step) => [step.id, step]));
  return countExpectedJobs({ execution: { state: "running", steps }, plan: { steps: all.map(({ id }) => ({ id, output })) } });
};

test("a run expects a job for each step that has not started, and one that verifies what may land", () => {
  expect(count(["done", "running", "ready", "pending"], "artifact")).toBe(2);
  expect(count(["done", "running", "ready", "pending"], "branch")).toBe(3);
  expect(count(["done", "published"], "branch")).toBe(1);
  expect(count(["done", "running"], "artifact")).toBe(0);
});

test("nothing is known before the plan is approved", () => {
  expect(countExpectedJobs({ execution: { state: "planning", steps: {} }, plan: null })).toBeNull();
  expect(countExpectedJobs({ execution: { state: "proposed", steps: {} }, plan: { steps: [] } })).toBeNull();
});
