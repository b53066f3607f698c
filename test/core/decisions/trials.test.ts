import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import type { Config } from "../../../src/core/domain/config.ts";
import type { Sha } from "../../../src/core/domain/ids.ts";
import type { JobKey } from "../../../src/core/domain/job.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { readCandidateRef, readTrialRef, toCandidateRef, toResultRef, toTaskRef, toTrialRef } from "../../../src/core/domain/refs.ts";
import type { TamperingFinding } from "../../../src/core/domain/tampering.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import type { Fate } from "../../support/memory-world.ts";
import { openStory } from "../../support/story.ts";

const DELETED: TamperingFinding = { path: "limit.test.js", kind: "deleted" };
const RED: Fate = {
  end: "failed",
  output: "$ npm test\n| limit.test.js: expected 10, got 11",
  failures: [{ command: "npm test", passedAgain: false }],
};

const gated = (over: Partial<Config["refinery"]> = {}): Config =>
  config({ policy: { ...config().policy, tests: "checkpoint" }, refinery: { ...config().refinery, verify: ["npm test"], ...over } });

type Begun = { readonly refinery?: Partial<Config["refinery"]>; readonly steps?: readonly string[] };

/** Starts a plan whose steps change their own checks. The work is done and in the queue. */
const begun = async ({ refinery = {}, steps = ["fix"] }: Begun = {}) => {
  const it = openStory({ config: gated(refinery) });
  const findings = new Map<Sha, readonly TamperingFinding[]>();
  it.state.tampering = (head) => findings.get(head) ?? [DELETED];
  const id = await it.propose(plan(...steps.map((each) => step(each))));
  await it.approve();
  for (const each of steps) await it.worked(each);
  const approve = (of = "fix") => {
    const pull = it.pull(of);
    const review = {
      id: 1,
      by: "maintainer",
      bot: false,
      verdict: "approved" as const,
      text: "",
      head: pull?.head ?? "",
      at: it.state.now,
    };
    it.state.reviews.set(pull?.number ?? 0, [review]);
    return it.tell({ kind: "woken", activity: "reviews" });
  };
  const trials = (): string[] => it.running().filter((job) => job.startsWith("verify/trial-"));
  const refs = (): Sha[] => Object.keys(it.state.refs).flatMap((ref) => readTrialRef(ref) ?? []);
  return { ...it, id, findings, approve, trials, refs };
};

