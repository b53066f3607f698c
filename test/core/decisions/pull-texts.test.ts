import { describe, expect, test } from "vitest";
import { hashValue } from "../../../src/core/domain/ids.ts";
import { toBranchRef } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const withVerify = config({ refinery: { ...config().refinery, verify: ["npm test"] } });

const begun = async (...steps: Parameters<typeof plan>) => {
  const it = openStory({ config: withVerify });
  await it.propose(plan(...steps));
  await it.approve();
  const opening = (name: string): string => it.says(name).split("\n", 1)[0] ?? "";
  return { ...it, opening };
};

test("a text that GitHub refuses to edit is tried once for each state, and leaves nothing in the ledger", async () => {
  let tries = 0;
  const it = openStory({ config: withVerify, refuse: ({ kind }) => (kind === "edit-pull" && (tries += 1) > 0 ? "Locked." : null) });
  await it.propose(plan(step("a", { checkpoint: true })));
  await it.approve();
  await it.worked("a");
  await it.verified();
  for (let again = 0; again < 3; again += 1) await it.tell({ kind: "woken" });
  expect([it.at("a")?.state, tries]).toEqual(["waiting", 1]);
  await it.say(1, { kind: "cancel", target: null });
  await it.tell({ kind: "woken" });
  expect(tries).toBe(2);
  expect(Object.keys(it.state.ledger.effectRecords).filter((key) => key.startsWith("edit-pull:"))).toEqual([]);
});

describe("the text of a pull request follows its step", () => {
  test("landed: one edit, with the command, the run and the commit that passed", async () => {
    const it = await begun(step("a"));
    await it.worked("a");
    expect([it.opening("a"), it.state.edits]).toEqual([expect.stringContaining("**In the queue of `main`.**"), 0]);
    const run = it.state.runs.findLast(({ name }) => name.startsWith("verify/"));
    await it.verified();
    await it.tell({ kind: "woken" });
    expect([it.opening("a"), it.state.edits]).toEqual([`✅ **Landed** on \`main\` as ${it.base()}.`, 1]);
    expect(it.says("a")).toContain(`actions/runs/${run?.id ?? 0}):\n\n- \`npm test\``);
    expect(it.at("a")?.verification).toMatchObject({ commit: run?.name.split("/")[1], passed: true });
    it.replay();
  });

  test("a checkpoint, then a cancellation: each is stated by one edit", async () => {
    const it = await begun(step("a", { checkpoint: true }));
    await it.worked("a");
    await it.verified();
    expect([it.opening("a"), it.state.edits]).toEqual([expect.stringContaining("**Waits for your review.**"), 1]);
    expect(it.says("a")).toContain("Passed on [`");
    await it.say(1, { kind: "cancel", target: null });
    await it.tell({ kind: "woken" });
    expect([it.opening("a"), it.state.edits]).toEqual([expect.stringContaining("🚫 **Not landed.** Cancelled"), 2]);
    it.replay();
  });

  test("held by a label, then free: it landed", async () => {
    const it = await begun(step("a"));
    await it.worked("a");
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: ["hold"] }));
    await it.verified();
    expect([it.opening("a"), it.state.edits]).toEqual([expect.stringContaining("**Held by a person.**"), 1]);
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: [] }));
    for (let turn = 0; turn < 3; turn += 1) await it.tell({ kind: "woken", activity: "pulls" });
    expect(it.opening("a")).toContain("**Landed**");
  });

  test("failed, then retried: the failure with its run, and no trace of it afterwards", async () => {
    const it = await begun(step("a"));
    await it.worked("a");
    await it.rejected("$ npm test\n| not ok 1");
    expect(it.opening("a")).toContain("**Failed.**");
    expect(it.says("a")).toMatch(/Failed on \[`[0-9a-f]{12}`\]\(\S+\/commit\/[0-9a-f]{40}\) · \[run\]/);
    expect(it.says("a")).toContain("not ok 1");
    await it.say(1, { kind: "retry", target: "a" });
    expect(it.opening("a")).toContain("**Being reworked.**");
    expect(it.says("a")).not.toContain("not ok 1");
  });

  test("skipped", async () => {
    const it = await begun(step("a"));
    await it.worked("a");
    await it.say(1, { kind: "skip", target: "a" });
    expect(it.opening("a")).toContain("⏭️ **Not landed.** Skipped");
  });

  test("a head that moves in the queue costs no edit", async () => {
    const it = await begun(step("a"));
    await it.worked("a");
    for (const text of ["one", "two", "three"]) {
      it.push(toBranchRef(`task/${it.task("a")}`), hashValue(text));
      await it.tell({ kind: "woken" });
    }
    expect(it.state.edits).toBe(0);
  });

  test("is edited 40 times at most while the step is open, then links to the state, and still states the end", async () => {
    const it = await begun(step("a"));
    await it.worked("a");
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, labels: ["hold"] }));
    await it.verified();
    for (let turn = 0; turn < 60; turn += 1) {
      it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, draft: turn % 2 === 0 }));
      await it.tell({ kind: "woken", activity: "pulls" });
    }
    expect(it.state.edits).toBe(41);
    expect(it.says("a")).toContain("this text no longer follows it");
    await it.say(1, { kind: "cancel", target: null });
    expect([it.opening("a"), it.state.edits]).toEqual([expect.stringContaining("🚫 **Not landed.** Cancelled"), 42]);
  });
});
