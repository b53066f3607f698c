import { describe, expect, test } from "vitest";
import type { Check, BranchRules } from "../../../src/core/domain/github-facts.ts";
import { readCandidateBranch } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const RULES: BranchRules = {
  isReadable: true,
  types: ["required_status_checks"],
  checks: [{ name: "build", app: null }],
  requiredReviews: 0,
  allowedMethods: null,
};
const CHECKED = config({ refinery: { ...config().refinery, checks: [{ name: "build", app: "ci" }] } });
const HOUR = 60 * 60_000;

const ANY = config({ refinery: { ...config().refinery, checks: [{ name: "*", app: null }] } });

/** Starts a step that is being verified, on a base with required checks. */
const gated = async (rules: BranchRules | null = null, checked = CHECKED) => {
  const it = openStory(rules ? {} : { config: checked });
  if (rules) it.state.rules = rules;
  await it.propose(plan(step("fix")));
  await it.approve();
  await it.worked("fix");
  const candidate = (): string => it.state.runs.findLast(({ name }) => name.startsWith("verify/"))?.name.split("/")[1] ?? "";
  const branches = (): string[] => Object.keys(it.state.refs).filter((ref) => readCandidateBranch(ref) !== null);
  /** Reports a check on the candidate in the given state. */
  const report = (state: string, over: Partial<Check> = {}, commit = candidate()): void => {
    const before = it.state.checks.get(commit) ?? [];
    const at = it.state.now;
    const check = { id: before.length + 1, name: "build", app: { id: 7, slug: "ci" }, state, startedAt: at, updatedAt: at, ...over };
    it.state.checks.set(commit, [...before, check]);
  };
  return { ...it, candidate, branches, report, look: () => it.tell({ kind: "woken" }) };
};

describe("a required check on the candidate", () => {
  test.each([
    ["named by the configuration", null],
    ["that a rule of the base asks for", RULES],
  ])("10 %s: it lands when the verify job and the check are green, and not before", async (_, rules) => {
    const it = await gated(rules);
    expect(it.branches()).toHaveLength(1);
    expect(it.branches().map((ref) => it.state.refs[ref])).toEqual([it.candidate()]);
    await it.verified();
    expect(it.base()).toBe(it.root);
    it.report("in_progress");
    await it.look();
    expect(it.base()).toBe(it.root);
    it.report("success");
    await it.look();
    expect(it.base()).toBe(it.candidate());
    expect(it.branches()).toEqual([]);
    it.replay();
  });

  test("green before the verify job: Enki waits for the verify job", async () => {
    const it = await gated();
    it.report("success");
    await it.look();
    expect(it.base()).toBe(it.root);
    await it.verified();
    expect(it.base()).toBe(it.candidate());
  });

  test("11 from another app does not count", async () => {
    const it = await gated();
    it.report("success", { app: { id: 8, slug: "other" } });
    await it.verified();
    expect(it.base()).toBe(it.root);
  });

  test("12 a completed suite does not count before all required checks are listed", async () => {
    const it = await gated({ ...RULES, checks: [...RULES.checks, { name: "lint", app: null }] });
    it.report("success");
    await it.verified();
    expect(it.base()).toBe(it.root);
    it.report("success", { name: "lint" });
    await it.look();
    expect(it.base()).toBe(it.candidate());
  });

  test("red in two runs fails the step and names the check", async () => {
    const it = await gated();
    const first = it.branches();
    it.report("failure");
    await it.verified();
    // The base is verified alone before anybody is blamed on it.
    for (let run = 0; run < 5 && it.state_("fix") !== "failed"; run += 1) {
      while (it.running().some((job) => job.startsWith("verify/"))) {
        const isBase = it.candidate() === it.root;
        it.report(isBase ? "success" : "failure");
        await it.verified();
      }
    }
    expect(it.branches().filter((ref) => first.includes(ref))).toEqual([]);
    expect(it.at("fix")).toMatchObject({ state: "failed", lastFailure: expect.stringContaining("The check `build` of `ci`: it failed") });
    expect(it.base()).toBe(it.root);
  });

  test("9 never reported: verified again on a fresh branch, and no step is blamed", async () => {
    const it = await gated();
    const [first] = it.branches();
    await it.verified();
    it.state.now += HOUR;
    await it.look();
    it.state.now += HOUR;
    await it.look();
    expect(it.branches()).not.toContain(first);
    expect(it.branches()).toHaveLength(1);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await it.verified();
      it.state.now += HOUR;
      await it.look();
      it.state.now += HOUR;
      await it.look();
    }
    expect(it.state_("fix")).toBe("published");
    expect(it.comment()).toMatch(/Nothing lands for now.*build/);
    expect(it.comment()).toContain("if: always()");
    expect(it.base()).toBe(it.root);
  });

  test("16 cancelled: verified again on a fresh branch without a strike", async () => {
    const it = await gated();
    it.report("cancelled");
    await it.verified();
    it.state.now += HOUR;
    await it.look();
    it.report("success");
    await it.verified();
    expect(it.state_("fix")).toBe("done");
    expect(it.state.runs.filter(({ name }) => name.startsWith("verify/"))).toHaveLength(2);
  });

  test("14 red again while its step is held: the step does not land", async () => {
    const it = await gated();
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: ["hold"] }));
    it.report("success");
    await it.verified();
    expect(it.state_("fix")).toBe("waiting");
    it.report("failure");
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: [] }));
    await it.tell({ kind: "woken", activity: "pulls" });
    expect(it.base()).toBe(it.root);
  });

  test("15 red, then rerun to green by a person before the ejection: the step lands without a strike", async () => {
    const it = await gated();
    const first = it.candidate();
    it.report("failure");
    await it.verified();
    // The base is verified alone before anybody is blamed on it.
    expect(it.candidate()).toBe(it.root);
    it.report("success", {}, first);
    await it.look();
    expect(it.state_("fix")).toBe("done");
    expect(it.base()).toBe(first);
  });

  test("34 a person deletes the candidate's branch: Enki verifies it again under a new name", async () => {
    const it = await gated();
    const [first = ""] = it.branches();
    delete it.state.refs[first];
    await it.look();
    it.state.now += HOUR;
    await it.look();
    expect(it.branches()).toHaveLength(1);
    expect(it.branches()).not.toContain(first);
    it.report("success");
    await it.end(`verify/${it.candidate()}/2`);
    expect(it.state_("fix")).toBe("done");
  });

  test("35 a person pushes to the candidate's branch: the push neither lands nor is overwritten", async () => {
    const it = await gated();
    const [first = ""] = it.branches();
    const pushed = it.push(first, "mine");
    it.report("success");
    await it.verified();
    expect(it.base()).toBe(it.candidate());
    expect(it.contains(pushed, it.base())).toBe(false);
    expect(it.state.refs[first]).toBe(pushed);
  });

  test("42 red after the landing: nothing happens", async () => {
    const it = await gated();
    it.report("success");
    await it.verified();
    it.report("failure");
    await it.look();
    expect(it.state_("fix")).toBe("done");
    expect(it.base()).toBe(it.candidate());
  });
});

