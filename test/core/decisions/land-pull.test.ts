import { describe, expect, test } from "vitest";
import { UNKNOWN_RULES, type Pull } from "../../../src/core/domain/github-facts.ts";
import { hashValue } from "../../../src/core/domain/ids.ts";
import { readCandidateRef, toBranchRef } from "../../../src/core/domain/refs.ts";
import type { PersonCommand } from "../../../src/core/domain/command.ts";
import type { Event } from "../../../src/core/domain/event.ts";
import { comment, plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const HEAD = hashValue("a person's work").slice(0, 40);
const PULL: Pull = {
  number: 7,
  title: "Speed up uploads",
  headRef: "faster",
  head: HEAD,
  baseBranch: "main",
  state: "open",
  draft: false,
  labels: [],
  hasActivity: true,
};
const land: PersonCommand = { kind: "land", head: null };
const unland: PersonCommand = { kind: "unland" };

/** Opens a repository with a person's pull request 7. */
const openPull = (over: Partial<Pull> = {}, options: Parameters<typeof openStory>[0] = {}) => {
  const it = openStory(options);
  const root = it.base();
  let said = 100;
  const push = (head: string): void => {
    it.state.parents.set(head, [root]);
    it.state.refs[toBranchRef("faster")] = head;
    it.state.pulls = it.state.pulls.map((each) => (each.number === 7 ? { ...each, head } : each));
  };
  it.state.pulls.push({ ...PULL, ...over });
  push(HEAD);
  if (over.headRef !== undefined) delete it.state.refs[toBranchRef("faster")];
  const change = (next: Partial<Pull>): void => {
    it.state.pulls = it.state.pulls.map((each) => (each.number === 7 ? { ...each, ...next } : each));
  };
  const command = (by: string, ...commands: PersonCommand[]): Promise<void> =>
    it.tell({ ...comment((said += 1), ...commands), issue: 7, onPullRequest: true, by, at: it.state.now } as Event);
  const shown = (): string =>
    it.state.comments.filter(({ issue, body }) => issue === 7 && body.startsWith("<!-- enki:execution:")).at(-1)?.body ?? "";
  return { ...it, push, change, command, shown, say: (...commands: PersonCommand[]) => command("maintainer", ...commands) };
};

test("/enki land puts a person's pull request into the queue; it lands as the verified commit, and the comment says so", async () => {
  const it = openPull();
  const before = it.base();
  await it.say(land);
  expect(it.shown()).toContain("### #7 is in the queue of `main`");
  expect(it.shown()).toContain("/enki unland");
  expect(it.base()).toBe(before);
  const verified = it.running()[0]?.split("/")[1] ?? "";
  await it.verified();
  expect(it.base()).toBe(verified);
  expect(it.state.parents.get(verified)).toEqual([before, HEAD]);
  await it.tell({ kind: "woken" });
  expect(it.shown()).toContain(`### Done: #7 landed on \`main\` as \`${verified.slice(0, 12)}\``);
  expect(it.state.refs[toBranchRef("faster")]).toBe(HEAD);
  it.replay();
});

test("/enki explain on a queued pull request names its place and the commands of a queue, before and after it fails", async () => {
  const it = openPull();
  await it.say(land);
  await it.say({ kind: "explain", target: null });
  expect(it.lastReply()).toMatch(/is \*\*published\*\*\. Its head is being verified[^]*comment:\n\n```\n\/enki unland\n```/);
  await it.rejected("$ npm test\n| not ok 1");
  await it.say({ kind: "explain", target: null });
  expect(it.lastReply()).toMatch(/has \*\*failed\*\*\.[^]*comment:\n\n```\n\/enki land\n```$/);
});

test("a pull request waits behind the steps that came first, is verified in one candidate with the next ones, and lands with them", async () => {
  const it = openPull();
  await it.propose(plan(step("first"), step("second")));
  await it.approve();
  await it.worked("first");
  await it.say(land);
  expect(it.shown()).toContain("One item is ahead of it.");
  await it.worked("second");
  await it.verified();
  const [candidate] = it.state.ledger.queues["main"]?.candidates ?? [];
  expect(candidate?.items.map(({ head }) => head)).toEqual([HEAD, it.head("second")]);
  await it.verified();
  expect(it.base()).toBe(candidate?.commit);
});

test("a red pull request leaves the queue with the end of the log, and the steps that were red with it land without it", async () => {
  const it = openPull({}, { config: config({ refinery: { ...config().refinery, retries: 0 } }) });
  await it.propose(plan(step("fix")));
  await it.approve();
  await it.say(land);
  await it.rejected("$ npm test\nnot ok");
  await it.tell({ kind: "woken" });
  expect(it.shown()).toContain("### Stopped: #7 left the queue");
  expect(it.shown()).toMatch(/not ok[^]*\n\/enki land\n/);
  await it.landed("fix");
  await it.tell({ kind: "woken" });
  expect(it.states()).toEqual({ fix: "done" });
});

test("a new commit takes the pull request out of the queue; a second /enki land queues it again", async () => {
  const it = openPull();
  await it.say(land);
  const next = hashValue("another commit").slice(0, 40);
  it.push(next);
  await it.tell({ kind: "woken", activity: "pulls" });
  expect(it.running()).toEqual([]);
  expect(it.shown()).toContain(`The head is \`${next.slice(0, 12)}\` now, and nobody asked to land that commit.`);
  await it.say(land);
  await it.verified();
  expect(it.state.parents.get(it.base())?.[1]).toBe(next);
});

test("a commit that is pushed while its webhook is lost is found before the landing", async () => {
  const it = openPull();
  const before = it.base();
  await it.say(land);
  it.push(hashValue("another commit").slice(0, 40));
  await it.verified();
  expect(it.base()).toBe(before);
});

test("/enki unland takes the pull request out, stops its run, and leaves the pull request open", async () => {
  const it = openPull();
  await it.say(land);
  await it.say(unland);
  await it.tell({ kind: "woken" });
  expect(it.running()).toEqual([]);
  expect(it.state.pulls[0]?.state).toBe("open");
  expect(it.shown()).toContain("### Cancelled: #7 is not in the queue");
  await it.say(unland);
  expect(it.lastReply()).toContain("not-queued");
});

test("a fork's head is kept by a ref of Enki's until it landed", async () => {
  const it = openPull({ headRef: "stranger:faster" });
  await it.say(land);
  const kept = (): string[] => Object.keys(it.state.refs).filter((ref) => ref.startsWith("refs/enki/pulls/"));
  expect(kept()).toHaveLength(1);
  await it.verified();
  expect(it.state.parents.get(it.base())?.[1]).toBe(HEAD);
  await it.say(land);
  await it.tell({ kind: "woken" });
  expect(kept()).toEqual([]);
});

test("a fork's new head, which no branch shows, is found right before the landing", async () => {
  const it = openPull({ headRef: "stranger:faster" });
  const before = it.base();
  await it.say(land);
  it.change({ head: hashValue("another commit").slice(0, 40) });
  await it.verified();
  expect(it.base()).toBe(before);
  await it.tell({ kind: "woken" });
  expect(it.shown()).toContain("nobody asked to land that commit");
});

test.each([
  { what: "a draft", change: { draft: true } as const, back: { draft: false } as const, why: "7 is a draft" },
  { what: "the label hold", change: { labels: ["hold"] } as const, back: { labels: [] } as const, why: "has the label `hold`" },
])("$what holds it in the queue until a person takes that back", async ({ change, back, why }) => {
  const it = openPull();
  const before = it.base();
  await it.say(land);
  it.change(change);
  await it.verified();
  await it.tell({ kind: "woken" });
  expect(it.base()).toBe(before);
  expect(it.shown()).toContain(why);
  it.change(back);
  await it.tell({ kind: "woken", activity: "pulls" });
  expect(it.state.parents.get(it.base())?.[1]).toBe(HEAD);
});

test.each([
  { what: "closed", change: { state: "closed" } as const, why: "This pull request was closed." },
  { what: "pointed to another base", change: { baseBranch: "next" } as const, why: "The base of this pull request was changed to `next`." },
])("a pull request that is $what leaves the queue", async ({ change, why }) => {
  const it = openPull();
  await it.say(land);
  it.change(change);
  await it.tell({ kind: "woken", activity: "pulls" });
  await it.verified().catch(() => undefined);
  await it.tell({ kind: "woken" });
  expect(it.shown()).toContain(why);
  expect(it.running()).toEqual([]);
});

test("a request for changes at an earlier head keeps it from landing until it is dismissed", async () => {
  const it = openPull();
  const before = it.base();
  const review = { id: 1, by: "maintainer", bot: false, head: "0".repeat(40), at: 5, text: "" } as const;
  it.state.reviews.set(7, [{ ...review, verdict: "changes-requested" }]);
  await it.say(land);
  await it.verified();
  await it.tell({ kind: "woken" });
  expect(it.base()).toBe(before);
  expect(it.shown()).toContain("maintainer requested changes");
  it.state.reviews.set(7, [{ ...review, verdict: "dismissed" }]);
  await it.tell({ kind: "woken", activity: "reviews", pull: 7 });
  expect(it.state.parents.get(it.base())?.[1]).toBe(HEAD);
});

test("required reviews count for exactly the queued head", async () => {
  const it = openPull();
  it.state.rules = { ...UNKNOWN_RULES, isReadable: true, requiredReviews: 1, types: ["pull_request"] };
  const review = { id: 1, by: "maintainer", bot: false, at: 5, text: "", verdict: "approved" } as const;
  it.state.reviews.set(7, [{ ...review, head: "0".repeat(40) }]);
  await it.say(land);
  await it.verified();
  await it.tell({ kind: "woken" });
  expect(it.shown()).toContain("ask for 1 approving review of this head; so far it has none");
  it.state.reviews.set(7, [{ ...review, head: HEAD }]);
  await it.tell({ kind: "woken", activity: "reviews", pull: 7 });
  for (let round = 0; round < 3; round += 1) await it.tell({ kind: "woken" });
  expect(it.state.pulls[0]?.state).toBe("merged");
  expect(it.state.parents.get(it.base())?.[1]).toBe(HEAD);
});

test("the command is read again right before the landing: if it was deleted, nothing lands", async () => {
  const it = openPull();
  const before = it.base();
  await it.say(land);
  it.state.said.set(101, null);
  await it.verified();
  await it.tell({ kind: "woken" });
  expect(it.base()).toBe(before);
  expect(it.shown()).toContain("The `/enki land` by maintainer no longer counts");
});

test("a pull request that conflicts with the base leaves the queue, because Enki changes no branch of a person", async () => {
  const it = openPull({}, { conflicts: (head) => head === HEAD });
  await it.say(land);
  await it.tell({ kind: "woken" });
  expect(it.running()).toEqual([]);
  expect(it.shown()).toContain("The head conflicts with `main`, and Enki does not change people's branches.");
});

const mergeByHand = (it: ReturnType<typeof openPull>): void => {
  it.change({ state: "merged" });
  const merge = hashValue("merge by hand").slice(0, 40);
  it.state.parents.set(merge, [it.base(), HEAD]);
  it.state.refs[toBranchRef("main")] = merge;
};

test("a person who merges it by hand has landed it", async () => {
  const it = openPull();
  await it.say(land);
  mergeByHand(it);
  await it.tell({ kind: "woken", activity: "pulls" });
  await it.tell({ kind: "woken" });
  expect(it.shown()).toContain("### Done: #7 landed");
});

test.each([
  { commands: [land], by: "stranger", over: {}, why: "no-permission" },
  { commands: [land], by: "maintainer", over: { draft: true }, why: "([`draft`](" },
  { commands: [land], by: "maintainer", over: { state: "closed" as const }, why: "([`pull-over`](" },
  { commands: [land, land], by: "maintainer", over: {}, why: "([`already-queued`](" },
  { commands: [{ kind: "land" as const, head: "abcdef1" }], by: "maintainer", over: {}, why: "([`other-head`](" },
  { commands: [land, { kind: "retry" as const, target: "pull" }], by: "maintainer", over: {}, why: "([`person-pull`](" },
  { commands: [land, { kind: "skip" as const, target: "pull" }], by: "maintainer", over: {}, why: "([`person-pull`](" },
])("is refused: $why", async ({ commands, by, over, why }) => {
  const it = openPull(over);
  await it.command(by, ...commands);
  expect(it.lastReply()).toContain(why);
});

test("is refused on an issue, and on the pull request of a step", async () => {
  const it = openStory();
  const id = await it.propose(plan(step("fix")));
  await it.say(1, land);
  expect(it.lastReply()).toContain("not-a-pull");
  await it.approve();
  await it.worked("fix");
  await it.tell({ kind: "woken" });
  await it.tell({ kind: "woken" });
  const number = it.at("fix", id)?.pull ?? 0;
  await it.tell({ ...comment(200, land), issue: number, onPullRequest: true, at: it.state.now } as Event);
  expect(it.lastReply()).toContain("own-pull");
});

describe("a push that GitHub refuses", () => {
  const WORDS = "refusing to allow a GitHub App to create or update workflow";

  test("of a fork's head stops that pull request alone, with GitHub's words", async () => {
    const it = openPull(
      { headRef: "stranger:faster" },
      { refusePush: ({ ref, newSha }) => (ref.startsWith("refs/enki/pulls/") && newSha !== null ? WORDS : null) },
    );
    await it.say(land);
    expect(it.shown()).toContain(WORDS);
    expect(it.shown()).toContain("### Stopped");
    const id = await it.propose(plan(step("fix")));
    await it.approve();
    await it.worked("fix");
    await it.verified();
    expect(it.state.ledger.executions[id]?.steps["fix"]?.landed).not.toBeNull();
  });

  test("of a candidate takes the pull request out that it holds, and the steps beside it land", async () => {
    const it: ReturnType<typeof openPull> = openPull(
      {},
      { refusePush: ({ ref, newSha }) => (readCandidateRef(ref) && newSha !== null && it.contains(HEAD, newSha) ? WORDS : null) },
    );
    const id = await it.propose(plan(step("fix")));
    await it.approve();
    await it.worked("fix");
    await it.say(land);
    while (it.running().length > 0) await it.verified();
    expect(it.shown()).toContain(WORDS);
    expect(it.state.ledger.queues["main"]?.frozen).toBeNull();
    expect(it.state.ledger.executions[id]?.steps["fix"]?.landed).not.toBeNull();
  });
});

describe("the status of a head", () => {
  const RED = { config: config({ refinery: { ...config().refinery, retries: 0 } }) };
  const wake = async (it: ReturnType<typeof openPull>, times: number): Promise<void> => {
    for (let count = 0; count < times; count += 1) await it.tell({ kind: "woken" });
  };

  test("is that of the newest request: an earlier one at the same head does not fight with it", async () => {
    const it = openPull({}, RED);
    await it.say(land);
    await it.rejected("not ok");
    await it.tell({ kind: "woken" });
    await it.say(land);
    it.change({ labels: ["hold"] });
    await it.tell({ kind: "woken", activity: "pulls" });
    await wake(it, 2);
    const before = it.state.statuses.length;
    await wake(it, 10);
    expect(it.state.statuses).toHaveLength(before);
    expect(it.state.statuses.at(-1)?.state).toBe("pending");
  });

  test("is not turned red by an earlier failure while GitHub's merge queue has the pull request", async () => {
    const it = openPull({}, RED);
    it.state.rules = { ...UNKNOWN_RULES, isReadable: true, types: ["merge_queue"], checks: [{ name: "enki/refinery", app: null }] };
    await it.say(land);
    await it.rejected("not ok");
    await wake(it, 2);
    await it.say(land);
    await it.verified();
    await wake(it, 4);
    expect(it.state.statuses.at(-1)?.state).toBe("success");
  });
});

describe("a merge by hand", () => {
  test("has landed it, also if GitHub deletes the branch", async () => {
    const it = openPull();
    await it.say(land);
    mergeByHand(it);
    delete it.state.refs[toBranchRef("faster")];
    await it.tell({ kind: "woken", activity: "pulls" });
    await it.tell({ kind: "woken" });
    expect(it.shown()).toContain("### Done: #7 landed");
  });

  test("has landed it also while the pull request is paused", async () => {
    const it = openPull();
    await it.say(land);
    await it.say({ kind: "pause", target: null });
    expect(Object.values(it.state.ledger.executions)[0]?.state).toBe("paused");
    mergeByHand(it);
    await it.tell({ kind: "woken", activity: "pulls" });
    await it.tell({ kind: "woken" });
    expect(Object.values(it.state.ledger.executions)[0]?.state).toBe("done");
    expect(it.shown()).toContain("### Done: #7 landed");
    it.replay();
  });

  test("is found after a lost webhook, when the pull request is resumed", async () => {
    const it = openPull();
    await it.say(land);
    await it.say({ kind: "pause", target: null });
    mergeByHand(it);
    await it.tell({ kind: "woken" });
    await it.say({ kind: "resume", target: null });
    for (let more = 0; more < 3; more += 1) await it.tell({ kind: "woken" });
    expect(it.shown()).toContain("### Done: #7 landed");
  });

  test("of a fork at another head takes it out of the queue", async () => {
    const it = openPull({ headRef: "stranger:faster" });
    await it.say(land);
    const [next, squash] = [hashValue("newer").slice(0, 40), hashValue("squash").slice(0, 40)];
    it.state.parents.set(next, [it.root]);
    it.state.parents.set(squash, [it.base()]);
    it.change({ head: next, state: "merged" });
    it.state.refs[toBranchRef("main")] = squash;
    await it.tell({ kind: "woken", activity: "pulls" });
    while (it.running().length > 0) await it.verified();
    for (let more = 0; more < 6; more += 1) await it.tell({ kind: "woken" });
    expect(Object.values(it.state.ledger.executions)[0]?.state).not.toBe("running");
    expect(it.shown()).toContain("A person merged this pull request at another head");
  });
});

test("another person may ask again after the command is gone, and the pull request keeps its place", async () => {
  const it = openPull();
  await it.say(land);
  it.state.permissions["maintainer"] = "read";
  await it.verified();
  for (let more = 0; more < 2; more += 1) await it.tell({ kind: "woken" });
  it.state.permissions["boss"] = "write";
  await it.command("boss", land);
  for (let more = 0; more < 3; more += 1) await it.tell({ kind: "woken" });
  expect(it.lastReply()).not.toContain("already-queued");
  expect(it.shown()).toContain("### Done: #7 landed");
});

test("a pull request into or from a branch of Enki's is refused", async () => {
  const it = openPull();
  const id = await it.propose(plan(step("fix")));
  await it.approve();
  await it.worked("fix");
  it.change({ baseBranch: `task/${id}-fix` });
  await it.say(land);
  expect(it.lastReply()).toContain("own-branch");
});

test("a pull request is refused while the configuration is broken, as every request is", async () => {
  const it = openPull({}, { config: { ...config({}), broken: "`parallel` is a number" } });
  await it.say(land);
  expect(it.running()).toEqual([]);
  expect(it.state.comments.at(-1)?.body).toContain("bad-config");
});

describe("what a person reads about a pull request of their own names /enki land, never a retry", () => {
  test("when a person removed it from GitHub's merge queue", async () => {
    const it = openPull();
    it.state.rules = { ...UNKNOWN_RULES, isReadable: true, types: ["merge_queue"] };
    await it.say(land);
    while (it.running().length > 0) await it.verified();
    for (let more = 0; more < 3; more += 1) await it.tell({ kind: "woken" });
    it.state.entries.set(7, { kind: "out", reason: "MANUAL" });
    for (let more = 0; more < 4; more += 1) {
      it.state.now += 120_000;
      await it.tell({ kind: "woken", activity: "pulls" });
    }
    expect(it.shown()).toContain("/enki land");
    expect(it.shown()).not.toContain("/enki retry");
  });

  test("when it was cancelled", async () => {
    const it = openPull();
    await it.say(land);
    await it.say({ kind: "cancel", target: null });
    const [execution] = Object.values(it.state.ledger.executions);
    expect(execution?.state).toBe("cancelled");
    expect(Object.values(execution?.steps ?? {}).map(({ refusal }) => refusal?.next)).toEqual(["/enki land"]);
    expect(it.shown()).not.toContain("/enki fix");
  });
});
