import { describe, expect, test } from "vitest";
import { renderNextCommand } from "../../../src/core/messages/next-command.ts";
import { emptyQueue } from "../../../src/core/domain/queue.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../conformance/story.ts";

const NOTHING = { kind: "nothing-to-do", reason: "The limit is 10 MB already." } as const;
const IDLE = { end: "unchanged", why: NOTHING.reason, outcome: NOTHING, output: "" } as const;

const needy = () => plan(step("fix"), step("test", { needs: [{ step: "fix", condition: "completed" }] }));

describe("a failed step with a report", () => {
  const failed = {
    end: "failed",
    why: "No network.",
    outcome: { kind: "failed", reason: "No network." },
    artifact: "# Half of it\n",
  } as const;

  test("keeps the report for people and for the next attempt", async () => {
    const story = openStory();
    await story.run(plan(step("look", { output: "artifact" })));
    await story.end("work/", failed);
    const { id } = story.execution();
    expect(story.step("look")).toMatchObject({ state: "failed", artifact: true, refusal: { message: "No network." } });
    expect(story.state.ledger.artifacts).toEqual({ [`${id}/look`]: "# Half of it\n" });
    expect(story.comment()).toContain("# Half of it");
    expect(story.comment()).toContain(`/blob/${story.step("look")?.result}/artifact.md`);
    await story.say({ kind: "retry", target: `${id}-look` });
    expect(story.spec("work/")).toMatchObject({ attempt: 2, artifacts: [{ step: "look", text: "# Half of it\n" }] });
  });

  test("ignores the report of a step that changes files", async () => {
    const story = openStory();
    await story.run(plan(step("fix")));
    await story.end("work/", failed);
    expect(story.state.ledger.artifacts).toEqual({});
  });
});

describe("a step with nothing to do", () => {
  test("holds its dependents until a person confirms, and its reason stays visible", async () => {
    const story = openStory();
    await story.run(needy());
    await story.end("work/", IDLE);
    const task = `${story.execution().id}-fix`;
    const approve = `/enki approve ${task}@${story.step("fix")?.result?.slice(0, 12)}`;
    expect(story.step("fix")).toMatchObject({
      state: "waiting",
      refusal: { code: "nothing-to-do", message: NOTHING.reason, next: approve },
    });
    expect(story.running()).toEqual([]);
    expect(story.comment()).toContain("found nothing to do; waits for you");
    expect(story.comment()).toContain(
      `\`fix\` found **nothing to do**: ${NOTHING.reason} To confirm and start the steps that need it, comment:`,
    );
    expect(story.comment()).toContain(approve);
    for (const kind of ["retry", "skip"]) expect(story.comment()).toContain(`/enki ${kind} ${task}`);
    await story.say({ kind: "approve-step", task, head: story.step("fix")?.result ?? "" });
    expect(story.step("fix")).toMatchObject({ state: "done", refusal: { code: "nothing-to-do" } });
    expect(story.job("work/")).toMatch(/-test\/1$/);
    expect(story.comment()).toContain(`nothing to change: ${NOTHING.reason}`);
  });

  test("runs again after `/enki retry`, with its own earlier reason", async () => {
    const story = openStory();
    await story.run(needy());
    await story.end("work/", IDLE);
    await story.say({ kind: "retry", target: `${story.execution().id}-fix` });
    expect(story.job("work/")).toMatch(/-fix\/2$/);
    expect(story.spec("work/").lastFailure).toContain(NOTHING.reason);
  });

  test("is skipped after `/enki skip`, and its dependents continue", async () => {
    const story = openStory();
    await story.run(needy());
    await story.end("work/", IDLE);
    await story.say({ kind: "skip", target: `${story.execution().id}-fix` });
    expect(story.job("work/")).toMatch(/-test\/1$/);
  });

  test("fails if no one answers in time", async () => {
    const story = openStory();
    await story.run(needy());
    await story.end("work/", IDLE);
    story.state.now += 31 * 24 * 60 * 60_000;
    await story.later();
    expect(story.step("fix")).toMatchObject({ state: "failed", refusal: { code: "no-approval" } });
  });

  test("holds nothing if the plan marks it as optional", async () => {
    const story = openStory();
    await story.run(plan(step("fix", { optional: true }), step("test", { needs: [{ step: "fix", condition: "completed" }] })));
    await story.end("work/", IDLE);
    expect(story.step("fix")).toMatchObject({ state: "done", refusal: { code: "nothing-to-do", message: NOTHING.reason } });
    expect(story.job("work/")).toMatch(/-test\/1$/);
  });

  test("is done immediately if nothing needs it, and the issue stays open", async () => {
    const story = openStory();
    await story.run(plan(step("fix")));
    await story.end("work/", IDLE);
    expect(story.execution().state).toBe("done");
    expect(story.comment()).toContain(`> \`fix\` found **nothing to do**: ${NOTHING.reason}`);
    expect(story.comment()).toContain("the issue stays open");
    expect(story.state.closed.has(1)).toBe(false);
  });

  test("closes the issue if another step landed", async () => {
    const story = openStory();
    await story.run(plan(step("fix"), step("docs")));
    await story.end("work/", IDLE);
    await story.end("work/");
    await story.end("verify/");
    expect(story.execution().state).toBe("done");
    expect(story.state.closed.has(1)).toBe(true);
  });

  test("holds a task of another execution that needs it", async () => {
    const story = openStory();
    await story.say({ kind: "do", text: "make it so" });
    const { id } = story.execution();
    const later = step("task", { needs: [{ task: `${id}-fix`, condition: "merged" }] });
    await story.end("plan/", {
      end: "success",
      tools: [
        { kind: "propose", plan: plan(step("fix")) },
        { kind: "create-task", step: later },
      ],
    });
    await story.say({ kind: "approve-plan", plan: story.execution().plan?.slice(0, 12) ?? "" });
    await story.end("work/", IDLE);
    expect(story.step("fix")).toMatchObject({ state: "waiting", refusal: { code: "nothing-to-do" } });
  });
});

