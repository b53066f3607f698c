import { describe, expect, test } from "vitest";
import type { Plan } from "../../../src/core/domain/plan.ts";
import { readComment } from "../../../src/core/events/read-comment.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const ONE = plan(step("fix", { title: "Raise the limit" }));
const TWO = plan(step("fix", { title: "Raise the limit" }), step("docs", { title: "Say so in the docs" }));

/** Opens a story whose plan waits for approval. */
const begin = async (first: Plan = ONE) => {
  const it = openStory();
  const id = await it.propose(first);
  let comments = 100;
  const hash = (): string => (it.execution()?.amendment?.plan ?? it.execution()?.plan ?? "").slice(0, 12);
  return {
    ...it,
    id,
    hash,
    old: hash(),
    revise: (text: string) => it.say(1, { kind: "revise", text }),
    /** Writes a comment, as a webhook of GitHub reports it. */
    writes: (body: string, over: { by?: string; issue?: number; updated?: number } = {}) => {
      const at = it.state.now;
      const fields = {
        id: (comments += 1),
        issue: 1,
        onPull: false,
        by: "maintainer",
        bot: false,
        created: at,
        updated: at,
        body,
        ...over,
      };
      return it.tell(...readComment(fields, "enki[bot]"));
    },
    replans: (next: Plan | null) =>
      it.end(`plan/${id}`, next ? { end: "success", tools: [{ kind: "propose", plan: next }] } : { end: "failed", why: "no model" }),
    approves: (text: string) => it.say(1, { kind: "approve-plan", plan: text }),
  };
};

