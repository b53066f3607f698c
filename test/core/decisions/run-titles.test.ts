import { expect, test } from "vitest";
import type { Effect } from "../../../src/core/domain/effect.ts";
import { readJobKey, readRunKey, toJobKey } from "../../../src/core/domain/job.ts";
import { toTaskId } from "../../../src/core/domain/ids.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const titlesOf = (effects: readonly Effect[]): string[] =>
  effects.flatMap((effect) => (effect.kind === "start-job" ? [`${effect.inputs.kind}: ${effect.inputs.title ?? "none"}`] : []));

test("jobs start with the title of their request, their step, or the steps of their candidate", async () => {
  const effects: Effect[] = [];
  const it = openStory({
    config: config({ refinery: { ...config().refinery, parallel: 2 } }),
    refuse: (effect) => {
      effects.push(effect);
      return null;
    },
  });
  const long = `Long ${"and long ".repeat(12)}title`;
  const id = await it.propose(plan(step("a", { title: "Fix the limit · now" }), step("b", { title: long })));
  await it.approve();
  for (const each of ["a", "b"]) it.finish(toJobKey({ kind: "work", target: toTaskId(id, each), attempt: 1 }), { end: "success" });
  await it.tell({ kind: "woken" });
  expect(titlesOf(effects)).toEqual([
    "plan: make it so",
    "work: Fix the limit · now",
    `work: ${long.slice(0, 99)}…`,
    "verify: Fix the limit · now",
    `verify: ${`Fix the limit · now, ${long}`.slice(0, 99)}…`,
  ]);
});

test.each([
  ["plan/abc123/1", "Fix it"],
  ["work/abc123-a_b-c/12", "Fix work/abc123-other/1 · now"],
  [`verify/${"a".repeat(40)}/1`, ""],
])("the key of %s is read from a run's name with any title", (key, title) => {
  expect(readJobKey(readRunKey(title === "" ? key : `${key} · ${title}`))).toEqual(readJobKey(key));
  expect(readJobKey(key)).not.toBeNull();
});

test.each(["x · work/abc123-a/1", " · work/abc123-a/1", "work/abc123-a/1· Fix", "work/abc123-a/1 Fix"])(
  "%j is the name of no job's run",
  (name) => {
    expect(readJobKey(readRunKey(name))).toBeNull();
  },
);
