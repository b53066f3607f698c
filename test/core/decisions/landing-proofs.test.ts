import { expect, test } from "vitest";
import type { BranchRules } from "../../../src/core/domain/github-facts.ts";
import { hashValue } from "../../../src/core/domain/ids.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const PAIR = plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] }));
const REVIEWED: BranchRules = { isReadable: true, types: [], checks: [], requiredReviews: 1, allowedMethods: null };

/** Starts steps and ends their work. */
const begun = async (
  steps = PAIR,
  over: Parameters<typeof openStory>[0] = {},
  prepare: (it: ReturnType<typeof openStory>) => void = () => undefined,
) => {
  const it = openStory(over);
  prepare(it);
  await it.propose(steps);
  await it.approve();
  for (const { id } of steps.steps) if (it.state_(id) === "running") await it.worked(id);
  const verify = async (): Promise<void> => {
    for (let run = 0; run < 20 && it.running().some((job) => job.startsWith("verify/")); run += 1) await it.verified();
  };
  const runs = (): number[] => it.state.runs.filter(({ name }) => name.startsWith("verify/")).map(({ id }) => id);
  return { ...it, verify, runs, proof: (id: string) => it.at(id)?.landed?.proof };
};

test("a landing keeps its plan, approver, verdict and policy", async () => {
  const it = await begun(plan(step("a")), { config: config() });
  const onto = it.base();
  await it.verify();
  const execution = Object.values(it.state.ledger.executions)[0];
  expect(it.proof("a")).toEqual({
    onto,
    tip: it.base(),
    method: "merge",
    candidate: { commit: it.base(), tree: expect.any(String) as unknown },
    verdict: { commit: it.base(), run: it.runs()[0] },
    tasks: [`${execution?.id ?? ""}-a`],
    attempt: 1,
    head: it.at("a")?.head?.sha,
    pull: it.at("a")?.pull,
    plan: execution?.plan,
    approval: { by: "maintainer", at: execution?.approved?.at, source: expect.stringMatching(/^comment \d+$/) as unknown },
    reviews: [],
    decisions: [],
    policy: { branch: "main", commit: onto, digest: hashValue(config()) },
  });
  it.replay();
});

test.each(["squash", "rebase"] as const)("a %s keeps the run of the tree, also if an earlier verdict is used", async (method) => {
  const it = await begun(PAIR, {}, ({ state }) => void (state.methods = [method]));
  await it.verify();
  expect(it.states()).toEqual({ a: "done", b: "done" });
  for (const id of ["a", "b"]) {
    expect(it.proof(id)).toMatchObject({ method, tip: it.at(id)?.landed?.commit });
    expect(it.runs()).toContain(it.proof(id)?.verdict.run);
  }
  it.replay();
});

test("a merge with other files than the verified ones keeps no proof", async () => {
  const it = await begun(plan(step("a")), { otherTree: true }, ({ state }) => void (state.methods = ["squash"]));
  await it.verify();
  expect(it.at("a")?.landed).not.toBeNull();
  expect(it.proof("a")).toBeUndefined();
});

test("the reviews that opened the gate are kept, for exactly the landed head", async () => {
  const it = await begun(plan(step("a")), {}, ({ state }) => void (state.rules = REVIEWED));
  await it.verify();
  expect(it.state_("a")).toBe("waiting");
  const { number = 0, head = "" } = it.pull("a") ?? {};
  it.state.reviews.set(number, [{ id: 41, by: "maintainer", bot: false, verdict: "approved", head, at: it.state.now, text: "" }]);
  await it.tell({ kind: "woken", activity: "reviews" });
  await it.verify();
  expect(it.proof("a")).toMatchObject({ reviews: [{ by: "maintainer", review: 41 }], head });
  it.replay();
});

test("the decision of a person about a needed step is kept", async () => {
  const it = openStory();
  await it.propose(plan(step("a"), step("b", { needs: [{ step: "a", condition: "completed" }] })));
  await it.approve();
  await it.fails("a");
  await it.say(1, { kind: "skip", target: it.task("a") });
  await it.landed("b");
  expect(it.at("b")?.landed?.proof?.decisions).toEqual([
    { step: "a", by: "maintainer", source: expect.stringMatching(/^comment \d+$/) as unknown },
  ]);
});