describe("/enki revise", () => {
  test("lets the planner continue from its plan: the hash is new and the old approval void", async () => {
    const it = await begin();
    await it.revise("say it in the docs too");
    expect(it.isRunning(`plan/${it.id}/2`)).toBe(true);
    expect(it.execution()).toMatchObject({
      state: "planning",
      revision: { state: "planning", text: "say it in the docs too", earlierRequests: [] },
    });
    expect(it.comment()).toMatch(/### Revising the plan\n[^]*maintainer requested a change[^]*> say it in the docs too/);
    expect(it.comment()).not.toContain("/enki approve");
    await it.replans(TWO);
    expect(it.execution()?.state).toBe("proposed");
    expect(it.hash()).not.toBe(it.old);
    await it.approves(it.old);
    expect(it.lastReply()).toContain(`/enki approve ${it.hash()}`);
    expect(it.execution()?.state).toBe("proposed");
    await it.approves(it.hash());
    expect(it.working().sort()).toEqual(["docs", "fix"]);
    it.replay();
  });

  test("keeps the earlier requests", async () => {
    const it = await begin();
    await it.revise("first");
    await it.replans(TWO);
    await it.revise("second");
    expect(it.execution()?.revision).toMatchObject({ text: "second", earlierRequests: ["first"] });
    it.replay();
  });

  test.each([
    ["ends without one", null],
    ["proposes what cannot be", plan(step("a", { needs: ["b"] }), step("b", { needs: ["a"] }))],
    ["proposes the same", ONE],
  ])("keeps the old plan approvable if the revision %s", async (_, next) => {
    const it = await begin();
    await it.revise("better");
    await it.approves(it.old);
    expect(it.lastReply()).toMatch(/is revising the plan/);
    await it.replans(next);
    expect(it.execution()).toMatchObject({ state: "proposed", refusal: null, revision: { state: "refused" } });
    expect(it.hash()).toBe(it.old);
    expect(it.comment()).toMatch(/The plan was not revised and can still be approved\./);
    await it.approves(it.old);
    expect(it.execution()?.state).toBe("running");
    it.replay();
  });

  test("keeps the old plan if the planner never returns", async () => {
    const it = await begin();
    await it.revise("better");
    for (let tries = 0; tries < 3; tries += 1) {
      await it.end(`plan/${it.id}`, { end: "crashed", why: "gone" });
      it.state.now += 20 * 60_000;
      await it.tell({ kind: "woken" });
    }
    expect(it.execution()).toMatchObject({ state: "proposed", revision: { refusal: { code: "planner-faults" } } });
    it.replay();
  });

  test("changes steps of a pending amendment and keeps running ones", async () => {
    const it = await begin();
    await it.approve();
    await it.say(1, { kind: "add", text: "docs" });
    const added = (id: string) => it.end(`plan/${it.id}`, { end: "success", tools: [{ kind: "add-steps", steps: [step(id)] }] });
    await added("docs");
    const old = it.hash();
    await it.revise("a page of its own");
    expect(it.execution()).toMatchObject({ state: "running", amendment: { state: "planning", plan: expect.stringContaining(old) } });
    expect(it.working()).toEqual(["fix"]);
    await added("page");
    expect(it.execution()?.amendment?.state).toBe("proposed");
    await it.approves(old);
    expect(it.lastReply()).toContain(`/enki approve ${it.hash()}`);
    await it.approves(it.hash());
    expect(Object.keys(it.states())).toEqual(["fix", "page"]);
    it.replay();
  });

  test("keeps a pending amendment if the revision fails", async () => {
    const it = await begin();
    await it.approve();
    await it.say(1, { kind: "add", text: "docs" });
    await it.end(`plan/${it.id}`, { end: "success", tools: [{ kind: "add-steps", steps: [step("docs")] }] });
    const old = it.hash();
    await it.revise("better");
    await it.replans(null);
    expect(it.execution()).toMatchObject({ state: "running", amendment: { state: "proposed" } });
    await it.approves(old);
    expect(Object.keys(it.states())).toEqual(["fix", "docs"]);
    it.replay();
  });

  test("is refused without a proposed plan, with the current state", async () => {
    const it = await begin();
    await it.approve();
    await it.revise("better");
    expect(it.lastReply()).toMatch(/only a proposed plan can be revised[^]*\/enki add <request>/);
    await it.say(2, { kind: "revise", text: "better" });
    expect(it.lastReply()).toMatch(/No plan is waiting/);
    expect(it.running().some((job) => job.startsWith("plan/"))).toBe(false);
  });
});

describe("a reply that quotes the plan's comment", () => {
  test("and requests a change revises the plan once", async () => {
    const it = await begin();
    const said = "> | `fix` | Raise the limit | | standard |\n\nTo 10 MB, please.";
    await it.writes(said);
    expect(it.execution()).toMatchObject({ state: "planning", revision: { text: said } });
    expect(it.state.reactions.at(-1)).toMatch(/eyes/);
    await it.replans(TWO);
    expect(it.hash()).not.toBe(it.old);
    it.replay();
  });

  test.each([
    ["quotes somebody else", "> I think that is wrong\n\nNo, it is right.", {}],
    ["quotes the request, which the comment repeats", "> make it so\n\nWhy?", {}],
    ["is by somebody who may not write", "> Raise the limit\n\nTo 10 MB.", { by: "stranger" }],
    ["was edited before it was read", "> Raise the limit\n\nTo 10 MB.", { updated: Number.MAX_SAFE_INTEGER }],
    ["is on another issue", "> Raise the limit\n\nTo 10 MB.", { issue: 2 }],
  ])("is ignored if it %s", async (_, body, over) => {
    const it = await begin();
    const before = { reactions: it.state.reactions.length, comments: it.state.comments.length };
    await it.writes(body, over);
    expect(it.execution()?.state).toBe("proposed");
    expect({ reactions: it.state.reactions.length, comments: it.state.comments.length }).toEqual(before);
    it.replay();
  });

  test.each(["LGTM", "+1 👍", "Ok, thanks!", "Looks good to me. :tada:", "Yes!", "👍 ship it"])(
    "and only agrees (%s) starts no revision",
    async (words) => {
      const it = await begin();
      const writes = it.state.writes.length;
      await it.writes(`> Raise the limit\n\n${words}`);
      expect(it.execution()?.state).toBe("proposed");
      expect(it.state.writes.length).toBe(writes);
      await it.writes("> Raise the limit\n\nOk, but to 10 MB.");
      expect(it.execution()?.state, "a later reply still does").toBe("planning");
    },
  );

  test("gives way to an approval of the unrevised plan: the plan starts and the planner stops", async () => {
    const it = await begin();
    await it.writes("> Raise the limit\n\nNice, I like this a lot.");
    const job = `plan/${it.id}/2`;
    expect(it.isRunning(job)).toBe(true);
    expect(it.comment()).toContain(`To start the current plan instead, comment \`/enki approve ${it.old}\`.`);
    await it.approves(it.old);
    expect(it.execution()).toMatchObject({ state: "running", approved: { plan: expect.stringContaining(it.old) } });
    expect(it.working()).toEqual(["fix"]);
    await it.tell({ kind: "woken" });
    expect(it.isRunning(job)).toBe(false);
    expect(it.execution()?.stopping).toBeUndefined();
    expect(it.comment()).not.toContain("Revising");
    it.replay();
  });

  test("gives way to the approval even if the planner answers in between", async () => {
    const it = await begin();
    await it.writes("> Raise the limit\n\nNice, I like this a lot.");
    await it.approves(it.old);
    await it.replans(TWO).catch(() => undefined);
    expect(it.execution()?.plan).toContain(it.old);
    expect(it.working()).toEqual(["fix"]);
    it.replay();
  });

  test("gives way to an approval of a pending amendment", async () => {
    const it = await begin();
    await it.approve();
    await it.say(1, { kind: "add", text: "docs" });
    await it.end(`plan/${it.id}`, {
      end: "success",
      tools: [{ kind: "add-steps", steps: [step("docs", { title: "Say so in the docs" })] }],
    });
    const old = it.hash();
    await it.writes("> Say so in the docs\n\nI like that idea.");
    expect(it.execution()?.amendment?.state).toBe("planning");
    await it.approves(old);
    expect(Object.keys(it.states())).toEqual(["fix", "docs"]);
    await it.tell({ kind: "woken" });
    expect(it.running().some((each) => each.startsWith("plan/"))).toBe(false);
    it.replay();
  });

  test("is ignored once the plan runs, and costs no write on an issue without an execution", async () => {
    const it = await begin();
    await it.approve();
    await it.writes("> Raise the limit\n\nTo 10 MB.");
    expect(it.execution()?.state).toBe("running");
    const writes = it.state.writes.length;
    await it.writes("> Raise the limit\n\nTo 10 MB.", { issue: 9 });
    expect(it.state.writes.length).toBe(writes);
  });
});