describe("a head that changes the checks that judge it", () => {
  test("is verified without these changes, on a commit that is no candidate", async () => {
    const it = await begun();
    await it.verified();
    const [trial = ""] = it.refs();
    expect(it.trials()).toEqual([`verify/trial-${trial}/1`]);
    expect(it.state.parents.get(trial)).toEqual([it.head("fix")]);
    expect(Object.keys(it.state.refs).map((ref) => readCandidateRef(ref)?.commit)).not.toContain(trial);
    expect(it.says("fix")).toContain("Enki also verifies this head without its changes to these checks.");
    expect(it.comment()).toContain("to land it and start the next steps. Enki also verifies it without these changes.");
  });

  test("says first that it fails without them, with the end of the log, and lands once a person approves it", async () => {
    const it = await begun();
    await it.verified();
    await it.tried(RED);
    await it.tell({ kind: "woken" });
    const failed = { state: "failed", command: "npm test", head: it.head("fix") };
    expect(it.at("fix")).toMatchObject({ state: "waiting", landed: null, trial: failed });
    expect(it.comment()).toContain(
      "`fix` changes **the checks that judge it**, and **without these changes, `npm test` fails**. Find out why, then request changes, or approve #",
    );
    expect(it.comment()).toContain("limit.test.js: expected 10, got 11");
    expect(it.says("fix")).toMatch(
      /🔴 \*\*Without its changes to the checks that judge it, `npm test` fails\.\*\*[^]*limit\.test\.js: expected 10, got 11[^]*This step changes/,
    );
    expect(it.state.statuses.at(-1)?.text).toContain("fails without its changes to the checks that judge it");
    expect(it.base()).toBe(it.root);
    expect(it.refs()).toEqual([]);
    await it.approve();
    expect(it.state_("fix")).toBe("done");
    it.replay();
  });

  test("says that it passes without them, too, and still waits for a person", async () => {
    const it = await begun();
    await it.verified();
    await it.tried();
    await it.tell({ kind: "woken" });
    expect(it.at("fix")).toMatchObject({ state: "waiting", trial: { state: "passed", run: expect.any(Number) } });
    expect(it.comment()).toContain("Without these changes, its verification passes, too.");
    expect(it.says("fix")).toContain("🟢 Without its changes to these checks, its verification passes, too.");
    expect(it.base()).toBe(it.root);
    it.replay();
  });

  test("explains the trial, with the log of a failed one", async () => {
    const it = await begun();
    await it.verified();
    await it.say(1, { kind: "explain", target: it.task("fix") });
    expect(it.lastReply()).toContain("Enki also verifies it without these changes.");
    await it.tried(RED);
    await it.say(1, { kind: "explain", target: it.task("fix") });
    expect(it.lastReply()).toContain("Without these changes, `npm test` fails.");
    expect(it.lastReply()).toContain("limit.test.js: expected 10, got 11");
  });

  test("is for a person once the trial has ended, and the one request for a review comes with its verdict", async () => {
    const it = await begun();
    await it.verified();
    expect(it.at("fix")).toMatchObject({ state: "waiting", trial: { state: "running" } });
    expect(it.state.reviewRequests).toEqual([]);
    await it.tried(RED);
    await it.tell({ kind: "woken" });
    const request = [{ pull: it.pull("fix")?.number, login: "maintainer" }];
    expect(it.state.reviewRequests).toEqual(request);
    await it.tell({ kind: "woken" });
    expect(it.state.reviewRequests).toEqual(request);
    it.replay();
  });

  test("is for a person at once while no slot is free for the trial", async () => {
    const it = await begun({ refinery: { parallel: 1 }, steps: ["fix", "doc"] });
    it.findings.set(it.head("doc") ?? expect.fail("no head"), []);
    await it.verified();
    expect(it.trials()).toEqual([]);
    const waiting = ["fix", "doc"].filter((each) => it.at(each)?.state === "waiting" && it.at(each)?.trial?.state === "waiting");
    expect(waiting).not.toEqual([]);
    expect(it.state.reviewRequests.map(({ pull }) => pull)).toEqual(waiting.map((each) => it.pull(each)?.number));
  });

  test("is for a person at once in a decision that an earlier version stored", async () => {
    const it = await begun();
    await it.verified();
    const last = it.state.writes.at(-1);
    const { facts, ...frame } = last?.inputs.snapshot ?? expect.fail("no write");
    const decideBy = (rules: number) => decide([], { ...frame, rules, ledger: it.state.ledger, facts: new Map(facts) as QueryFacts });
    const kinds = (rules: number): string[] => {
      const decision = decideBy(rules);
      return decision.kind === "act" ? decision.effects.map(({ kind }) => kind) : expect.fail("facts are missing");
    };
    expect(kinds(6)).not.toContain("request-review");
    expect(kinds(5)).toContain("request-review");
  });

  test("gets no trial if nothing verifies it", async () => {
    const it = await begun({ refinery: { verify: [] } });
    await it.verified();
    expect(it.at("fix")).toMatchObject({ tampering: { findings: [DELETED] } });
    expect(it.at("fix")?.trial).toBeUndefined();
  });

  test("gets no trial in a decision that an earlier version stored", async () => {
    const it = await begun();
    await it.verified();
    const stepOf = (executions: typeof it.state.ledger.executions) => executions[it.id]?.steps["fix"];
    const first = it.state.writes.find(({ ledger }) => stepOf(ledger.executions)?.trial !== undefined);
    const { facts, ...frame } = first?.inputs.snapshot ?? it.state.writes[0]?.inputs.snapshot ?? expect.fail("no write");
    const snapshot = { ...frame, rules: 3, ledger: first?.parent ?? it.state.ledger, facts: new Map(facts) as QueryFacts };
    const again = decide(first?.inputs.events ?? [], snapshot);
    const ledger = again.kind === "act" ? again.ledger : expect.fail("facts are missing");
    expect(stepOf(ledger.executions)).toMatchObject({ tampering: { findings: [DELETED] } });
    expect(stepOf(ledger.executions)?.trial).toBeUndefined();
  });
});