describe("all checks on the candidate", () => {
  test("13 a second check starts 20 seconds after the first was green: Enki waits for it and for a quiet period", async () => {
    const it = await gated(null, ANY);
    await it.verified();
    it.state.now += 120_000;
    await it.look();
    expect(it.base(), "none is not green").toBe(it.root);
    it.report("success");
    it.state.now += 20_000;
    it.report("in_progress", { name: "lint" });
    await it.look();
    it.state.now += 120_000;
    await it.look();
    expect(it.base(), "the second runs").toBe(it.root);
    it.report("success", { name: "lint" });
    it.state.now -= 30_000;
    await it.look();
    expect(it.base(), "a third may begin").toBe(it.root);
    expect(it.wakeAt()).toBe((it.state.checks.get(it.candidate())?.at(-1)?.updatedAt ?? 0) + 30_000);
    expect(it.branches()).toHaveLength(1);
    await it.look();
    expect(it.base()).toBe(it.candidate());
    expect(it.state.runs.filter(({ name }) => name.startsWith("verify/"))).toHaveLength(1);
    it.replay();
  });

  test("13 a named check that starts late is awaited without a quiet period", async () => {
    const checks = ["build", "lint"].map((name) => ({ name, app: null }));
    const it = await gated(null, config({ refinery: { ...config().refinery, checks } }));
    await it.verified();
    it.report("success");
    it.state.now += 20_000;
    await it.look();
    expect(it.base()).toBe(it.root);
    it.report("success", { name: "lint" });
    await it.look();
    expect(it.base()).toBe(it.candidate());
  });

  test("red twice blames the step; old checks of the base and Enki's own jobs do not count", async () => {
    const it = await gated(null, ANY);
    it.report("failure", { name: "deploy", startedAt: 0, updatedAt: 0 }, it.root);
    for (let run = 0; run < 5 && it.state_("fix") !== "failed"; run += 1) {
      it.report(it.candidate() === it.root ? "success" : "failure", { name: "lint" });
      it.report("in_progress", { name: "verify", app: { id: 1, slug: "github-actions" } }, it.root);
      await it.verified();
      it.state.now += 30_000;
      await it.look();
    }
    expect(it.at("fix")).toMatchObject({ state: "failed", lastFailure: expect.stringContaining("The check `lint` of `ci`: it failed") });
    expect(it.base()).toBe(it.root);
  });
});

test("17 no check can start: the base is frozen for an outage, and no step is ejected", async () => {
  const it = await gated();
  for (let run = 0; run < 4; run += 1) {
    it.report("startup_failure");
    if (!it.running().some((job) => job.startsWith("verify/"))) break;
    await it.verified();
    it.state.now += HOUR;
    await it.look();
  }
  expect(it.state_("fix")).toBe("published");
  expect(it.comment()).toMatch(/Nothing lands for now.*could not start/);
});

test("pushes no candidate branch without required checks", async () => {
  const it = openStory();
  await it.propose(plan(step("fix")));
  await it.approve();
  await it.worked("fix");
  expect(Object.keys(it.state.refs).filter((ref) => readCandidateBranch(ref) !== null)).toEqual([]);
});
