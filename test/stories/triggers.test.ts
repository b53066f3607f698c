import { describe, expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { type OpenStage, openStage, type StageOptions } from "./stage.ts";

const PLANS: StageOptions = { script: (spec) => (spec.kind === "plan" ? { plan: plan(step("fix")) } : "hangs") };
const BODY = "Uploads of more than 1 MB end with 413.";

const executionsOn = async (stage: OpenStage, issue: number): Promise<number> => (await stage.said(issue, "execution")).length;

/** Resolves when Enki has read every comment so far: it has answered a last comment from the maintainer. */
const settle = async (stage: OpenStage, issue: number): Promise<void> => {
  const known = (await stage.said(issue, "reply")).length;
  await stage.maintainer.comment(issue, "/enki help");
  await stage.until("an answer", async () => (await stage.said(issue, "reply")).length > known);
};

describe("triggers besides a comment", () => {
  test("/enki fix in the text of a new issue is a command, and a reaction shows that it was read", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", `${BODY}\n\n/enki fix`);
    await stage.planned(issue);
    expect(await stage.shows(issue, /> Uploads fail/)).toContain("Based on this issue as of");
    const { reactions } = (await stage.does("GET", `/issues/${issue}`)) as { reactions: { eyes: number } };
    expect(reactions.eyes).toBe(1);
  });

  test("@enki fix is the same as /enki fix; a mere mention gets no answer", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
    await stage.maintainer.comment(issue, "@enki is great, isn't it?");
    await settle(stage, issue);
    expect(await stage.said(issue)).toHaveLength(1);
    await stage.maintainer.comment(issue, "@enki fix");
    await stage.planned(issue);
  });

  test("the label starts the same as a bare /enki fix, by the person who set it", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
    await stage.does("POST", `/issues/${issue}/labels`, { labels: ["bug"] });
    await settle(stage, issue);
    expect(await executionsOn(stage, issue)).toBe(0);
    await stage.does("POST", `/issues/${issue}/labels`, { labels: ["Enki"] });
    await stage.planned(issue);
    expect(await stage.shows(issue, /> Uploads fail/)).toContain("requested by maintainer");
  });

  test("the configured label starts an issue, and an empty name disables labels", async () => {
    for (const [label, count] of [
      ["ready for enki", 1],
      ["", 0],
    ] as const) {
      const files = { ".enki/enki.toml": `[refinery]\nverify = ["true"]\n\n[triggers]\nlabel = "${label}"\n` };
      const stage = await openStage({ ...PLANS, files });
      const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
      await stage.does("POST", `/issues/${issue}/labels`, { labels: ["enki", "ready for enki"] });
      if (count === 1) await stage.planned(issue);
      await settle(stage, issue);
      expect(await executionsOn(stage, issue)).toBe(count);
    }
  });

  test("assignment to the bot starts the same; assignment to a person starts nothing", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
    await stage.does("POST", `/issues/${issue}/assignees`, { assignees: ["maintainer"] });
    await settle(stage, issue);
    expect(await executionsOn(stage, issue)).toBe(0);
    await stage.does("POST", `/issues/${issue}/assignees`, { assignees: ["enki[bot]"] });
    await stage.planned(issue);
  });

  test("the person who set the label needs the command's permission and is told so", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
    await stage.labelBy({ login: "helper", role: "triage" }, issue, "enki");
    expect(await stage.replies(issue, /no-permission/)).toContain("added the label `enki`");
    expect(await executionsOn(stage, issue)).toBe(0);
  });

  test("a label that a bot set starts nothing", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
    await stage.appDoes("sorter", `/issues/${issue}/labels`, { labels: ["enki"] });
    await settle(stage, issue);
    await stage.sweep();
    expect(await executionsOn(stage, issue)).toBe(0);
  });
});

describe("a label counts once", () => {
  test("a label older than the execution has no effect; removing it has none; setting it again starts again", async () => {
    const stage = await openStage(PLANS);
    const issue = await stage.maintainer.openIssue("Uploads fail", BODY);
    await stage.does("POST", `/issues/${issue}/labels`, { labels: ["enki"] });
    await stage.does("POST", `/issues/${issue}/assignees`, { assignees: ["enki[bot]"] });
    await stage.planned(issue);
    await stage.does("DELETE", `/issues/${issue}/labels/enki`);
    await stage.sweep();
    expect(await stage.said(issue, "execution")).toHaveLength(1);
    await stage.maintainer.comment(issue, "/enki cancel");
    await stage.shows(issue, /Cancelled/);
    await stage.sweep();
    expect(await executionsOn(stage, issue)).toBe(1);
    stage.later(2_000);
    await stage.does("POST", `/issues/${issue}/labels`, { labels: ["enki"] });
    await stage.until("another execution", async () => (await executionsOn(stage, issue)) === 2);
  });
});

describe("B-25 lost, doubled and late deliveries only change the time", () => {
  test("without webhooks a sweep finds the text, the label and the assignment, each once", async () => {
    const stage = await openStage({ ...PLANS, webhooks: false });
    const texts = await stage.maintainer.openIssue("In its text", "/enki fix");
    const labeled = await stage.maintainer.openIssue("By a label", BODY);
    const assigned = await stage.maintainer.openIssue("By an assignment", BODY);
    await stage.maintainer.comment(texts, "Me too.");
    await stage.does("POST", `/issues/${labeled}/labels`, { labels: ["enki"] });
    await stage.does("POST", `/issues/${assigned}/assignees`, { assignees: ["enki[bot]"] });
    const issues = [texts, labeled, assigned];
    await stage.sweepUntil("three plans", async () => {
      const said = await Promise.all(issues.map((issue) => stage.said(issue, "execution")));
      return said.every((each) => each.join().includes("/enki approve"));
    });
    for (let count = 0; count < 3; count += 1) {
      stage.later(30_000);
      await stage.sweep();
    }
    expect(await Promise.all(issues.map((issue) => stage.said(issue, "execution")))).toEqual([
      [expect.any(String)],
      [expect.any(String)],
      [expect.any(String)],
    ]);
  });

  test("webhooks delivered twice and swept start one execution each", async () => {
    const stage = await openStage({ ...PLANS, faults: { deliveries: () => 2 } });
    const texts = await stage.maintainer.openIssue("In its text", "/enki fix");
    const labeled = await stage.maintainer.openIssue("By a label", BODY);
    await stage.does("POST", `/issues/${labeled}/labels`, { labels: ["enki"] });
    await stage.planned(texts);
    await stage.planned(labeled);
    stage.later(10_000);
    await stage.sweep();
    expect([await executionsOn(stage, texts), await executionsOn(stage, labeled)]).toEqual([1, 1]);
  });
});

test("B-29 a text edited before it was read is refused; a comment in between is not an edit", async () => {
  const stage = await openStage({ ...PLANS, webhooks: false });
  const edited = await stage.maintainer.openIssue("Uploads fail", BODY);
  const talked = await stage.maintainer.openIssue("Uploads fail", "/enki fix");
  stage.later(20_000);
  await stage.does("PATCH", `/issues/${edited}`, { body: "/enki fix" });
  await stage.maintainer.comment(talked, "Me too.");
  await stage.sweep();
  expect(await stage.replies(edited, /edited-issue/)).toContain("it is not clear who wrote what");
  await stage.sweepUntil("a plan", async () => (await stage.said(talked, "execution")).join().includes("/enki approve"));
  expect(await executionsOn(stage, edited)).toBe(0);
});
