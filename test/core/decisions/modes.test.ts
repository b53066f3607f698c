import { describe, expect, test } from "vitest";
import type { BranchRules } from "../../../src/core/domain/github-facts.ts";
import { toBranchRef, readCandidateBranch } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const rules = (over: Partial<BranchRules>): BranchRules => ({
  isReadable: true,
  types: ["pull_request"],
  checks: [],
  requiredReviews: 0,
  allowedMethods: null,
  ...over,
});
const THREE = plan(step("a"), step("b"), step("c"));

/** Works on steps on a base with the given rules. */
const begun = async (given: Partial<BranchRules> | null, over: Parameters<typeof openStory>[0] = {}, steps = THREE) => {
  const it = openStory(over);
  if (given) it.state.rules = rules(given);
  await it.propose(steps);
  await it.approve();
  for (const { id } of steps.steps) if (it.state_(id) === "running") await it.worked(id);
  const verify = async (): Promise<void> => {
    for (let run = 0; run < 20 && it.running().some((job) => job.startsWith("verify/")); run += 1) await it.verified();
  };
  const approveAll = (): void => {
    for (const pull of it.state.pulls) {
      const review = { id: 1, by: "maintainer", bot: false, verdict: "approved" as const, head: pull.head, at: it.state.now, text: "" };
      it.state.reviews.set(pull.number, [review]);
    }
  };
  return { ...it, verify, approveAll, queue: () => it.state.ledger.queues["main"] };
};

/** Plays one step. A person pushes to the base right before GitHub merges the step. */
const pushedMeanwhile = async (given: Partial<BranchRules> | null, over: Parameters<typeof openStory>[0] = {}) => {
  let once = true;
  const merging: NonNullable<Parameters<typeof openStory>[0]>["merging"] = () => {
    if (!once) return null;
    once = false;
    story.push(toBranchRef("main"), "by a person");
    return { kind: "refused", code: "base-moved", reason: "Base branch was modified." };
  };
  const story: Awaited<ReturnType<typeof begun>> = await begun(given, { ...over, merging }, plan(step("a")));
  await story.verify();
  await story.tell({ kind: "woken" });
  await story.verify();
  expect(story.state_("a")).toBe("done");
  return story;
};

