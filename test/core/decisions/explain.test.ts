import { describe, expect, test } from "vitest";
import { parseComment } from "../../../src/core/commands/parse-comment.ts";
import { openTransaction } from "../../../src/core/decisions/decision-transaction.ts";
import { explainTarget } from "../../../src/core/decisions/explain/explain-target.ts";
import { NO_BUDGET } from "../../../src/core/domain/budget.ts";
import type { Explanation } from "../../../src/core/domain/explanation.ts";
import { formatExplanation } from "../../../src/core/messages/explanation-text.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

type Story = ReturnType<typeof openStory>;

const begin = async (steps: Parameters<typeof plan>, over: Parameters<typeof openStory>[0] = {}): Promise<Story> => {
  const it = openStory(over);
  await it.propose(plan(...steps));
  await it.approve();
  return it;
};

/** Explains a step or the execution from the ledger alone. */
const explain = (it: Story, target: string | null, settings = config()): Explanation => {
  const { state, world } = it;
  const tx = openTransaction({
    graceMs: 0,
    botLogin: world.botLogin,
    defaultBranch: world.defaultBranch,
    now: state.now,
    repositoryUrl: world.repositoryUrl ?? "",
    config: settings,
    ledger: state.ledger,
    refs: state.refs,
    facts: new Map(),
  });
  const before = tx.ledger();
  const explained = explainTarget(tx, 1, target);
  if (!explained.ok) throw new Error(explained.refusal.code);
  expect([tx.ledger(), tx.missingFacts()]).toEqual([before, []]);
  return explained.value;
};

const commandsOf = ({ actions }: Explanation): string[] => actions.flatMap((each) => (each.kind === "command" ? [each.command] : []));
const factsOf = ({ evidence }: Explanation): string[] => evidence.map(({ kind }) => kind);
const askWhy = async (it: Story, target: string | null): Promise<string> => {
  await it.say(1, { kind: "explain", target });
  return it.lastReply().split("\n").slice(2).join("\n");
};

