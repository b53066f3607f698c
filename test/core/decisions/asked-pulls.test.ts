import { describe, expect, test } from "vitest";
import type { PersonCommand } from "../../../src/core/domain/command.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import type { Pull } from "../../../src/core/domain/github-facts.ts";
import { toBranchRef } from "../../../src/core/domain/refs.ts";
import { comment, plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const PULL: Pull = {
  number: 7,
  headRef: "feature",
  head: "f".repeat(40),
  baseBranch: "main",
  state: "open",
  draft: false,
  labels: [],
  hasActivity: true,
};
const people = { kind: "woken", activity: "pulls" } as const;

/** Opens a story with a pull request of `feature`. */
const open = (over: Partial<Pull> = {}) => {
  const it = openStory();
  it.state.pulls.push({ ...PULL, ...over });
  it.push(toBranchRef("feature"), "a feature");
  let id = 900;
  const say = (...commands: PersonCommand[]): Promise<void> =>
    it.tell({ ...comment((id += 1), ...commands), issue: 7, onPullRequest: true, at: it.state.now } as Event);
  const change = (to: Partial<Pull>): void => {
    it.state.pulls = it.state.pulls.map((each) => (each.number === 7 ? { ...each, ...to } : each));
  };
  const execution = () => Object.values(it.state.ledger.executions)[0];
  const begin = async (): Promise<string> => {
    await say({ kind: "do", text: "make it so" });
    const { id: made = "" } = execution() ?? {};
    await it.end(`plan/${made}`, { end: "success", tools: [{ kind: "propose", plan: plan(step("fix")) }] });
    await say({ kind: "approve-plan", plan: execution()?.plan ?? "" });
    return made;
  };
  return { ...it, say, change, begin, execution };
};

describe("/enki fix on a pull request of this repository", () => {
  test("works on its branch and lands there; the pull request is not closed", async () => {
    const it = open();
    const id = await it.begin();
    const before = it.state.refs[toBranchRef("feature")];
    expect(it.execution()).toMatchObject({ baseBranch: "feature", onPullRequest: true });
    expect(it.execution()?.steps["fix"]?.baseCommit).toBe(before);
    await it.end(`work/${id}-fix/`);
    expect(it.state.pulls.find(({ headRef }) => headRef === `task/${id}-fix`)?.baseBranch).toBe("feature");
    while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
    expect(it.execution()).toMatchObject({ state: "done" });
    expect(it.state.refs[toBranchRef("feature")]).not.toBe(before);
    expect(it.state.refs[toBranchRef("main")]).toBe(it.root);
    expect([...it.state.closed]).toEqual([]);
    it.replay();
  });

  test.each([
    ["from a fork", { headRef: "mallory:feature" }, "fork-pull", "push that branch to this repository"],
    ["that is closed", { state: "closed" as const }, "pull-over", "open pull request"],
    ["that is merged", { state: "merged" as const }, "pull-over", "open pull request"],
    ["of a branch of Enki's", { headRef: "enki/candidate/main/abc" }, "own-branch", "comment on the issue"],
    ["of a revert of Enki's", { headRef: "enki/revert/0123456789ab" }, "own-branch", "comment on the issue"],
    ["that GitHub does not list", { number: 8 }, "pull-unseen", "Try again"],
  ])("refuses %s and says what to do next", async (_, over, code, next) => {
    for (const command of [
      { kind: "do", text: "x" },
      { kind: "plan", text: "x" },
      { kind: "quick", prompt: "x" },
    ] as const) {
      const it = open(over);
      await it.say(command);
      expect(it.lastReply()).toContain(code);
      expect(it.lastReply()).toContain(next);
      expect(it.execution()).toBeUndefined();
      expect(it.running()).toEqual([]);
    }
  });

  test.each(["task/JIRA-1", "task/abcdef-fix", "task/constructor", "enki/abcdef"])(
    "accepts a person's branch named %s",
    async (headRef) => {
      const it = open({ headRef });
      it.push(toBranchRef(headRef), "a feature");
      const id = await it.begin();
      expect(it.execution()).toMatchObject({ id, baseBranch: headRef, state: "running" });
      it.replay();
    },
  );

  test("refuses the branch of a step in the ledger, even if a person opened the pull request", async () => {
    const it = open();
    const id = await it.begin();
    await it.end(`work/${id}-fix/`);
    it.state.pulls.push({ ...PULL, number: 70, headRef: `task/${id}-fix` });
    await it.tell({ ...comment(990, { kind: "do", text: "x" }), issue: 70, onPullRequest: true, at: it.state.now } as Event);
    expect(it.lastReply()).toContain("own-branch");
    expect(Object.keys(it.state.ledger.executions)).toEqual([id]);
  });

  test("holds the step while the pull request is closed and continues when it is reopened", async () => {
    const it = open();
    const id = await it.begin();
    it.change({ state: "closed" });
    await it.tell(people);
    expect(it.execution()).toMatchObject({ state: "paused", refusal: { code: "pull-closed", next: `/enki resume ${id}` } });
    it.state.now += 60_000;
    await it.tell({ kind: "woken" });
    expect(it.state.comments.map(({ body }) => body).join("\n")).toContain("7 was closed, so nothing starts or lands");
    await it.end(`work/${id}-fix/`);
    while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
    expect(it.execution()?.steps["fix"]?.landed).toBeNull();
    it.change({ state: "open" });
    await it.say({ kind: "resume", target: null });
    while (it.running().some((job) => job.startsWith("verify/"))) await it.verified();
    expect(it.execution()).toMatchObject({ state: "done" });
  });

  test("abandons unlanded work and reports it when the pull request is merged, with and without a webhook", async () => {
    const it = open();
    const id = await it.begin();
    it.change({ state: "merged" });
    await it.tell({ kind: "swept", sweptUntil: 5 });
    expect(it.execution()).toMatchObject({ state: "cancelled", refusal: { code: "pull-over" }, steps: { fix: { state: "cancelled" } } });
    await it.tell({ kind: "woken" });
    expect(it.isRunning(`work/${id}-fix/1`)).toBe(false);
  });

  test("reports that the pull request's branch was deleted", async () => {
    const it = open();
    await it.say({ kind: "do", text: "make it so" });
    const { id = "" } = it.execution() ?? {};
    await it.end(`plan/${id}`, { end: "success", tools: [{ kind: "propose", plan: plan(step("fix")) }] });
    delete it.state.refs[toBranchRef("feature")];
    await it.say({ kind: "approve-plan", plan: it.execution()?.plan ?? "" });
    expect(it.execution()?.steps["fix"]).toMatchObject({ state: "failed", refusal: { code: "base-missing" } });
  });

  test("ignores other activity on the pull request", async () => {
    const it = open();
    await it.begin();
    it.change({ labels: ["later"], draft: true });
    await it.tell(people);
    expect(it.execution()).toMatchObject({ state: "running" });
  });
});