describe("each: the rules require reviews", () => {
  test("63 a step waits for its review while dependents are worked on; reviewed pull requests merge one at a time", async () => {
    const it = await begun({ requiredReviews: 1 });
    await it.verify();
    expect(it.states()).toEqual({ a: "waiting", b: "waiting", c: "waiting" });
    expect(it.at("a")?.refusal?.code).toBe("unreviewed");
    expect(it.base()).toBe(it.root);
    it.approveAll();
    await it.tell({ kind: "woken", activity: "pulls" });
    await it.verify();
    expect(it.states()).toEqual({ a: "done", b: "done", c: "done" });
    expect(it.state.merges).toHaveLength(3);
    expect(it.at("c")?.landed?.commit).toBe(it.state.merges[2]);
    expect(it.state.bases).toEqual([it.root]);
    expect(it.queue()?.landing).toBeUndefined();
    it.replay();
  });

  test("waits for reviews that became required during verification before it requests the merge", async () => {
    const it = await begun({ types: [] }, {}, plan(step("a")));
    it.state.rules = rules({ requiredReviews: 1 });
    await it.verify();
    expect([it.at("a")?.refusal?.code, it.state.merges, it.queue()?.landing]).toEqual(["unreviewed", [], undefined]);
    it.approveAll();
    await it.tell({ kind: "woken", activity: "pulls" });
    expect(it.states()).toEqual({ a: "done" });
    it.replay();
  });

  test("64 a new head needs its own review, says so, and is not merged in a loop", async () => {
    const it = await begun({ requiredReviews: 1 }, {}, plan(step("a")));
    it.approveAll();
    it.push(toBranchRef(`task/${it.task("a")}`), "by a person");
    await it.tell({ kind: "woken" });
    await it.verify();
    expect(it.at("a")).toMatchObject({ state: "waiting", refusal: { code: "unreviewed" } });
    const before = it.state.requests;
    await it.tell({ kind: "woken" });
    expect(it.state.requests).toBe(before);
  });

  test("38 a lost answer of a merge is read back, and nothing is merged twice", async () => {
    const it = await begun(
      null,
      { config: config({ refinery: { ...config().refinery, landing: "each" } }), merging: () => "unclear" },
      plan(step("a")),
    );
    await it.verify();
    await it.tell({ kind: "woken" });
    expect(it.state_("a")).toBe("done");
    expect(it.state.merges).toHaveLength(1);
  });

  test.each([
    [2, 1],
    [5, 2],
  ])("40 GitHub reports %i times that the base was modified: the step lands after %i verifications", async (times, verifications) => {
    let left = times;
    const merging = () => ((left -= 1) >= 0 ? { kind: "refused" as const, code: "base-moved", reason: "Base branch was modified." } : null);
    const it = await begun(
      { requiredReviews: 0 },
      { config: config({ refinery: { ...config().refinery, landing: "each" } }), merging },
      plan(step("a")),
    );
    await it.verify();
    for (let wait = 0; wait < 8; wait += 1) await it.tell({ kind: "woken" });
    expect(it.state_("a")).toBe("done");
    expect(it.state.merges).toHaveLength(1);
    expect(verifications).toBeGreaterThan(0);
  });

  test("a head that moved is verified before its merge", async () => {
    let moved = false;
    const story: Awaited<ReturnType<typeof begun>> = await begun(
      null,
      {
        config: config({ refinery: { ...config().refinery, landing: "each" } }),
        merging: (pull) => {
          if (!moved) story.push(toBranchRef(pull.headRef), "by a person");
          const first = !moved;
          moved = true;
          return first ? { kind: "refused", code: "conflict", reason: "Head branch was modified." } : null;
        },
      },
      plan(step("a")),
    );
    await story.verify();
    await story.tell({ kind: "woken" });
    await story.verify();
    expect(story.at("a")).toMatchObject({ state: "done", head: { by: "person" } });
    expect(story.state.merges).toHaveLength(1);
  });

  test("51 a rule rejects the merge: reported once, then retried silently", async () => {
    let allowed = false;
    const merging = () =>
      allowed ? null : { kind: "refused" as const, code: "not-mergeable", reason: "Changes must be made through the merge queue" };
    const it = await begun(null, { config: config({ refinery: { ...config().refinery, landing: "each" } }), merging }, plan(step("a")));
    await it.verify();
    expect(it.comment()).toMatch(/Nothing lands for now.*through the merge queue/);
    expect(it.state.merges).toEqual([]);
    allowed = true;
    await it.tell({ kind: "woken" });
    expect(it.state.merges).toEqual([]);
    it.state.now += 16 * 60_000;
    await it.tell({ kind: "woken" });
    await it.verify();
    expect(it.state_("a")).toBe("done");
  });

  test("a person pushes to the base before the merge: Enki verifies again", async () => {
    const story = await pushedMeanwhile(null, { config: config({ refinery: { ...config().refinery, landing: "each" } }) });
    expect(story.state.runs.filter(({ name }) => name.startsWith("verify/"))).toHaveLength(2);
  });

  test("72 GitHub merged something else than the verified commit: the base is frozen and a revert pull request opened", async () => {
    const it = await begun({ requiredReviews: 1 }, { otherTree: true });
    it.approveAll();
    await it.verify();
    expect(it.state.merges).toHaveLength(1);
    expect(it.queue()?.frozen?.code).toBe("tree-differs");
    expect(it.comment()).toMatch(/Nothing lands for now.*not those that were verified/);
    const revert = it.state.pulls.filter(({ headRef }) => headRef.startsWith("enki/revert/"));
    expect(revert).toHaveLength(1);
    expect(it.contains(it.state.merges[0] ?? "", revert[0]?.head ?? "")).toBe(true);
    await it.tell({ kind: "woken" });
    expect(it.state.pulls.filter(({ headRef }) => headRef.startsWith("enki/revert/"))).toHaveLength(1);
    expect(it.state.merges).toHaveLength(1);
    it.replay();
  });
});

describe("batch: the rules require a pull request without reviews", () => {
  test("merges all green steps in one pull request, which marks the steps' pull requests", async () => {
    const it = await begun({});
    await it.verify();
    expect(it.states()).toEqual({ a: "done", b: "done", c: "done" });
    expect(it.state.bases).toEqual([it.root]);
    expect(it.state.merges.length).toBeLessThan(3);
    expect(it.state.pulls.map(({ state }) => state)).not.toContain("open");
    expect(Object.keys(it.state.refs).filter((ref) => readCandidateBranch(ref) !== null)).toEqual([]);
    it.replay();
  });

  test("replaces the pull request after a person pushed to the base", async () => {
    const story = await pushedMeanwhile({});
    expect(story.state.pulls.filter(({ headRef }) => headRef.startsWith("enki/")).map(({ state }) => state)).toEqual(["closed", "merged"]);
  });
});

