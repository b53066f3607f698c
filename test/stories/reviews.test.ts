import { describe, expect, test } from "vitest";
import type { JobSpec } from "../../src/job/job-spec.ts";
import { plan, step } from "../support/build.ts";
import type { Script } from "./quick-runner.ts";
import { openStage, type OpenStage, type StageOptions } from "./stage.ts";

/** One step that adds a file of ten lines. As a checkpoint, the step waits for its reviewer. */
const script: Script = (spec: JobSpec) => {
  if (spec.kind === "plan") return { plan: plan(step("fix", { checkpoint: true })) };
  if (spec.kind === "verify") return { verdict: "green" };
  return { files: { "fix.txt": "one\ntwo\nthree\n" } };
};

/** Runs a story until the pull request of its step waits for a review; `waiting` returns the pull request's number. */
const begun = async (over: Partial<StageOptions> = {}) => {
  const stage = await openStage({ script, ...over });
  const issue = await stage.ask();
  await stage.approve(issue);
  const shown = await stage.shows(issue, /approve #\d+ with a review/);
  // A review within the same second could refer to the earlier head.
  stage.later(2_000);
  return { ...stage, issue, pull: Number(/approve #(\d+) with a review/.exec(shown)?.[1]) };
};

/** Answers feedback by its text, in any attempt. */
const answering =
  (said: Record<string, { addressed: boolean; text: string }>): Script =>
  (spec) => {
    const given = spec.feedback?.feedback.items ?? [];
    if (spec.kind !== "work" || given.length === 0) return script(spec);
    const replies = given.flatMap((item, index) => {
      const first = item.kind === "thread" ? item.content[0]?.text : item.content.text;
      const reply = said[first ?? ""];
      return reply ? [{ comment: index + 1, ...reply }] : [];
    });
    return { files: { [`answer-${spec.attempt}.txt`]: "answered\n" }, replies };
  };

const LINE = { path: "fix.txt", line: 2 };

/** Returns Enki's answers in the threads of a pull request's line comments. */
const answers = async ({ maintainer }: OpenStage, pull: number): Promise<string[]> =>
  (await maintainer.lineComments(pull)).flatMap(({ user, body }) => (user.login === "enki[bot]" ? [body] : []));

/** Waits for GitHub's next second: an approval within the same second as a new head may refer to the earlier head. */
const nextSecond = async (stage: OpenStage): Promise<void> => {
  const second = Math.floor(Date.now() / 1_000);
  await stage.until("the next second", () => Promise.resolve(Math.floor(Date.now() / 1_000) > second));
};

describe("feedback on a step's pull request", () => {
  test("a request for changes with line comments starts an attempt on the same work, which answers each thread", async () => {
    const specs: JobSpec[] = [];
    const answers_ = answering({
      "Why two?": { addressed: true, text: "It says why now." },
      "And three?": { addressed: false, text: "It is asked for." },
    });
    const stage = await begun({
      script: (spec) => {
        specs.push(spec);
        return answers_(spec);
      },
    });
    const first = await stage.git("rev-parse", `refs/pull/${stage.pull}/head`);
    await stage.person("stranger", "read").comment(stage.pull, "I like it.");
    await stage.maintainer.review(stage.pull, {
      event: "REQUEST_CHANGES",
      body: "See inline.",
      comments: [
        { ...LINE, body: "Why two?" },
        { ...LINE, line: 3, body: "And three?" },
        { ...LINE, line: 1, body: "Nice." },
      ],
    });
    const all = await stage.until("three answers", async () => {
      const said = await answers(stage, stage.pull);
      return said.length === 3 && said;
    });
    const second = await stage.git("rev-parse", `refs/pull/${stage.pull}/head`);
    expect(await stage.git("rev-parse", `${second}^`)).toBe(first);
    expect(all.map((body) => (body.split("\n")[1] ?? "").slice(0, 45)).toSorted()).toEqual([
      `A new attempt is at ${second.slice(0, 12)}, but its agent`.slice(0, 45),
      `Addressed in ${second.slice(0, 12)}: It says why now.`,
      "Not changed: It is asked for.",
    ]);
    const given = specs.findLast(({ kind }) => kind === "work")?.feedback?.feedback;
    const shown = given?.items.map((item) =>
      item.kind === "thread"
        ? `${item.path}:${item.line} ${item.side}: ${item.content.map(({ text }) => text).join()}`
        : `${item.kind} by ${item.content.by} (${item.content.permission}): ${item.content.text}`,
    );
    // GitHub's times have whole seconds, so remarks within the same second have no order.
    expect(shown?.toSorted()).toEqual([
      "fix.txt:1 new: Nice.",
      "fix.txt:2 new: Why two?",
      "fix.txt:3 new: And three?",
      "remark by stranger (read): I like it.",
      "review by maintainer (admin): See inline.",
    ]);
    await stage.shows(stage.issue, /approve #\d+ with a review/);
    await nextSecond(stage);
    await stage.maintainer.review(stage.pull, { event: "APPROVE" });
    await stage.shows(stage.issue, /Done: everything landed/);
    expect(await answers(stage, stage.pull)).toHaveLength(3);
  });

  test("remarks without a request are counted and wait for a retry on the pull request", async () => {
    const stage = await begun({ script: answering({ "And the docs?": { addressed: true, text: "Written." } }) });
    await stage.maintainer.comment(stage.pull, "/enki retry");
    expect(await stage.replies(stage.pull, /nothing-new/)).toMatch(/nobody has commented on .* since its last attempt/);
    await stage.maintainer.review(stage.pull, { event: "COMMENT", comments: [{ ...LINE, body: "And the docs?" }] });
    stage.later(31_000);
    await stage.sweepUntil(
      "the remark to be counted",
      async () => (await stage.said(stage.issue, "execution")).join().includes("1 unread remark"),
      1_000,
    );
    await stage.maintainer.comment(stage.pull, "/enki retry");
    const [answer] = await stage.until("an answer", async () => {
      const said = await answers(stage, stage.pull);
      return said.length > 0 && said;
    });
    expect(answer).toMatch(/Addressed in [0-9a-f]{12}: Written\./);
  });

  test("strangers' long threads push out no remark of a maintainer; the rest comes with the next attempt", async () => {
    const told: string[][] = [];
    const listening: Script = (spec) => {
      const items = spec.kind === "work" ? (spec.feedback?.feedback.items ?? []) : [];
      if (items.length === 0) return script(spec);
      told.push(items.flatMap((item) => (item.kind === "thread" ? item.content : [item.content]).map(({ text }) => text.slice(0, 7))));
      return { files: { [`answer-${spec.attempt}.txt`]: "answered\n" } };
    };
    const files = { ".enki/enki.toml": '[refinery]\nverify = ["true"]\n\n[brief]\nmax_chars = 2000\n' };
    const stage = await begun({ script: listening, files });
    await stage.maintainer.comment(stage.pull, "Rename it.");
    const stranger = stage.person("stranger", "read");
    for (const number of [1, 2]) {
      const body = `Noise ${number}${"x".repeat(900)}`;
      await stranger.review(stage.pull, { event: "COMMENT", comments: [{ ...LINE, body }] });
      stage.later(2_000);
    }
    await stage.maintainer.comment(stage.pull, "/enki retry");
    await stage.until("the attempt", () => Promise.resolve(told.length === 1));
    expect(told[0]).toEqual(["Rename ", "Noise 2"]);
    await stage.shows(stage.issue, /1 unread remark on/);
    await stage.maintainer.comment(stage.pull, "/enki retry");
    await stage.until("the next attempt", () => Promise.resolve(told.length === 2));
    expect(told[1]).toEqual(["Noise 1"]);
  });

  test("an answer whose request took effect but was lost is not repeated", async () => {
    let lost = 0;
    const stage = await begun({
      script: answering({ "Why two?": { addressed: true, text: "So." } }),
      faults: {
        requests: ({ method, path, login }) =>
          method === "POST" && path.endsWith("/replies") && login === "enki[bot]" && lost++ === 0 ? "after" : null,
      },
    });
    await stage.maintainer.review(stage.pull, { event: "REQUEST_CHANGES", body: "No.", comments: [{ ...LINE, body: "Why two?" }] });
    await stage.shows(stage.issue, /approve #\d+ with a review/);
    await stage.until("an answer", async () => (await answers(stage, stage.pull)).length > 0);
    for (let sweep = 0; sweep < 3; sweep += 1) {
      stage.later(10_000);
      await stage.sweep();
    }
    expect(lost).toBe(1);
    expect(await answers(stage, stage.pull)).toHaveLength(1);
  });
});

describe("commands in reviews and in comments on lines", () => {
  test("a command in a review's text works like in a comment, and an unknown one is answered on the pull request", async () => {
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

  test("on a step's pull request a command without a target applies to that step", async () => {
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

  test("B-03 a stranger's command in a line comment is refused in its thread, and a bot's is ignored", async () => {
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

  test("without a webhook a command written in a pending review counts from its submission", async () => {
    const stage = await begun();
    stage.forge.setWebhookUrl(stage.account, "http://127.0.0.1:9/");
    const pending = await stage.does("POST", `/pulls/${stage.pull}/reviews`, { comments: [{ ...LINE, body: "/enki frobnicate" }] });
    stage.later(3 * 24 * 60 * 60_000);
    await stage.sweep();
    await stage.does("POST", `/pulls/${stage.pull}/reviews/${(pending as { id: number }).id}/events`, { event: "COMMENT" });
    await stage.sweep();
    const [answer] = await answers(stage, stage.pull);
    expect(answer).toContain("unknown-command");
    expect(answer).not.toContain("edited");
  });

  test("B-29 an old review that is edited starts nothing and is not answered", async () => {
    const stage = await begun();
    const review = await stage.maintainer.review(stage.pull, { event: "COMMENT", body: "Fine." });
    stage.later(3 * 24 * 60 * 60_000);
    await stage.sweep();
    await stage.does("PUT", `/pulls/${stage.pull}/reviews/${review}`, { body: "/enki cancel" });
    await stage.forge.waitUntilIdle();
    await stage.sweep();
    expect(await stage.said(stage.pull, "reply")).toEqual([]);
    expect((await stage.said(stage.issue, "execution")).join("\n")).not.toContain("Cancelled");
  });

  test("B-29 a review and a comment on a line that were edited before the sweep saw them are refused", async () => {
    const stage = await begun();
    stage.forge.setWebhookUrl(stage.account, "http://127.0.0.1:9/");
    await stage.maintainer.review(stage.pull, { event: "COMMENT", comments: [{ ...LINE, body: "Fine." }] });
    const [comment] = await stage.maintainer.lineComments(stage.pull);
    const review = await stage.maintainer.review(stage.pull, { event: "COMMENT", body: "Fine, too." });
    stage.later(2_000);
    await stage.does("PATCH", `/pulls/comments/${comment?.id ?? 0}`, { body: "/enki cancel" });
    await stage.does("PUT", `/pulls/${stage.pull}/reviews/${review}`, { body: "/enki cancel" });
    await stage.sweep();
    expect((await answers(stage, stage.pull)).join()).toContain("edited-comment");
    expect(await stage.replies(stage.pull, /edited-comment/)).toContain("edited");
    expect((await stage.said(stage.issue, "execution")).join("\n")).not.toContain("Cancelled");
  });
});

describe("fix on a pull request", () => {
  test("works on its branch with its changes in the brief and lands there; the pull request stays open and updates", async () => {
    const specs: JobSpec[] = [];
    const stage = await openStage({
      script: (spec) => {
        specs.push(spec);
        if (spec.kind === "plan") return { plan: plan(step("fix")) };
        return spec.kind === "verify" ? { verdict: "green" } : { files: { "feature.txt": "mended\n" } };
      },
    });
    const main = await stage.git("rev-parse", "main");
    await stage.push("feature", { "feature.txt": "broken\n" }, { onto: main });
    const { number } = (await stage.does("POST", "/pulls", { title: "A feature", body: "It breaks.", head: "feature", base: "main" })) as {
      number: number;
    };
    await stage.maintainer.comment(number, "/enki fix");
    await stage.approve(number);
    await stage.shows(number, /Done: everything landed/);
    expect(await stage.git("show", "feature:feature.txt")).toBe("mended");
    expect(await stage.git("rev-parse", "main")).toBe(main);
    expect(await stage.landed("feature")).toEqual(["fix"]);
    expect(await stage.maintainer.isOpen(number)).toBe(true);
    expect(await stage.git("rev-parse", `refs/pull/${number}/head`)).toBe(await stage.git("rev-parse", "feature"));
    expect(specs[0]).toMatchObject({
      kind: "plan",
      baseBranch: "feature",
      request: "A feature",
      brief: { title: "A feature", body: "It breaks." },
    });
    expect(specs[0]?.brief?.pull).toMatchObject({ baseBranch: "main", headRef: "feature", files: [{ path: "feature.txt", added: 1 }] });
  });

  test("holds the work and says so if the pull request is closed", async () => {
    const stage = await openStage({
      script: (spec) => (spec.kind === "plan" ? { plan: plan(step("fix")) } : spec.kind === "verify" ? { verdict: "green" } : "hangs"),
    });
    await stage.push("feature", { "feature.txt": "broken\n" }, { onto: await stage.git("rev-parse", "main") });
    const { number } = (await stage.does("POST", "/pulls", { title: "A feature", head: "feature", base: "main" })) as { number: number };
    await stage.maintainer.comment(number, "/enki fix it");
    await stage.approve(number);
    await stage.until("the step to run", () => Promise.resolve(stage.log.some((line) => line.includes("-fix: attempt 1"))));
    await stage.does("PATCH", `/pulls/${number}`, { state: "closed" });
    expect(await stage.shows(number, /^### Paused/m)).toMatch(/was closed, so nothing starts or lands on/);
    await stage.maintainer.comment(number, "/enki fix it again");
    expect(await stage.replies(number, /pull-over/)).toContain("is closed");
  });
});