describe("a step is explained", () => {
  test("that waits for other steps: which ones, in which state", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] })]);
    const why = explain(it, "b");
    expect(why).toMatchObject({
      step: "b",
      title: "Do b",
      state: "pending",
      why: { code: "awaits-needs", message: "It starts after `a`." },
    });
    expect(why.evidence).toEqual([{ kind: "need", task: it.task("a"), condition: "merged", state: "running", reason: null }]);
    expect(commandsOf(why)).toEqual([`/enki explain ${it.task("a")}`]);
  });

  test("that works: its attempt with its run and its deadline", async () => {
    const it = await begin([step("a")]);
    // The next write saves the outcomes.
    await it.say(1, { kind: "help" });
    const run = it.state.runs.find(({ name }) => name === `work/${it.task("a")}/1`);
    const why = explain(it, "a");
    expect(why.why).toEqual({ code: "at-work", message: "Attempt 1 is running.", next: "" });
    expect(why.evidence).toEqual([
      { kind: "attempt", attempt: 1, run: `https://github.test/octo/demo/actions/runs/${run?.id ?? 0}`, fault: null },
      { kind: "deadline", of: "run", at: it.at("a")?.deadline },
    ]);
  });

  test("whose job crashed: when the next attempt starts, and why the last one ended", async () => {
    const it = await begin([step("a")]);
    await it.end("work/", { end: "crashed", why: "the agent exited with 3" });
    const waiting = explain(it, "a");
    expect(waiting.why).toEqual({
      code: "awaits-retry",
      message: "Its last attempt failed, so the next attempt starts at 1970-01-01 00:02 UTC.",
      next: "",
    });
    expect(waiting.evidence).toMatchObject([{ kind: "attempt", attempt: 1, fault: "the agent exited with 3" }]);
    await it.tell({ kind: "woken" });
    expect(explain(it, "a").why.message).toBe("Attempt 2 is running because the previous attempt failed: the agent exited with 3");
  });

  test("for which the limits leave no room, and what starts it earlier", async () => {
    const it = await begin([step("a"), step("b")], {
      config: config({ workers: { total: 1, tiers: { light: 1, standard: 1, heavy: 1 } } }),
    });
    const why = explain(it, "b");
    expect([why.state, why.why.code, commandsOf(why)]).toEqual(["ready", "awaits-worker", [`/enki priority ${it.task("b")} high`]]);
  });

  test("whose model has no quota: until when", async () => {
    const it = await begin([step("a")]);
    await it.end("work/", { end: "failed", why: "used up", failure: { code: "quota", resetsAt: it.state.now + 3_600_000 } });
    const why = explain(it, "a");
    expect(why.why.code).toBe("awaits-quota");
    expect(why.why.message).toMatch(/^Its model has no quota left until 1970-01-01 01:0\d UTC\. Work then starts automatically\.$/);
    expect(commandsOf(why)).toEqual([`/enki retry ${it.task("a")}`]);
  });

  test("for which the budget has no room: the amounts, and the command that raises it", async () => {
    const limited = config({ budget: { ...NO_BUDGET, execution: 2_000_000 } });
    const it = await begin([step("a"), step("b")], { config: limited });
    await it.say(1, { kind: "budget", target: null, amount: 2_000_000, isAdded: false });
    const why = explain(it, "b", limited);
    expect(why.why).toEqual({
      code: "awaits-budget",
      message: "The budget has no room for another attempt: $2.00 of $2.00 is spent or reserved, and the next attempt reserves $1.00.",
      next: "/enki budget +5",
    });
    expect(why.evidence).toEqual([{ kind: "budget", charged: 2_000_000, cap: 2_000_000 }]);
  });

  test("that is verified: its candidate with the others and the run", async () => {
    const it = await begin([step("a"), step("b")]);
    await it.worked("a");
    await it.worked("b");
    const why = explain(it, "a");
    expect(why.why.code).toBe("awaits-verdict");
    expect(why.evidence[0]).toMatchObject({
      kind: "candidate",
      others: [],
      run: expect.stringMatching(/\/actions\/runs\/\d+$/) as unknown,
    });
    const next = explain(it, "b");
    expect([next.why.code, next.evidence[0]]).toEqual(["in-queue", { kind: "place", ahead: 1, base: "main" }]);
  });

  test("that waits for a review: who may open the gate, until when, and how", async () => {
    const it = await begin([step("a", { checkpoint: true })]);
    await it.worked("a");
    await it.verified();
    const why = explain(it, "a");
    const { number } = it.pull("a") ?? { number: 0 };
    expect(why).toMatchObject({ state: "waiting", why: { code: "checkpoint" } });
    expect(why.evidence.slice(0, 2)).toEqual([
      { kind: "gate", pull: number, head: it.head("a"), reviews: 1, except: [] },
      {
        kind: "verdict",
        head: it.head("a"),
        commit: it.at("a")?.verification?.commit,
        passed: true,
        run: expect.stringMatching(/runs\/\d+$/) as unknown,
      },
    ]);
    expect(why.actions).toEqual([
      { kind: "review", pull: number, task: it.task("a") },
      { kind: "command", purpose: "cancel", command: `/enki cancel ${it.task("a")}` },
    ]);
  });

  test("whose requester may not approve alone: the gate says so", async () => {
    const strict = config({ policy: { ...config().policy, selfApproval: [] } });
    const it = await begin([step("a", { checkpoint: true })], { config: strict });
    await it.worked("a");
    await it.verified();
    expect(explain(it, "a", strict).evidence[0]).toMatchObject({ except: [{ kind: "requester", login: "maintainer" }] });
    expect(await askWhy(it, "a")).toMatch(
      /- Gate: an approving review of #\d+ at `[0-9a-f]{12}`, by a person with write permission, other than maintainer, who requested the work\.\n/,
    );
  });

  test("that is blamed for a red run: head, candidate, run, and the log", async () => {
    const it = await begin([step("a")]);
    await it.worked("a");
    await it.rejected("$ npm test\n| not ok 1");
    const why = explain(it, "a");
    expect(why).toMatchObject({ state: "failed", why: { code: "verification-failed" } });
    expect(factsOf(why)).toEqual(["verdict", "attempt", "pull", "log"]);
    expect(commandsOf(why)).toEqual([`/enki retry ${it.task("a")}`, `/enki skip ${it.task("a")}`]);
  });

  test("that is blocked: the step that failed, however far away, and how to retry or skip that one", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] }), step("c", { needs: ["b"] })]);
    await it.fails("a");
    const why = explain(it, "c");
    expect([why.state, why.why.code]).toEqual(["blocked", "blocked"]);
    expect(commandsOf(why)).toEqual(["retry", "explain", "skip"].map((name) => `/enki ${name} ${it.task("a")}`));
  });

  test("whose base is frozen: the reason of the freeze", async () => {
    const it = await begin([step("a")]);
    await it.worked("a");
    it.state.refs["refs/heads/main"] = "f".repeat(40);
    await it.tell({ kind: "woken" });
    const { frozen } = it.state.ledger.queues["main"] ?? {};
    expect(frozen?.code).toBeDefined();
    expect(explain(it, "a").why).toEqual(frozen);
    expect(explain(it, null).why).toEqual(frozen);
  });

  test("that a person skipped, paused or cancelled: by whom", async () => {
    const it = await begin([step("a"), step("b"), step("c")]);
    await it.say(1, { kind: "skip", target: "a" }, { kind: "pause", target: "b" }, { kind: "cancel", target: "c" });
    expect(
      ["a", "b", "c"].map((id) => explain(it, id)).map(({ state, why }) => [state, why.code, why.message.replace("\u200b", "")]),
    ).toEqual([
      ["skipped", "skipped", "Skipped by @maintainer."],
      ["paused", "paused", "Paused by @maintainer."],
      ["cancelled", "cancelled", "Cancelled by @maintainer."],
    ]);
    expect(commandsOf(explain(it, "b"))).toEqual([`/enki resume ${it.task("b")}`]);
  });

  test("that landed: its commit; one without changes: so", async () => {
    const it = await begin([step("a"), step("b")]);
    await it.ran("b");
    await it.landed("a");
    expect(explain(it, "a").why.message).toBe(`It landed on \`main\` as ${it.base().slice(0, 12)}.`);
    expect(explain(it, "b").why.code).toBe("nothing-to-land");
  });

  test("of a plan that nobody approved: the line that approves it", async () => {
    const it = openStory();
    await it.propose(plan(step("a")));
    const why = explain(it, "a");
    expect([why.state, why.why.code]).toEqual(["pending", "awaits-approval"]);
    expect(commandsOf(why)).toEqual([`/enki approve ${(it.execution()?.plan ?? "").slice(0, 12)}`]);
  });
});