test("gives the next attempt the reason and the last words of a failed attempt; people read the reason once", async () => {
  const story = openStory();
  await story.run(plan(step("fix")));
  const why = "The sandbox does not start.";
  await story.end("work/", { end: "failed", why, outcome: { kind: "failed", reason: why }, output: "I tried three shells." });
  expect(story.comment().split(why)).toHaveLength(2);
  expect(story.comment()).toContain("I tried three shells.");
  await story.say({ kind: "retry", target: null });
  expect(story.spec("work/").lastFailure).toBe(`${why}\n\nI tried three shells.`);
});

test("a failed outcome fails the step with its reason, and the execution does not say Done", async () => {
  const story = openStory();
  await story.run(needy());
  await story.end("work/");
  await story.end("verify/");
  const why = "The sandbox does not start: no command runs here.";
  await story.end("work/", { end: "failed", why, outcome: { kind: "failed", reason: why } });
  expect(story.step("test")).toMatchObject({ state: "failed", refusal: { code: "work-failed", message: why } });
  expect(story.execution().state).toBe("failed");
  expect(story.comment()).not.toContain("Done");
  expect(story.comment()).toContain(`**\`test\` failed.** ${why}`);
});

describe("a step with the outcome blocked", () => {
  const reason = "Which limit is meant: 10 or 100 MB?\nThe issue says both.";
  const BLOCKED = { end: "asked", why: reason, outcome: { kind: "blocked", reason } } as const;

  test("waits for a person's answer: its reason becomes the question if its agent sent none", async () => {
    const story = openStory();
    await story.run(needy());
    await story.end("work/", BLOCKED);
    const [question] = Object.values(story.ledger().mails);
    expect(question).toMatchObject({ to: "user", type: "request", status: "pending", body: reason });
    expect(story.step("fix")).toMatchObject({
      state: "waiting",
      refusal: { code: "asked", next: `/enki reply ${question?.id} <your answer>` },
    });
    expect(story.state.comments.some(({ body }) => body.includes("10 or 100 MB?") && body.includes(`/enki reply ${question?.id}`))).toBe(
      true,
    );
    await story.say({ kind: "reply", mail: question?.id ?? "", text: "10 MB" });
    expect(story.job("work/")).toMatch(/-fix\/2$/);
    expect(story.spec("work/").mails.map(({ body }) => body)).toEqual(expect.arrayContaining([reason, "10 MB"]));
  });

  test("asks once if its agent sent the question itself", async () => {
    const story = openStory();
    await story.run(needy());
    const worker = story.tools("work/");
    await worker.call("enki_mail_send", { to: "user", subject: "Which?", body: "10 or 100?", msg_type: "request" });
    await story.end("work/", { ...BLOCKED, tools: worker.recorded });
    expect(Object.values(story.ledger().mails).map(({ subject }) => subject)).toEqual(["Which?"]);
  });
});

test("accepts the result of an earlier version without an outcome", async () => {
  const story = openStory();
  await story.run(needy());
  await story.end("work/", { end: "unchanged" });
  expect(story.step("fix")).toMatchObject({ state: "done", refusal: null });
  expect(renderNextCommand(story.execution(), emptyQueue, { started: Object.values(story.execution().steps), planned: [] })).toBe("");
});
