import { describe, expect, test } from "vitest";
import type { Config } from "../../../src/core/domain/config.ts";
import type { Sha } from "../../../src/core/domain/ids.ts";
import { toTaskRef } from "../../../src/core/domain/refs.ts";
import type { TamperingFinding } from "../../../src/core/domain/tampering.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const withTests = (tests: Config["policy"]["tests"] | null): Config => config({ policy: { ...config().policy, ...(tests && { tests }) } });
const DELETED: TamperingFinding = { path: "limit.test.js", kind: "deleted" };

type Begun = { readonly tests?: Config["policy"]["tests"] | null; readonly need?: "merged" | "completed" };

/** Starts a plan whose step `fix` weakens its checks in the first head. The verification is running. */
const begun = async ({ tests = "checkpoint", need = "merged" }: Begun = {}) => {
  const it = openStory({ config: withTests(tests) });
  const tampering = new Map<Sha, readonly TamperingFinding[]>();
  let first: Sha | null = null;
  it.state.tampering = (head) => {
    first ??= head;
    return tampering.get(head) ?? (head === first ? [DELETED] : []);
  };
  await it.propose(plan(step("fix"), step("next", { needs: [{ step: "fix", condition: need }] })));
  await it.approve();
  await it.worked("fix");
  const approve = (by = "maintainer") => {
    const pull = it.pull("fix");
    const review = { id: 1, by, bot: false, verdict: "approved" as const, text: "", head: pull?.head ?? "", at: it.state.now };
    it.state.reviews.set(pull?.number ?? 0, [review]);
    return it.tell({ kind: "woken", activity: "reviews" });
  };
  return { ...it, approve, tampering };
};

describe("a step that weakens what judges it", () => {
  test("waits for a person although it is verified, says why, and lands once its head is approved", async () => {
    const it = await begun();
    await it.verified();
    expect(it.at("fix")).toMatchObject({ state: "waiting", refusal: { code: "checkpoint" }, landed: null });
    expect(it.base()).toBe(it.root);
    expect(it.state_("next")).toBe("pending");
    expect(it.comment()).toContain("`fix` changes **the checks that judge it**");
    expect(it.comment()).toContain("- `limit.test.js` deletes a test");
    expect(it.says("fix")).toContain("This step changes **the checks that judge it**");
    expect(it.says("fix")).toContain("- `limit.test.js` deletes a test");
    expect(it.says("fix")).not.toContain("lands it automatically");
    expect(it.state.statuses.at(-1)?.text).toBe(
      "Verified; it changes the checks that judge it, and lands once a review approves this head",
    );
    await it.approve("stranger");
    expect(it.base()).toBe(it.root);
    await it.approve();
    expect(it.state_("fix")).toBe("done");
    expect(it.state_("next")).toBe("running");
    it.replay();
  });

  test("needs no person any longer once a head undoes it, and its pull request says so", async () => {
    const it = await begun();
    await it.verified();
    it.push(toTaskRef(it.task("fix")), "the test is back");
    await it.tell({ kind: "woken" });
    await it.verified();
    expect(it.state_("fix")).toBe("done");
    expect(it.says("fix")).not.toContain("judge it");
    it.replay();
  });

  test("needs a person again if a later head does it, whoever pushed the head", async () => {
    const it = await begun();
    await it.verified();
    const head = it.push(toTaskRef(it.task("fix")), "worse");
    it.tampering.set(head, [{ path: "ci.yml", kind: "ci" }]);
    await it.tell({ kind: "woken" });
    await it.verified();
    expect(it.base()).toBe(it.root);
    await it.tell({ kind: "woken" });
    expect(it.says("fix")).toContain("- `ci.yml` changes what CI runs");
  });

  test("does not start a step that builds on its unapproved work", async () => {
    const it = await begun({ need: "completed" });
    expect(it.state_("next")).toBe("pending");
    await it.verified();
    expect(it.state_("next")).toBe("pending");
    await it.approve();
    expect(it.state_("next")).toBe("running");
  });

  test("lands by itself where the configuration allows it", async () => {
    const it = await begun({ tests: "allow" });
    await it.verified();
    expect(it.state_("fix")).toBe("done");
    expect(it.says("fix")).toContain("**Landed**");
    expect(it.says("fix")).not.toContain("judge it");
    it.replay();
  });

  test("is judged by no decision that an earlier version stored", async () => {
    const it = await begun({ tests: null });
    await it.verified();
    expect(it.state_("fix")).toBe("done");
    expect(it.at("fix")?.tampering).toBeUndefined();
    it.replay();
  });

  test("does not say that it waits in an honest step", async () => {
    const it = openStory({ config: withTests("checkpoint") });
    await it.propose(plan(step("fix")));
    await it.approve();
    await it.landed("fix");
    expect(it.at("fix")?.tampering?.findings).toEqual([]);
    it.replay();
  });
});