describe("an execution is explained", () => {
  test("by its steps, those that wait for a person first, with an action for each", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] }), step("c", { checkpoint: true })]);
    await it.worked("c");
    await it.verified();
    const why = explain(it, null);
    expect(why).toMatchObject({
      step: null,
      state: "running",
      why: { code: "awaits-person", message: "1 step waits for a person. Steps that do not need this work continue." },
    });
    expect(why.steps.map(({ step: id, state, why: { code } }) => [id, state, code])).toEqual([
      ["c", "waiting", "checkpoint"],
      ["a", "running", "at-work"],
      ["b", "pending", "awaits-needs"],
    ]);
    expect(why.actions).toEqual([{ kind: "review", pull: it.pull("c")?.number, task: it.task("c") }]);
  });

  test("in every state, from the planner to the end", async () => {
    const it = openStory();
    await it.say(1, { kind: "do", text: "make it so" });
    const codes = [explain(it, null).why.code];
    await it.end("plan/", { end: "success", tools: [{ kind: "propose", plan: plan(step("a")) }] });
    codes.push(explain(it, null).why.code);
    await it.say(1, { kind: "approve-plan", plan: (Object.values(it.state.ledger.executions)[0]?.plan ?? "").slice(0, 12) });
    codes.push(explain(it, null).why.code);
    await it.say(1, { kind: "pause", target: null });
    codes.push(explain(it, null).why.code);
    await it.say(1, { kind: "resume", target: null });
    await it.end("work/", { end: "failed", why: "it broke" });
    codes.push(explain(it, null).why.code);
    await it.say(1, { kind: "cancel", target: null });
    codes.push(explain(it, null).why.code);
    expect(codes).toEqual(["at-work", "awaits-approval", "in-progress", "paused", "work-failed", "cancelled"]);
  });

  test("with a thousand steps in a short reply", async () => {
    const many = config({ plan: { ...config().plan, maxSteps: 1_000 } });
    const it = await begin(
      Array.from({ length: 1_000 }, (_, at) => step(`s${at}`)),
      { config: many },
    );
    const reply = await askWhy(it, null);
    expect(reply).toContain("- … and 990 more");
    expect(reply.length).toBeLessThan(3_000);
  });
});