describe("exact", () => {
  test("falls back to merging pull requests if GitHub rejects a push without visible rules", async () => {
    const refusePush = ({ ref }: { ref: string }) => (ref === toBranchRef("main") ? "protected branch hook declined" : null);
    const it = await begun({ types: [], isReadable: false }, { refusePush });
    await it.verify();
    expect(it.states()).toEqual({ a: "done", b: "done", c: "done" });
    expect(it.state.merges).toHaveLength(3);
    expect(it.queue()?.landingTerms).toMatchObject({ mode: "each", reason: expect.stringContaining("protected branch hook declined") });
  });

  test("39 repeats a push without effect with the same commit", async () => {
    let left = 1;
    const refused: string[] = [];
    const it = openStory();
    const save = it.world.save;
    Object.assign(it.world, {
      save: (...args: Parameters<typeof save>) => {
        const to = args[0].refMoves.find(({ ref }) => ref === toBranchRef("main"))?.newSha;
        if (to && (left -= 1) >= 0) {
          refused.push(to);
          return Promise.resolve({ kind: "ledger-moved" as const });
        }
        return save(...args);
      },
    });
    await it.propose(plan(step("a")));
    await it.approve();
    await it.worked("a");
    await it.verified();
    expect(it.base()).toBe(refused[0]);
  });

  test("starts the workflows for after a landing once per landing", async () => {
    const it = await begun(null, { config: config({ refinery: { ...config().refinery, after: ["deploy.yml"] } }) }, plan(step("a")));
    await it.verify();
    await it.tell({ kind: "woken" });
    expect(it.state.started).toEqual(["deploy.yml@main"]);
  });
});

describe("the landing method in a pull request", () => {
  const WAYS = [
    ["exact", null, "the very commit that was verified is pushed (exact): its rules cannot be read, so Enki tries a push."],
    [
      "batch",
      {},
      "steps that are verified together are merged as one pull request (batch): its rules accept only pull requests and require no review.",
    ],
    ["each", { requiredReviews: 1 }, "pull requests are merged one at a time (each): its rules require a review of each pull request."],
  ] as const;

  test.each(WAYS)("%s is stated from the start without an extra request", async (mode, given, words) => {
    const it = openStory();
    it.state.rules = given ? rules(given) : { ...rules({ types: [] }), isReadable: false };
    await it.propose(plan(step("a")));
    await it.approve();
    await it.worked("a");
    expect(it.says("a")).toContain(`On \`main\` ${words}`);
    expect(it.at("a")?.announcedLanding).toBe(mode);
    await it.verified();
    expect(it.state.edits).toBe(1);
  });

  test("is stated again after each change", async () => {
    const it = await begun(null, {}, plan(step("a"), step("b")));
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: ["hold"] }));
    await it.verify();
    // One edit stated each hold.
    expect(it.state.edits).toBe(2);
    const edits = (): number => it.state.edits - 2;
    const look = async (over: Partial<BranchRules>): Promise<void> => {
      it.state.rules = rules(over);
      for (let turn = 0; turn < 3; turn += 1) await it.tell({ kind: "woken", activity: "pulls" });
      await it.verify();
    };
    expect([it.says("a"), edits()]).toEqual([expect.stringContaining("(exact)"), 0]);
    await look({ requiredReviews: 1 });
    expect([it.says("a"), it.says("b"), edits()]).toEqual([expect.stringContaining("(each)"), expect.stringContaining("(each)"), 2]);
    await look({ types: [] });
    expect([it.says("a"), edits()]).toEqual([expect.stringContaining("(exact)"), 4]);
    await look({ requiredReviews: 1 });
    expect([it.says("a"), edits()]).toEqual([expect.stringContaining("(each)"), 6]);
    it.replay();
  });
});

test("a merge that waits for checks of the head is requested again later, and nothing is frozen", async () => {
  let left = 1;
  const why = 'Required status check "build" is expected.';
  const merging = () => ((left -= 1) >= 0 ? { kind: "refused" as const, code: "not-mergeable", reason: why } : null);
  const it = await begun(null, { config: config({ refinery: { ...config().refinery, landing: "each" } }), merging }, plan(step("a")));
  await it.verify();
  const before = it.state.pushes;
  for (let look = 0; look < 3 && it.state_("a") !== "done"; look += 1) await it.tell({ kind: "woken" });
  expect(it.state_("a")).toBe("done");
  expect(it.state.pushes - before).toBeLessThan(6);
  expect(it.comment()).toContain("pull requests are merged one at a time");
});

test("pauses before it repeats a merge whose head moved according to GitHub but not to git", async () => {
  const merging = () => ({ kind: "refused" as const, code: "conflict", reason: "Head branch was modified." });
  const it = await begun(null, { config: config({ refinery: { ...config().refinery, landing: "each" } }), merging }, plan(step("a")));
  const before = it.state.pushes;
  await it.verify();
  expect(it.state.pushes - before).toBeLessThan(8);
});
