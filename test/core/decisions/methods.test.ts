import { describe, expect, test } from "vitest";
import type { PersonCommand } from "../../../src/core/domain/command.ts";
import type { MergeMethod, BranchRules } from "../../../src/core/domain/github-facts.ts";
import { toBranchRef } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const rules = (over: Partial<BranchRules>): BranchRules => ({
  isReadable: true,
  types: [],
  checks: [],
  requiredReviews: 0,
  allowedMethods: null,
  ...over,
});
const NOWHERE = rules({ types: ["required_signatures"], allowedMethods: ["rebase"] });
const PAIR = plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] }));

/** Works on steps in a repository that accepts only the given merge methods. */
const begun = async (methods: readonly MergeMethod[] | null, steps = PAIR, over: Parameters<typeof openStory>[0] = {}) => {
  const it = openStory(over);
  it.state.methods = methods;
  await it.propose(steps);
  await it.approve();
  for (const { id } of steps.steps) if (it.state_(id) === "running") await it.worked(id);
  const verify = async (): Promise<void> => {
    for (let run = 0; run < 20 && it.running().some((job) => job.startsWith("verify/")); run += 1) await it.verified();
  };
  return { ...it, verify, queue: () => it.state.ledger.queues["main"] };
};

describe.each(["squash", "rebase"] as const)("%s", (method) => {
  test("pull requests land one at a time, and dependents are rebased on GitHub's commit", async () => {
    const it = await begun([method]);
    const before = it.head("b") ?? "";
    expect(it.says("a")).toContain(`pull requests are ${method === "squash" ? "squashed" : "rebased"} one at a time (each)`);
    await it.verify();
    expect(it.states()).toEqual({ a: "done", b: "done" });
    expect(it.at("a")?.landed).toMatchObject({ commit: it.state.merges[0], rewritten: true });
    const own = it.state.parents.get(it.at("b")?.head?.sha ?? "");
    // Squashed: a merge with the base, so no commit is lost. Rebased: one commit on the base.
    expect(own).toEqual(method === "squash" ? [before, it.state.merges[0]] : [it.state.merges[0]]);
    expect(it.contains(it.at("a")?.head?.sha ?? "", it.base())).toBe(false);
    expect(it.says("a")).toContain(`**Landed** on \`main\` as ${it.state.merges[0] ?? ""}`);
    it.replay();
  });

  test("a lost answer: GitHub's commit is recognised, and nothing is merged twice", async () => {
    const it = await begun([method], plan(step("a")), { merging: () => "unclear" });
    await it.verify();
    await it.tell({ kind: "woken" });
    expect(it.state_("a")).toBe("done");
    expect(it.state.merges).toHaveLength(1);
  });

  test("other files than the verified ones: the base is frozen, and a revert is offered", async () => {
    const it = await begun([method], plan(step("a")), { otherTree: true });
    await it.verify();
    expect(it.queue()?.frozen?.code).toBe("tree-differs");
  });
});

test("rebase: a person's commits are merged with the landed work, not replaced", async () => {
  const it = await begun(["rebase"]);
  const own = it.push(toBranchRef(`task/${it.task("b")}`), "by a person");
  await it.tell({ kind: "woken" });
  await it.verify();
  expect(it.contains(own, it.at("b")?.head?.sha ?? "")).toBe(true);
});

test("a branch that GitHub cannot rebase fails its step, and other steps land", async () => {
  const why = "This branch can't be rebased";
  const it = await begun(["rebase"], plan(step("a"), step("b")), {
    merging: (pull) => (pull.headRef.endsWith("-a") ? { kind: "refused", code: "not-mergeable", reason: why } : null),
  });
  await it.verify();
  await it.tell({ kind: "woken" });
  await it.verify();
  expect(it.states()).toEqual({ a: "failed", b: "done" });
  expect(it.at("a")?.refusal).toMatchObject({ code: "unrebasable", next: `/enki retry ${it.task("a")}` });
});

