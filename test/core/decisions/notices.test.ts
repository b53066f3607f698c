import { decide } from "../../../src/core/decisions/decide.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { describe, expect, test } from "vitest";
import { NO_BUDGET } from "../../../src/core/domain/budget.ts";
import { openStory } from "../../conformance/story.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";

type Options = NonNullable<Parameters<typeof openStory>[0]>;
const WITHOUT_APPROVAL = { plan: { approval: "never" as const, maxSteps: 100 } };
const open = (over: Parameters<typeof config>[0] = {}, options: Options = {}) =>
  openStory({ ...options, config: config({ ...WITHOUT_APPROVAL, ...over }) });
type Story = ReturnType<typeof open>;

/** Lists the notifications of a person on GitHub: new comments that mention the person, and requested reviews. */
const told = ({ state }: Story): string[] => [
  ...state.comments
    .filter(({ body }) => /(?<![\w`])@maintainer\b/.test(body))
    .map(({ body }) => body.split("\n").slice(1).join(" ").trim()),
  ...state.reviewRequests.map(({ pull, login }) => `review of #${pull} by ${login}`),
];

const ask = async (it: Story, ...steps: Parameters<typeof plan>): Promise<void> => {
  await it.say({ kind: "do", text: "do it" });
  await it.end("plan/", { end: "success", tools: [{ kind: "propose", plan: plan(...steps) }] });
};
const verifyAll = async (it: Story): Promise<void> => {
  for (let more = 0; more < 6 && it.running().some((job) => job.startsWith("verify/")); more += 1) await it.end("verify/");
  await it.later();
};
const question = {
  kind: "mail-send",
  to: "user",
  subject: "Which?",
  body: "Which format?",
  priority: "normal",
  type: "request",
  thread: null,
  replyTo: null,
  ttl: null,
} as const;

describe("a person is notified when, and only when, the person must act", () => {
  test("a story with a failure, a question and a checkpoint notifies exactly three times", async () => {
    const it = open();
    await ask(it, step("bad"), step("unsure"), step("gated", { checkpoint: true }), step("fine"));
    await it.end(`work/${it.execution().id}-bad`, { end: "failed", why: "the tests fail" });
    await it.end(`work/${it.execution().id}-unsure`, { end: "asked", tools: [question] });
    await it.end(`work/${it.execution().id}-fine`);
    await it.end(`work/${it.execution().id}-gated`);
    await verifyAll(it);
    expect(it.step("fine")?.landed).not.toBeNull();
    expect(told(it)).toEqual([
      expect.stringMatching(
        /^@maintainer, `bad` failed: the tests fail\. \[What you can do\]\(https:\/\/.*#issuecomment-\d+\) \(\[`work-failed`\]\(\S+#work-failed\)\)\.$/,
      ),
      expect.stringMatching(/@maintainer, the agent waits for your answer\./),
      `review of #${it.step("gated")?.pull ?? 0} by maintainer`,
    ]);

    await it.say({ kind: "reply", mail: Object.keys(it.ledger().mails)[0] ?? "", text: "JSON." });
    await it.end(`work/${it.execution().id}-unsure/2`);
    await verifyAll(it);
    expect(it.step("unsure")?.landed).not.toBeNull();
    const { pull, head } = it.step("gated") ?? {};
    const review = { id: 1, by: "maintainer", bot: false, verdict: "approved", head: head?.sha ?? "", at: it.state.now, text: "" } as const;
    it.state.reviews.set(pull ?? 0, [review]);
    await it.later();
    await verifyAll(it);
    expect(it.step("gated")?.landed).not.toBeNull();
    await it.say({ kind: "retry", target: "bad" });
    await it.end(`work/${it.execution().id}-bad/2`);
    await verifyAll(it);
    expect(it.execution().state).toBe("done");
    expect(told(it)).toHaveLength(3);
  });

  test("a story without anything to do for a person notifies nobody", async () => {
    const it = open();
    await ask(it, step("a"), step("b", { needs: ["a"] }));
    for (const name of ["a", "b"]) {
      await it.end(`work/${it.execution().id}-${name}`);
      await it.end("verify/");
    }
    expect(it.execution().state).toBe("done");
    expect(told(it)).toEqual([]);
  });

  test("a proposed plan is one notification, and each revision another", async () => {
    const it = open({ plan: { approval: "always", maxSteps: 100 } });
    await ask(it, step("a"));
    expect(told(it)).toEqual([expect.stringContaining("@maintainer, a plan is ready for your approval.")]);
    await it.later();
    expect(told(it)).toHaveLength(1);
    await it.say({ kind: "revise", text: "do less" });
    await it.end("plan/", { end: "success", tools: [{ kind: "propose", plan: plan(step("other")) }] });
    expect(told(it)).toHaveLength(2);
  });

  test("retries that Enki makes itself notify nobody; a failure after a person's retry does again", async () => {
    const it = open();
    await ask(it, step("a"));
    await it.end("work/", { end: "crashed" });
    expect(told(it)).toEqual([]);
    it.state.now += 60 * 60_000;
    await it.later();
    await it.end("work/", { end: "failed", why: "no" });
    expect(told(it)).toHaveLength(1);
    await it.say({ kind: "retry", target: "a" });
    await it.end("work/", { end: "failed", why: "no" });
    expect(told(it)).toHaveLength(2);
  });

  test("ten failures at once are one comment", async () => {
    const it = open({ workers: { total: 10, tiers: { light: 10, standard: 10, heavy: 10 } } });
    const names = Array.from({ length: 10 }, (_, at) => `s${at}`);
    await ask(it, ...names.map((name) => step(name)));
    for (const job of it.running()) it.finish(job, { end: "failed", why: "the network is down" });
    await it.later();
    expect(told(it)).toHaveLength(1);
    for (const name of names) expect(told(it)[0]).toContain(`\`${name}\` failed: the network is down`);
  });

  test("what a person paused or held needs no notice", async () => {
    const it = open();
    await ask(it, step("a"));
    await it.say({ kind: "pause", target: null });
    expect(told(it)).toEqual([]);
  });

  test("a new process, and events that come again, notify nobody twice", async () => {
    const it = open();
    await ask(it, step("a"));
    await it.end("work/", { end: "failed", why: "no" });
    for (let again = 0; again < 3; again += 1) {
      it.restart();
      await it.later();
    }
    expect(told(it)).toHaveLength(1);
  });

  test("a review that GitHub does not let Enki request is asked for in a comment", async () => {
    const it = open(
      {},
      { refuse: ({ kind }) => (kind === "request-review" ? "Review cannot be requested from pull request author." : null) },
    );
    await ask(it, step("a", { checkpoint: true }));
    await it.end("work/");
    await it.end("verify/");
    await it.later();
    expect(told(it)).toEqual([expect.stringMatching(/@maintainer, `a` is verified: #\d+ needs a review\./)]);
  });

  test("a review of a step that weakens its judges says which file, also where somebody else must write it", async () => {
    const tests = "checkpoint" as const;
    const it = open({ policy: { ...config().policy, selfApproval: [], tests } });
    it.state.tampering = () => [
      { path: "a.test.js", kind: "deleted" },
      { path: "b.test.js", kind: "skipped" },
    ];
    await ask(it, step("a"));
    await it.end("work/");
    await it.end("verify/");
    await it.end("verify/trial-");
    await it.later();
    expect(told(it)).toEqual([
      expect.stringMatching(
        /@maintainer, `a` is verified: #\d+ needs a review\. Someone other than you must approve it\. It changes the checks that judge it: `a\.test\.js` deletes a test, and 1 more\. Without these changes, its verification passes, too\./,
      ),
    ]);
  });

  test("a person who may not approve alone is told that somebody else must review", async () => {
    const it = open({ policy: { ...config().policy, selfApproval: [] } });
    await ask(it, step("a", { checkpoint: true }));
    await it.end("work/");
    await it.end("verify/");
    await it.later();
    expect(told(it)).toEqual([
      expect.stringMatching(/@maintainer, `a` is verified: #\d+ needs a review\. Someone other than you must approve it\./),
    ]);
  });

  test("a spent budget notifies once, and again after it was raised and spent again", async () => {
    const it = open({ budget: { ...NO_BUDGET, execution: 1_000_000 } });
    await ask(it, step("a"));
    expect(told(it)).toEqual([
      expect.stringContaining(`@maintainer, the budget of \`${it.execution().id}\` is spent, so nothing more starts.`),
    ]);
    await it.say({ kind: "budget", target: null, amount: 1_000_000, isAdded: true });
    await it.end("work/", { end: "failed", why: "no" });
    await it.say({ kind: "retry", target: "a" });
    expect(told(it)).toHaveLength(3);
  });

  test("text of an agent mentions nobody", async () => {
    const it = open();
    await ask(it, step("a"));
    await it.end("work/", { end: "failed", why: "ask @maintainer and @octo/team, see [x](https://evil.test)" });
    expect(told(it)).toHaveLength(1);
    expect(told(it)[0]?.match(/(?<![\w`>\u200b])@(?=\w)/g)).toHaveLength(1);
    expect(told(it)[0]).not.toContain("](https://evil.test)");
  });
});

describe("[notify] webhook", () => {
  test("receives each notice once, as text that Slack shows and as data", async () => {
    const it = open({ notify: { webhook: "https://chat.test/hook", secret: null } });
    await ask(it, step("a"), step("b", { checkpoint: true }));
    await it.end(`work/${it.execution().id}-a`, { end: "failed", why: "<!channel> & more" });
    await it.end(`work/${it.execution().id}-b`);
    await it.end("verify/");
    await it.later();
    const { id, issue } = it.execution();
    expect(it.state.notices.map(({ kinds }) => kinds)).toEqual([["failure"], ["review"]]);
    expect(it.state.notices.map(({ code }) => code)).toEqual([it.step("a")?.refusal?.code, "checkpoint"]);
    expect(it.state.notices[0]).toMatchObject({ execution: id, issue, person: "maintainer", pull: null });
    expect(it.state.notices[0]?.text).toContain("&lt;!channel&gt; &amp; more");
    expect(it.state.notices[1]?.pull).toBe(it.step("b")?.pull);
  });

  test("that never answers is tried four times, and holds nothing up", async () => {
    const it = open(
      { notify: { webhook: "https://chat.test/hook", secret: null } },
      { postNotice: () => ({ kind: "later", retryAt: 0, reason: "the webhook did not answer" }) },
    );
    await ask(it, step("a"), step("b"));
    await it.end(`work/${it.execution().id}-a`, { end: "failed", why: "no" });
    for (let again = 0; again < 10; again += 1) await it.later();
    expect(it.state.notices).toHaveLength(4);
    await it.end(`work/${it.execution().id}-b`);
    await it.end("verify/");
    expect(it.step("b")?.landed).not.toBeNull();
  });
});

test("a notice that an earlier version stored is decided again without its code", async () => {
  const it = open({ notify: { webhook: "https://chat.test/hook", secret: null } });
  await ask(it, step("a"));
  await it.end(`work/${it.execution().id}-a`, { end: "failed", why: "no" });
  const listTexts = (rules: number): string[] =>
    it.state.writes.flatMap(({ inputs: { events, snapshot }, parent }) => {
      const again = decide(events, { ...snapshot, rules, ledger: parent, facts: new Map(snapshot.facts) as QueryFacts });
      const effects = again.kind === "act" ? again.effects : [];
      return effects.filter(({ key }) => /^(?:post-notice|write-comment:notice)/.test(key)).map((effect) => JSON.stringify(effect));
    });
  const isCoded = (text: string): boolean => /"code"|refusals\.md#/.test(text);
  expect(listTexts(3).every(isCoded)).toBe(true);
  expect(listTexts(2)).toHaveLength(listTexts(3).length);
  expect(listTexts(2).some(isCoded)).toBe(false);
});
