import { expect, test } from "vitest";
import { openStory } from "../../conformance/story.ts";
import { plan, step } from "../../support/build.ts";

const runOf = (it: ReturnType<typeof openStory>, start: string): string =>
  `[run](https://github.test/octo/demo/actions/runs/${it.state.runs.findLast(({ name }) => name.startsWith(start))?.id ?? 0})`;

test("the comment links each step to the run that shows most about it", async () => {
  const it = openStory();
  await it.run(plan(step("a"), step("b", { needs: ["a"] })));
  const { id } = it.execution();
  expect(it.comment()).toMatch(/🔵 running · \[run\].*\| `a` \|/);
  expect(it.comment()).toContain(runOf(it, `work/${id}-a/1`));
  expect(it.comment().match(/\[run\]/g)).toHaveLength(1);
  await it.end("work/");
  await it.later();
  expect(it.comment()).toContain(runOf(it, "verify/"));
  await it.end("verify/");
  await it.end("work/", { end: "failed", why: "no" });
  expect(it.comment()).toMatch(/❌ \*\*failed\*\* · \[run\].*\| `b` \|/);
  expect(it.comment()).toContain(runOf(it, `work/${id}-b/1`));
});

test("a status on a head links to the execution's comment", async () => {
  const it = openStory();
  await it.run(plan(step("a", { checkpoint: true })));
  await it.end("work/");
  await it.end("verify/");
  const { issue } = it.execution();
  const status = it.state.statuses.findLast(({ text }) => /checkpoint/.test(text));
  expect(status?.url).toMatch(new RegExp(`^https://github.test/octo/demo/issues/${issue}#issuecomment-\\d+$`));
});
