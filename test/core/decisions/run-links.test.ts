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
  expect(it.comment()).toContain(`| planner | 1 |  | ${runOf(it, `plan/${id}/1`)} |`);
  expect(it.comment().match(/\[run\]/g)).toHaveLength(2);
  await it.end("work/");
  await it.later();
  expect(it.comment()).toContain(runOf(it, "verify/"));
  await it.end("verify/");
  await it.end("work/", { end: "failed", why: "no" });
  expect(it.comment()).toMatch(/❌ \*\*failed\*\* · \[run\].*\| `b` \|/);
  expect(it.comment()).toContain(runOf(it, `work/${id}-b/1`));
});

test("the comment links every ended attempt and verification, and each step at rest links its last run", async () => {
  const it = openStory();
  await it.run(plan(step("a"), step("b")));
  const { id } = it.execution();
  await it.end(`work/${id}-a`, { end: "crashed", why: "no" });
  expect(it.comment()).toMatch(/retried soon · \[run\].*\| `a` \|/);
  await it.end(`work/${id}-b`);
  await it.end("verify/");
  it.state.now += 25 * 60_000;
  await it.later();
  expect(it.step("a")).toMatchObject({ state: "running", attempt: 2 });
  const rows = it.comment().slice(it.comment().indexOf("Attempts and runs"));
  expect(it.comment()).toMatch(/✅ landed .* · \[run\].*\| `b` \|/);
  expect(rows).toContain(`| \`a\` | 1 |  | ${runOf(it, `work/${id}-a/1`)} |`);
  expect(rows).toContain(`| \`b\` | 1 |  | ${runOf(it, `work/${id}-b/1`)} |`);
  expect(rows).toContain(`| \`b\` (verified) |  |  | ${runOf(it, "verify/")} |`);
  // The second attempt is running.
  expect(rows).not.toContain(`\`a\` | 2`);
});

test("a failed planner links its attempts", async () => {
  const it = openStory();
  await it.say({ kind: "do", text: "x" });
  const { id } = it.execution();
  await it.end("plan/", { end: "failed", why: "no" });
  expect(it.execution().state).toBe("failed");
  expect(it.comment()).toContain(runOf(it, `plan/${id}/1`));
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
