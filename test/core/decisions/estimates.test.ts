import { expect, test } from "vitest";
import { NO_USAGE } from "../../../src/core/domain/agent-usage.ts";
import { ARCHIVE_REF } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const open = () => openStory({ config: config({ policy: { ...config().policy, tests: "checkpoint" } }) });

test("a proposed plan has no estimate before a step has finished here, and one afterwards", async () => {
  const it = open();
  await it.propose(plan(step("fix")));
  expect(it.comment()).toContain("No estimate of time and money yet");
  await it.approve();
  expect(it.comment()).not.toContain("No estimate");
  await it.end(`work/${it.task("fix")}/`, { end: "success", usage: { ...NO_USAGE, costUsd: 0.75 } });
  await it.verified();
  // Each question takes the memory world a millisecond.
  expect(Object.values(it.execution()?.times ?? {}).map((ms = 0) => Math.round(ms / 1_000))).toEqual([30]);
  await it.propose(plan(step("more"), step("next", { needs: ["more"] })), 2);
  expect(it.comment()).toContain("Estimate: 2 min along `more` → `next`; $1.50 for all steps.");
  it.replay();
});

test("an estimate also reads the archive, once for each of its commits", async () => {
  const it = open();
  it.state.refs[ARCHIVE_REF] = "a".repeat(40);
  it.state.history = { "/standard": { ms: [600_000], usd: [2] } };
  await it.propose(plan(step("fix")));
  expect(it.comment()).toContain("Estimate: 10 min; $2.00 for all steps.");
  const reads = it.state.requests;
  await it.tell({ kind: "woken" });
  expect(it.state.requests).toBe(reads);
  it.replay();
});
