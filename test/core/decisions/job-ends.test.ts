import { expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

test.each([
  ["failed", "work-failed"],
  ["cancelled", "work-cancelled"],
  ["refused", "work-refused"],
] as const)("a job that ends as %s fails its step with a reason of its own", async (end, code) => {
  const it = openStory();
  await it.propose(plan(step("fix")));
  await it.approve();
  await it.end("work/", { end });
  expect(it.at("fix")).toMatchObject({ state: "failed", refusal: { code, message: `the job ended as ${end}` } });
  expect(it.comment()).toContain(`refusals.md#${code})`);
});