describe("a trial", () => {
  test("starts beside a candidate only in a free slot", async () => {
    expect((await begun({ refinery: { parallel: 1 } })).trials()).toEqual([]);
    expect((await begun({ refinery: { parallel: 2 } })).trials()).toHaveLength(1);
  });

  test("gives its slot to a candidate, and runs again later without counting a fault", async () => {
    const it = await begun({ refinery: { parallel: 1 } });
    await it.verified();
    const [job = ""] = it.trials();
    await it.propose(plan(step("other")), 2);
    await it.say(2, { kind: "approve-plan", plan: (it.execution()?.plan ?? "").slice(0, 12) });
    await it.worked("other");
    await it.tell({ kind: "woken" });
    expect(it.trials()).toEqual([]);
    expect(it.at("fix", it.id)?.trial).toMatchObject({ state: "waiting", faults: 0 });
    await it.verified();
    await it.tell({ kind: "woken" });
    expect(it.trials()).toContain(job.replace(/1$/, "2"));
    it.replay();
  });

  test("keeps its slot once it has given it away twice, so that no stream of candidates keeps it from a verdict", async () => {
    const it = await begun({ refinery: { parallel: 1 } });
    await it.verified();
    for (const [issue, isKept] of [
      [2, false],
      [3, false],
      [4, true],
    ] as const) {
      const [job = ""] = it.trials();
      await it.propose(plan(step(`other-${issue}`)), issue);
      await it.say(issue, { kind: "approve-plan", plan: (it.execution()?.plan ?? "").slice(0, 12) });
      await it.worked(`other-${issue}`);
      await it.tell({ kind: "woken" });
      expect(it.running().some((each) => each.startsWith("verify/") && each !== job)).toBe(true);
      expect(it.trials()).toEqual(isKept ? [job] : []);
      await it.verified();
      await it.tell({ kind: "woken" });
    }
    await it.tried();
    await it.tell({ kind: "woken" });
    expect(it.at("fix", it.id)?.trial).toMatchObject({ state: "passed", faults: 0 });
    it.replay();
  });

  test("is repeated without a verdict, and then said to be impossible", async () => {
    const it = await begun();
    await it.verified();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect(it.trials()).toEqual([expect.stringMatching(new RegExp(`/${attempt}$`))]);
      await it.tried({ end: "crashed", why: "the runner was lost" });
      await it.tell({ kind: "woken" });
    }
    expect(it.trials()).toEqual([]);
    expect(it.at("fix")?.trial).toMatchObject({ state: "unknown", reason: "the runner was lost" });
    expect(it.comment()).toContain("Its verification without these changes could not be run: the runner was lost.");
    expect(it.says("fix")).toContain("⚪ Its verification without its changes to these checks could not be run: the runner was lost.");
    await it.approve();
    expect(it.state_("fix")).toBe("done");
    it.replay();
  });

  test("is repeated if its run ended without a result, or takes too long", async () => {
    const it = await begun();
    await it.verified();
    const [job] = it.trials();
    it.state.runs = it.state.runs.map((run) => (run.name === job ? { ...run, state: "done" as const, conclusion: "cancelled" } : run));
    await it.tell({ kind: "woken", endedJob: job as JobKey });
    expect(it.at("fix")?.trial).toMatchObject({ faults: 1 });
    await it.tell({ kind: "woken" });
    expect(it.trials()).toHaveLength(1);
    it.state.now += 60 * 60_000;
    await it.tell({ kind: "woken" });
    expect(it.at("fix")?.trial).toMatchObject({ faults: 2 });
  });

  test.each(["cancel", "skip", "pause"] as const)("ends with its step after /enki %s", async (kind) => {
    const it = await begun();
    await it.verified();
    const [job] = it.trials();
    await it.say(1, { kind, target: it.task("fix") });
    await it.tell({ kind: "woken" });
    expect(it.at("fix")?.trial).toBeUndefined();
    expect(it.state.runs.find(({ name }) => name === job)?.state).toBe("done");
    expect(it.refs()).toEqual([]);
    it.replay();
  });

  test("belongs to its head: a new head stops it and gets another", async () => {
    const it = await begun();
    await it.verified();
    const [first] = it.refs();
    const head = it.push(toTaskRef(it.task("fix")), "worse");
    it.findings.set(head, [{ path: "ci.yml", kind: "ci" }]);
    await it.tell({ kind: "woken" });
    await it.verified();
    await it.tell({ kind: "woken" });
    const [second = "", ...others] = it.refs();
    expect(others).toEqual([]);
    expect(second).not.toBe(first);
    expect(it.trials()).toEqual([`verify/trial-${second}/1`]);
    expect(it.at("fix")?.trial).toMatchObject({ head });
    it.replay();
  });

  test("ends once a head undoes the changes", async () => {
    const it = await begun();
    await it.verified();
    it.findings.set(it.push(toTaskRef(it.task("fix")), "the test is back"), []);
    await it.tell({ kind: "woken" });
    await it.verified();
    expect(it.state_("fix")).toBe("done");
    expect(it.trials()).toEqual([]);
    expect(it.at("fix")?.trial).toBeUndefined();
  });

  test("is stopped once a person approves the head", async () => {
    const it = await begun();
    await it.verified();
    const [job] = it.trials();
    await it.approve();
    expect(it.state_("fix")).toBe("done");
    expect(it.state.runs.find(({ name }) => name === job)?.state).toBe("done");
    expect(it.at("fix")?.trial).toBeUndefined();
    expect(it.says("fix")).not.toContain("without its changes");
    it.replay();
  });

  test("is given up if nothing can be put back", async () => {
    const it = await begun();
    it.state.trial = () => ({ kind: "unchanged" });
    await it.verified();
    expect(it.at("fix")?.trial).toMatchObject({ state: "unknown" });
    expect(it.trials()).toEqual([]);
  });

  test("is given up if a file mixes tests and code", async () => {
    const it = await begun();
    it.state.trial = () => ({ kind: "inseparable", path: "src/lib.rs" });
    await it.verified();
    expect(it.at("fix")?.trial).toMatchObject({ state: "unknown", reason: expect.stringMatching(/src\/lib\.rs cannot be told apart/) });
    expect(it.trials()).toEqual([]);
  });

  test.each([
    ["its commit", { refusePush: ({ ref }: { ref: string }) => (readTrialRef(ref) === null ? null : "not this file") }],
    ["its run", { refuse: (effect: { key: string }) => (effect.key.startsWith("start-job:verify/trial-") ? "not this run" : null) }],
  ])("is given up if GitHub refuses %s, and holds up nothing else", async (_, over) => {
    const it = openStory({ config: gated(), ...over });
    it.state.tampering = () => [DELETED];
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.worked("fix");
    await it.verified();
    await it.tell({ kind: "woken" });
    expect(it.at("fix")?.trial).toMatchObject({ state: "unknown", reason: expect.stringContaining("not this") });
    expect(it.state_("fix")).toBe("waiting");
    expect(it.state.ledger.queues["main"]?.frozen).toBeNull();
    it.replay();
  });
});