describe("the reply", () => {
  test("says state, reason with a linked code, facts with links, and what to do", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] })]);
    await it.worked("a");
    await it.rejected("$ npm test\n| not ok 1");
    const text = (await askWhy(it, "a"))
      .replaceAll(it.task("a"), "<task>")
      .replaceAll(/[0-9a-f]{12}/g, "<commit>")
      .replaceAll(/runs\/\d+/g, "runs/1");
    expect(text).toMatchInlineSnapshot(`
      "\`a\` (Do a) has **failed**. \`npm test\` failed, so its candidate did not pass verification. ([\`verification-failed\`](https://github.com/enki-bot/enki/blob/v0.1.0/docs/reference/refusals.md#verification-failed))

      - Head \`<commit>\` failed in candidate \`<commit>\`. · [run](https://github.test/octo/demo/actions/runs/1)
      - Attempt 1. · [run](https://github.test/octo/demo/actions/runs/1)
      - Pull request: #100.

      <details>
      <summary>Last output of <code>npm test</code></summary>

      \`\`\`text
      $ npm test
        not ok 1
      \`\`\`

      </details>

      To try again, comment:

      \`\`\`
      /enki retry <task>
      \`\`\`

      To continue without it: \`/enki skip <task>\`"
    `);
  });

  test("about an unknown name is a refusal, and a step's text does nothing in it", async () => {
    const it = await begin([step("a", { title: "@everyone <b>|`x`" })]);
    expect(await askWhy(it, "nope")).toContain("unknown-target");
    expect(await askWhy(it, "a")).not.toMatch(/@everyone|<b>/);
  });

  test("leaves nothing but itself in the ledger, and costs a reaction and a comment, however often it is delivered", async () => {
    const it = await begin([step("a"), step("b", { needs: ["a"] })]);
    // The comment shows the whole progress beforehand.
    await it.tell({ kind: "woken" });
    const { requests, ledger } = it.state;
    const asked = { ...comment(77, { kind: "explain", target: "b" }), at: it.state.now };
    for (let again = 0; again < 3; again += 1) await it.tell(asked);
    expect(it.state.requests - requests).toBe(2);
    const { executions, plans, queues, mails, artifacts } = it.state.ledger;
    expect({ executions, plans, queues, mails, artifacts }).toEqual({
      executions: ledger.executions,
      plans: ledger.plans,
      queues: ledger.queues,
      mails: ledger.mails,
      artifacts: ledger.artifacts,
    });
    it.replay();
  });

  test("in a terminal has a line for each fact and the command lines", async () => {
    const it = await begin([step("a", { checkpoint: true })]);
    await it.worked("a");
    await it.verified();
    const lines = formatExplanation(explain(it, "a"), 1)
      .join("\n")
      .replaceAll(it.task("a"), "<task>")
      .replaceAll(/[0-9a-f]{12}/g, "<commit>");
    expect(lines).toMatchInlineSnapshot(`
      "a (Do a) is waiting: A person with write permission has not approved this head yet. (checkpoint)
        Gate: an approving review of #100 at <commit>, by a person with write permission.
        Head <commit> passed in candidate <commit>. https://github.test/octo/demo/actions/runs/3
        Attempt 1. https://github.test/octo/demo/actions/runs/2
        It waits until 1970-01-31 00:02 UTC at the latest; then it fails, and can be retried.

      What you can do:
        To approve: enki approve <task>
        To cancel it: enki cancel <task>"
    `);
  });
});

test("every suggested command is read as a command", async () => {
  const it = await begin([step("a", { checkpoint: true }), step("b", { needs: ["a"] }), step("c"), step("d"), step("e", { needs: ["c"] })]);
  await it.fails("c");
  await it.say(1, { kind: "pause", target: "d" });
  await it.worked("a");
  await it.verified();
  const commands = [null, "a", "b", "c", "d", "e"].flatMap((target) => commandsOf(explain(it, target)));
  expect(commands.length).toBeGreaterThan(8);
  expect(commands.filter((command) => !parseComment(command).every(({ ok }) => ok))).toEqual([]);
});
