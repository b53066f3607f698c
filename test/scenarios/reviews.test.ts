import { describe, expect, test } from "vitest";
import type { JobSpec } from "../../src/jobs/spec.ts";
import { plan, step } from "../support/build.ts";
import type { Script } from "./quick-runner.ts";
import { openStage, type OpenStage, type StageOptions } from "./stage.ts";

/** One step that adds a file of ten lines, as a checkpoint: it waits for its reviewer. */
const script: Script = (spec: JobSpec) => {
  if (spec.kind === "plan") return { plan: plan(step("fix", { checkpoint: true })) };
  if (spec.kind === "verify") return { verdict: "green" };
  return { files: { "fix.txt": "one\ntwo\nthree\n" } };
};

/** A story up to the pull request of its step that waits for a review; `waiting` gives its number. */
const begun = async (over: Partial<StageOptions> = {}) => {
  const stage = await openStage({ script, ...over });
  const issue = await stage.ask();
  await stage.approve(issue);
  const shown = await stage.shows(issue, /approve #\d+ with a review/);
  return { ...stage, issue, pull: Number(/approve #(\d+) with a review/.exec(shown)?.[1]) };
};

const LINE = { path: "fix.txt", line: 2 };

/** Enki's answers in the threads of a pull request's comments on lines. */
const answers = async ({ maintainer }: OpenStage, pull: number): Promise<string[]> =>
  (await maintainer.lineComments(pull)).flatMap(({ user, body }) => (user.login === "enki[bot]" ? [body] : []));

describe("commands in reviews and in comments on lines", () => {
  test("a command in a review's text works as in a comment, and an unknown one is answered on the pull request", async () => {
    const stage = await begun();
    await stage.maintainer.review(stage.pull, { event: "COMMENT", body: "Hm.\n\n/enki canel" });
    expect(await stage.replies(stage.pull, /unknown-command/)).toContain("/enki cancel");
    await stage.maintainer.review(stage.pull, { event: "COMMENT", body: "Not needed any more.\n\n/enki cancel" });
    await stage.shows(stage.issue, /^### Cancelled/m);
  });

  test("a command in a comment on a line works, and an unknown one is answered in its thread, once", async () => {
    const stage = await begun();
    await stage.maintainer.review(stage.pull, { event: "COMMENT", comments: [{ ...LINE, body: "/enki canel" }] });
    const [first] = await stage.until("an answer in the thread", async () => {
      const all = await answers(stage, stage.pull);
      return all.length > 0 && all;
    });
    expect(first).toContain("/enki cancel");
    const [comment] = await stage.maintainer.lineComments(stage.pull);
    await stage.maintainer.answerLine(stage.pull, comment?.id ?? 0, "/enki cancel");
    await stage.shows(stage.issue, /^### Cancelled/m);
    expect(await answers(stage, stage.pull)).toHaveLength(1);
    expect(await stage.said(stage.pull, "reply")).toEqual([]);
  });

  test("on a step's pull request a command without a name speaks of that step", async () => {
    const stage = await begun();
    await stage.maintainer.comment(stage.pull, "/enki pause");
    await stage.shows(stage.issue, /paused/i);
    await stage.maintainer.comment(stage.pull, "/enki status");
    expect(await stage.replies(stage.pull, /Execution/)).toContain("1 paused");
    await stage.maintainer.comment(stage.pull, "/enki fix something else");
    expect(await stage.replies(stage.pull, /step-pull/)).toMatch(/\/enki retry [0-9a-f]+-fix/);
    await stage.maintainer.comment(stage.pull, "/enki cancel");
    await stage.shows(stage.issue, /^### Cancelled/m);
  });

  test("B-03 a stranger's command in a comment on a line is refused in its thread, and a bot's is left alone", async () => {
    const stage = await begun();
    const stranger = stage.person("stranger", "read");
    await stage.appDoes("reviewer", `/pulls/${stage.pull}/reviews`, { event: "COMMENT", body: "/enki cancel" });
    await stranger.review(stage.pull, { event: "COMMENT", comments: [{ ...LINE, body: "/enki cancel" }] });
    const [refused] = await stage.until("a refusal in the thread", async () => {
      const all = await answers(stage, stage.pull);
      return all.length > 0 && all;
    });
    expect(refused).toContain("no-permission");
    expect((await stage.said(stage.issue, "execution")).join("\n")).toContain(`approve #${stage.pull}`);
  });

  test("B-25 without a webhook the sweep finds commands in reviews and in comments on lines, each once", async () => {
    const stage = await begun();
    stage.forge.setWebhookUrl(stage.account, "http://127.0.0.1:9/");
    await stage.maintainer.review(stage.pull, { event: "COMMENT", body: "/enki canel", comments: [{ ...LINE, body: "/enki puase" }] });
    await stage.sweep();
    expect(await stage.replies(stage.pull, /unknown-command/)).toContain("/enki cancel");
    expect((await answers(stage, stage.pull)).join()).toContain("/enki pause");
    await stage.sweep();
    await stage.sweep();
    expect(await stage.said(stage.pull, "reply")).toHaveLength(1);
    expect(await answers(stage, stage.pull)).toHaveLength(1);
  });

  test("B-29 a comment on a line that was edited before the sweep saw it is refused", async () => {
    const stage = await begun();
    stage.forge.setWebhookUrl(stage.account, "http://127.0.0.1:9/");
    await stage.maintainer.review(stage.pull, { event: "COMMENT", comments: [{ ...LINE, body: "Fine." }] });
    const [comment] = await stage.maintainer.lineComments(stage.pull);
    stage.later(2_000);
    await stage.does("PATCH", `/pulls/comments/${comment?.id ?? 0}`, { body: "/enki cancel" });
    await stage.sweep();
    expect((await answers(stage, stage.pull)).join()).toContain("edited-comment");
    expect((await stage.said(stage.issue, "execution")).join("\n")).not.toContain("Cancelled");
  });
});