describe("the verdict of a trial", () => {
  test("is no verdict of the candidate: the trial is green and the candidate red", async () => {
    const it = await begun({ refinery: { parallel: 2, retries: 0 } });
    await it.tried();
    expect(it.base()).toBe(it.root);
    expect(it.at("fix")?.verification).toBeUndefined();
    await it.rejected("limit.test.js is gone");
    expect(it.state_("fix")).toBe("failed");
    expect(it.base()).toBe(it.root);
    it.replay();
  });

  test("counts only for the commit and the attempt that the ledger waits for", async () => {
    const it = await begun();
    await it.verified();
    const [trial = ""] = it.refs();
    const head = it.head("fix") ?? "";
    const claim = async (job: string, baseCommit: Sha) => {
      it.finish(job as JobKey, { end: "success" });
      const at = it.state.refs[toResultRef(job as JobKey)] ?? "";
      const result = it.state.results.get(at);
      if (result) it.state.results.set(at, { ...result, baseCommit });
      await it.tell({ kind: "woken" });
    };
    await claim(`verify/${trial}/1`, trial);
    await claim(`verify/trial-${trial}/2`, trial);
    await claim(`verify/trial-${head}/1`, head);
    expect(it.at("fix")?.trial).toMatchObject({ state: "running" });
    await claim(`verify/trial-${trial}/1`, head);
    expect(it.at("fix")?.trial?.state).not.toBe("passed");
    expect(it.base()).toBe(it.root);
  });

  const moves = fc.tuple(
    fc.constantFrom("trial", "candidate", "approve", "wake"),
    fc.nat(3),
    fc.constantFrom<Fate["end"]>("success", "failed", "crashed"),
  );
  test("never lands anything: only a green candidate with an approved head lands", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(moves, { maxLength: 12 }), async (all) => {
        const it = await begun({ refinery: { parallel: 2, retries: 0 }, steps: ["fix", "more"] });
        const [green, approved] = [new Set<Sha>(), new Set<string>()];
        for (const [kind, index, end] of all) {
          const jobs = it.running().filter((job) => job.startsWith("verify/") && job.startsWith("verify/trial-") === (kind === "trial"));
          const job = jobs[index % Math.max(1, jobs.length)];
          if (kind === "approve") {
            approved.add(index % 2 === 0 ? "fix" : "more");
            await it.approve(index % 2 === 0 ? "fix" : "more");
          } else if (kind !== "wake" && job !== undefined) {
            if (kind === "candidate" && end === "success") green.add(job.split("/")[1] ?? "");
            await it.end(job, { end });
          } else await it.tell({ kind: "woken" });
          expect(["fix", "more"].every((each) => !it.at(each)?.landed || approved.has(each))).toBe(true);
          expect(it.base() === it.root || green.has(it.base())).toBe(true);
          for (const { commit, runs } of it.state.ledger.queues["main"]?.candidates ?? []) {
            expect(it.state.refs[toTrialRef(commit)]).toBeUndefined();
            expect(runs.every(({ verdict }) => verdict !== "green") || green.has(commit)).toBe(true);
          }
          for (const commit of it.refs()) expect(it.state.refs[toCandidateRef("main", commit)]).toBeUndefined();
        }
        it.replay();
      }),
      { numRuns: 20 },
    );
  });
});