test("without visible settings, Enki drops the method that GitHub rejects and uses another", async () => {
  const refused = {
    merge: "Merge commits are not allowed on this repository.",
    squash: "Squash merges are not allowed on this repository.",
  };
  let asked = 0;
  const merging = () => {
    const why = [refused.merge, refused.squash][asked];
    asked += 1;
    return why === undefined ? null : { kind: "refused" as const, code: "not-mergeable", reason: why };
  };
  const it = await begun(null, plan(step("a")), { config: config({ refinery: { ...config().refinery, landing: "each" } }), merging });
  await it.verify();
  for (let turn = 0; turn < 4; turn += 1) await it.tell({ kind: "woken" });
  expect(it.state_("a")).toBe("done");
  expect([...it.state.made.values()]).toEqual([it.at("a")?.head?.sha]);
  expect(it.queue()?.landingTerms?.method).toBe("rebase");
});

test("dependents of a pull request that a person squashed are rebased on the squash commit", async () => {
  const it = await begun(null);
  const head = it.at("a")?.head?.sha ?? "";
  it.push(toBranchRef("main"), "squashed by a person");
  it.state.pulls = it.state.pulls.map((pull) => (pull.head === head ? { ...pull, state: "merged" } : pull));
  await it.tell({ kind: "woken", activity: "pulls" });
  await it.verify();
  expect(it.states()).toEqual({ a: "done", b: "done" });
  expect(it.at("a")?.landed?.rewritten).toBe(true);
  expect(it.contains(head, it.at("b")?.head?.sha ?? "")).toBe(true);
});

describe("nothing can ever land: the command is refused before the planner starts, with the correct fix", () => {
  const COMMANDS: readonly PersonCommand[] = [
    { kind: "do", text: "fix it" },
    { kind: "plan", text: "fix it" },
    { kind: "quick", prompt: "fix it" },
  ];

  test.each(COMMANDS)("$kind", async (command) => {
    const it = openStory();
    it.state.rules = NOWHERE;
    await it.say(1, command);
    expect(it.state.ledger.executions).toEqual({});
    expect(it.running()).toEqual([]);
    expect(it.lastReply()).toMatch(/Nothing can land on.*require signed commits/);
    expect(it.lastReply()).toContain('landing = "exact"');
    expect(it.lastReply()).not.toContain("/enki retry");
  });

  test("/enki add and a retry of the planner", async () => {
    const it = openStory();
    await it.propose(plan(step("a")));
    await it.approve();
    it.state.rules = NOWHERE;
    await it.say(1, { kind: "add", text: "more" });
    expect(it.lastReply()).toContain("Nothing can land on");
    expect(it.execution()?.amendment).toBeNull();
    it.state.rules = rules({});
    await it.say(2, { kind: "do", text: "more" });
    const other = Object.keys(it.state.ledger.executions).find((id) => it.execution(id)?.issue === 2) ?? "";
    it.state.rules = NOWHERE;
    await it.end(`plan/${other}`, { end: "success", tools: [{ kind: "propose", plan: plan(step("x")) }] });
    expect(it.execution(other)).toMatchObject({
      state: "failed",
      refusal: { code: "signatures", next: expect.stringContaining("squash") },
    });
    expect(it.comment(other)).toContain("allow squash merging");
    await it.say(2, { kind: "retry", target: null });
    expect(it.lastReply()).toContain("Nothing can land on");
    expect(it.running().filter((job) => job.startsWith("plan/"))).toEqual([]);
  });
});

test("after a rule change nothing lands until the named setting is allowed, then Enki continues automatically", async () => {
  const it = await begun(null, plan(step("a")));
  it.state.rules = NOWHERE;
  await it.verify();
  expect(it.state_("a")).toBe("published");
  expect(it.comment()).toMatch(/Nothing lands for now/);
  expect(it.comment()).toContain("allow squash merging");
  it.state.rules = rules({ types: ["required_signatures"] });
  it.state.now += 15 * 60_000;
  await it.tell({ kind: "woken" });
  await it.verify();
  expect(it.state_("a")).toBe("done");
  expect(it.at("a")?.landed?.rewritten).toBe(true);
});
