import { describe, expect, test } from "vitest";
import type { Conflict } from "../../../src/core/domain/conflict.ts";
import type { Sha } from "../../../src/core/domain/ids.ts";
import { toBranchRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

type Options = Parameters<typeof openStory>[0];

/** Starts two steps that change the same lines, and a third without a conflict. The first step lands; the test decides about the second. */
const begin = async (options: Options = {}, steps = plan(step("a"), step("b"), step("c"))) => {
  const heads: Record<string, Sha | undefined> = {};
  /** Whether a head is the worker's head of the second step. */
  const isFirst = (head: Sha, message: string): boolean => /^Enki-Task: \w+-b$/m.test(message) && head === (heads["b"] ??= head);
  const it = openStory({
    // The second step conflicts with every commit that contains the first, until a resolution contains both.
    conflicts: (head, message, onto) => isFirst(head, message) && it.contains(heads["a"] ?? "", onto),
    ...options,
  });
  const worked = async (id: string): Promise<void> => {
    await it.worked(id);
    heads[id] ??= it.head(id);
  };
  await it.propose(steps);
  await it.approve();
  const job = (): string => it.running().find((each) => each.startsWith("resolve/")) ?? "";
  return {
    ...it,
    worked,
    heads,
    job,
    /** Lands the first step, so the second conflicts. */
    met: async (): Promise<void> => {
      await worked("a");
      await it.verified();
      await worked("b");
      expect(it.state_("a")).toBe("done");
    },
    resolved: (files: readonly string[] = ["a.txt"]) =>
      it.end("resolve/", { end: "success", files: files.map((path) => ({ path, mode: "100644" as const })) }),
    resolution: () => it.at("b")?.resolution,
    verified: async (): Promise<void> => {
      while (it.running().some((each) => each.startsWith("verify/"))) await it.end("verify/");
    },
  };
};

const again = async (it: Awaited<ReturnType<typeof begin>>, fate: Parameters<typeof it.end>[1]): Promise<void> => {
  it.state.now += 20 * 60_000;
  await it.tell({ kind: "woken" });
  await it.end("resolve/", fate);
};

test("54 a conflict with work ahead waits; a conflict with the base is resolved before verification while others land", async () => {
  const it = await begin();
  await it.worked("a");
  await it.worked("b");
  expect(it.job()).toBe("");
  expect(it.running().filter((each) => each.startsWith("verify/"))).toHaveLength(1);
  await it.end("verify/");
  expect(it.job()).toBe(`resolve/${it.task("b")}/1`);
  expect(it.resolution()).toMatchObject({ head: it.heads["b"], onto: it.base(), conflicts: [{ path: "a.txt", kind: "contents" }] });
  await it.worked("c");
  await it.verified();
  expect(it.state_("c")).toBe("done");
  const verified = it.state.runs.filter(({ name }) => name.startsWith("verify/")).map(({ name }) => name.split("/")[1] ?? "");
  expect(verified.some((commit) => it.contains(it.heads["b"] ?? "", commit))).toBe(false);
  await it.resolved();
  const head = it.head("b") ?? "";
  expect(it.state.parents.get(head)?.[0]).toBe(it.heads["b"]);
  await it.verified();
  expect(it.execution()?.state).toBe("done");
  expect(it.contains(head, it.base())).toBe(true);
  it.replay();
});

describe("55 a merger that dies or times out", () => {
  test("is restarted three times with a pause; then a person is asked and told what to do", async () => {
    const it = await begin();
    await it.met();
    await it.end("resolve/", { end: "crashed", why: "the machine went away" });
    expect(it.job()).toBe("");
    expect(it.state_("b")).toBe("published");
    await again(it, { end: "timed-out" });
    await again(it, { end: "crashed", why: "gone again" });
    expect(it.state.runs.filter(({ name }) => name.startsWith("resolve/")).map(({ name }) => name.split("/")[2])).toEqual(["1", "2", "3"]);
    expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "unresolved", next: `/enki retry ${it.task("b")}` } });
    expect(it.comment()).toMatch(/`b` failed.*conflicts with `main` in `a\.txt`.*3 tries.*gone again/);
    it.replay();
  });

  test("is noticed by its deadline and its run too", async () => {
    const it = await begin();
    await it.met();
    for (let tries = 1; tries <= 3; tries += 1) {
      expect(it.job()).toBe(`resolve/${it.task("b")}/${tries}`);
      it.state.now += 60 * 60_000;
      await it.tell({ kind: "woken" });
      it.state.now += 60 * 60_000;
      await it.tell({ kind: "woken" });
    }
    expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "unresolved" } });
    expect(it.job()).toBe("");
    it.replay();
  });

  test("starts from scratch after /enki retry", async () => {
    const it = await begin();
    await it.met();
    for (let tries = 0; tries < 3; tries += 1) await again(it, { end: "failed", why: "too hard" });
    expect(it.state_("b")).toBe("failed");
    await it.say(1, { kind: "retry", target: it.task("b") });
    expect(it.job()).toBe(`resolve/${it.task("b")}/4`);
    expect(it.head("b")).toBe(it.heads["b"]);
    await it.resolved();
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });

  test("is not resolved by a person who resets the branch to the base", async () => {
    const it = await begin();
    await it.met();
    for (let tries = 0; tries < 3; tries += 1) await again(it, { end: "failed", why: "too hard" });
    it.state.refs[toTaskRef(it.task("b"))] = it.base();
    await it.tell({ kind: "woken" });
    expect(it.at("b")).toMatchObject({ state: "failed", landed: null, refusal: { code: "unresolved" } });
  });

  test("is not needed after a person pushed to the branch, even if everything else has ended", async () => {
    const it = await begin();
    await it.ran("c");
    await it.met();
    for (let tries = 0; tries < 3; tries += 1) await again(it, { end: "failed", why: "too hard" });
    expect(it.execution()?.state).toBe("failed");
    const mine = it.push(toTaskRef(it.task("b")), "by hand");
    await it.tell({ kind: "woken" });
    expect(it.at("b")).toMatchObject({ state: "published", head: { sha: mine, by: "person" } });
    await it.verified();
    expect(it.execution()?.state).toBe("done");
    it.replay();
  });
});

describe("56 work that lands during a resolution", () => {
  test("is merged with the resolution without counting as a failure", async () => {
    const it = await begin();
    await it.met();
    const onto = it.resolution()?.onto;
    await it.worked("c");
    await it.verified();
    expect(it.base()).not.toBe(onto);
    expect(it.resolution()).toMatchObject({ onto, failedAttempts: 0 });
    await it.resolved();
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "done", c: "done" });
    it.replay();
  });

  test("and conflicts with the resolution is resolved on the new base", async () => {
    let second: Sha | null = null;
    const it = await begin({
      conflicts: (head, message, onto) => {
        if (!/^Enki-Task: \w+-b$/m.test(message)) return false;
        const landed = (step: string): boolean => it.contains(it.heads[step] ?? "", onto);
        const first = (it.heads["b"] ??= head);
        if (head !== first) second ??= head;
        return (head === first && landed("a")) || (head === second && landed("c"));
      },
    });
    await it.met();
    await it.worked("c");
    await it.verified();
    await it.resolved();
    expect(it.head("b")).toBe(second);
    expect(it.resolution()).toMatchObject({ head: second, onto: it.base(), failedAttempts: 0, attempt: 2 });
    await it.resolved();
    await it.verified();
    expect(it.states()).toEqual({ a: "done", b: "done", c: "done" });
    it.replay();
  });

  test("and rewinds the base is not brought back by the resolution", async () => {
    const it = await begin();
    await it.met();
    it.state.refs[toBranchRef("main")] = it.root;
    await it.resolved();
    expect(it.head("b")).toBe(it.heads["b"]);
    expect(it.comment()).toMatch(/Nothing lands for now/);
    it.replay();
  });
});

describe("57 a resolution is rejected", () => {
  test("with a conflict marker in a file, and the next attempt is told", async () => {
    let bad = true;
    const it = await begin({ markers: () => (bad ? ["a.txt"] : []) });
    await it.met();
    await it.resolved();
    expect(it.head("b")).toBe(it.heads["b"]);
    expect(it.resolution()).toMatchObject({ failedAttempts: 1, attempt: 2, log: "it left conflict markers in a.txt" });
    bad = false;
    await it.resolved();
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });

  test("with files that neither conflict nor are allowed", async () => {
    const refinery = { ...config().refinery, resolveAlso: ["docs/**"] };
    const it = await begin({ config: config({ refinery }) });
    await it.met();
    await it.resolved(["a.txt", "other.txt"]);
    expect(it.resolution()).toMatchObject({ failedAttempts: 1, log: "it changed files that do not conflict: other.txt" });
    await it.resolved(["a.txt", "docs/a.md"]);
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });

  test("with a deletion that neither side made, which the next attempt is told; a command may delete its own output", async () => {
    const asked: (readonly string[] | undefined)[] = [];
    const refinery = { ...config().refinery, resolveAlso: ["docs/**"], regenerate: { "dist/**": "npm run build" } };
    const it = await begin({
      config: config({ refinery }),
      conflicting: () => [
        { path: "a.txt", kind: "contents" },
        { path: "dist/a.js", kind: "contents" },
      ],
      deletions: ({ generated }) => {
        asked.push(generated);
        return asked.length === 1 ? ["a.txt"] : [];
      },
    });
    await it.met();
    const gone = (path: string) => ({ path, mode: null });
    await it.end("resolve/", { end: "success", files: [gone("a.txt"), gone("dist/old.js")] });
    expect(it.head("b")).toBe(it.heads["b"]);
    expect(it.resolution()).toMatchObject({ failedAttempts: 1, log: "it deleted files that neither side deleted: a.txt" });
    await it.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
    await it.verified();
    expect(it.state_("b")).toBe("done");
    expect(asked).toEqual([["dist/old.js"], undefined]);
    it.replay();
  });

  test("after a person pushed to the branch: Enki evaluates that head instead", async () => {
    const it = await begin();
    await it.met();
    const mine = it.push(toTaskRef(it.task("b")), "by hand");
    await it.resolved();
    expect(it.head("b")).toBe(mine);
    await it.verified();
    expect(it.state_("b")).toBe("done");
    expect(it.contains(mine, it.base())).toBe(true);
    it.replay();
  });

  test.each([["pause"], ["skip"], ["cancel"]] as const)("after /enki %s, which stops its run", async (kind) => {
    const it = await begin();
    await it.met();
    const job = it.job();
    await it.say(1, { kind, target: it.task("b") });
    expect(it.isRunning(job)).toBe(false);
    await it.tell({ kind: "woken" });
    expect(it.at("b")?.resolution?.deadline ?? null).toBeNull();
    expect(it.head("b")).toBe(it.heads["b"]);
    if (kind !== "pause") return;
    await it.say(1, { kind: "resume", target: it.task("b") });
    expect(it.job()).toBe(`resolve/${it.task("b")}/2`);
    await it.resolved();
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });

  test("when the conflict is gone: its run is stopped and the step lands", async () => {
    let gone = false;
    const it = await begin({ conflicts: (_, message, onto) => !gone && /-b$/m.test(message) && it.contains(it.heads["a"] ?? "", onto) });
    await it.met();
    const job = it.job();
    gone = true;
    it.push(toBranchRef("main"), "a person's revert");
    it.state.green.add(it.base());
    await it.tell({ kind: "woken" });
    expect(it.isRunning(job)).toBe(false);
    expect(it.resolution()).toBeUndefined();
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });
});

test("54 a checkpoint without a review that conflicts with landed work is resolved before verification", async () => {
  const it = await begin({}, plan(step("a"), step("b", { checkpoint: true })));
  await it.worked("a");
  await it.worked("b");
  await it.end("verify/");
  expect(it.state_("a")).toBe("done");
  expect(it.job()).toBe(`resolve/${it.task("b")}/1`);
  await it.resolved();
  await it.verified();
  expect(it.state_("b")).toBe("waiting");
  it.state.reviews.set(it.at("b")?.pull ?? 0, [
    { id: 1, by: "maintainer", bot: false, verdict: "approved", head: it.head("b") ?? "", at: it.state.now, text: "" },
  ]);
  await it.tell({ kind: "woken" });
  await it.verified();
  expect(it.state_("b")).toBe("done");
  it.replay();
});

test("54 an accused step that conflicts with landed work is resolved", async () => {
  const it = await begin({ config: config({ refinery: { ...config().refinery, parallel: 3 } }) }, plan(step("b"), step("a")));
  await it.worked("b");
  const isOf = (id: string, job: string): boolean => job.startsWith("verify/") && it.contains(it.heads[id] ?? "", job.split("/")[1] ?? "");
  const endOf = async (id: string, fate: Parameters<typeof it.finish>[1]): Promise<void> => {
    for (const job of it.running()) if (isOf(id, job)) it.finish(job, fate);
    await it.tell({ kind: "woken" });
  };
  await endOf("b", { end: "failed" });
  // The base alone is green, so the step is red.
  for (const job of it.running()) if (job.startsWith("verify/") && !isOf("b", job)) it.finish(job, { end: "success" });
  await it.tell({ kind: "woken" });
  await it.worked("a");
  await endOf("a", { end: "success" });
  expect(it.state_("a")).toBe("done");
  // The step's second run, on the old base, was requested earlier.
  await endOf("b", { end: "success" });
  expect(it.job()).toBe(`resolve/${it.task("b")}/1`);
  it.replay();
});

test("a step shows its resolution in the execution's comment, on its head and in its status", async () => {
  let bad = true;
  const it = await begin({ markers: () => (bad ? ["a.txt"] : []) });
  await it.met();
  await it.resolved();
  bad = false;
  it.state.now += 60_000;
  await it.tell({ kind: "woken" });
  const line =
    /`b` conflicts with `main` in `a\.txt`: a merger resolves it, attempt 2 of 3\. Last attempt: it left conflict markers in a\.txt/;
  expect(it.comment()).toMatch(line);
  expect(it.comment()).toMatch(/ resolving a conflict, attempt 2 of 3 · #.*\| `b` \|/);
  expect(it.state.statuses.at(-1)).toMatchObject({ commit: it.heads["b"], state: "pending" });
  await it.say(1, { kind: "status", target: null });
  expect(it.lastReply()).toMatch(line);
  await it.resolved();
  await it.verified();
  expect(it.comment()).not.toMatch(/resolving/);
  expect(
    it
      .comment()
      .split("\n")
      .filter((each) => each.includes("was resolved")),
  ).toEqual(["- `b` landed after a conflict in `a.txt` was resolved: review those files again."]);
});

test("a resolution counts towards the limit of jobs and waits for a slot", async () => {
  const { workers } = config();
  const it = await begin({ config: config({ workers: { ...workers, total: 2 } }) });
  expect(it.working()).toEqual(["a", "b"]);
  await it.worked("a");
  expect(it.working()).toEqual(["b", "c"]);
  await it.verified();
  await it.worked("b");
  expect(it.job()).not.toBe("");
  await it.say(2, { kind: "do", text: "more" });
  expect(it.running().filter((each) => !each.startsWith("verify/"))).toHaveLength(2);
  await it.resolved();
  expect(it.running().some((each) => each.startsWith("plan/"))).toBe(true);
});

test("a merger that GitHub does not start asks a person immediately, with GitHub's message", async () => {
  const it = await begin({ refuse: (effect) => (effect.key.startsWith("start-job:resolve/") ? "no such workflow" : null) });
  await it.met();
  expect(it.at("b")).toMatchObject({
    state: "failed",
    refusal: { code: "unresolved", message: expect.stringContaining("no such workflow") },
  });
  expect(it.resolution()?.deadline).toBeNull();
});

test("59 a red run blames the resolution first, then the step", async () => {
  const it = await begin();
  await it.met();
  await it.resolved();
  const first = it.head("b");
  await it.rejected();
  expect(it.state_("b")).toBe("published");
  expect(it.head("b")).toBe(it.heads["b"]);
  expect(it.resolution()).toMatchObject({ failedVerification: true, resolvedHead: null });
  await it.resolved();
  expect(it.head("b")).not.toBe(first);
  await it.rejected();
  expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "verification-failed" } });
  it.replay();
});

/** Starts a second step that conflicts with the first. Its third head, the second resolution, conflicts with the third step. */
const beginConflictingTwice = async (steps?: Parameters<typeof begin>[1]) => {
  const seen: Sha[] = [];
  const it = await begin(
    {
      conflicts: (head, message, onto) => {
        if (!/^Enki-Task: \w+-b$/m.test(message)) return false;
        const landed = (step: string): boolean => it.contains(it.heads[step] ?? "", onto);
        it.heads["b"] ??= head;
        if (!seen.includes(head)) seen.push(head);
        return (seen.indexOf(head) === 0 && landed("a")) || (seen.indexOf(head) === 2 && landed("c"));
      },
    },
    steps,
  );
  await it.met();
  await it.resolved();
  await it.rejected();
  return { ...it, seen };
};

test("59 a red run blames the step if its conflict was resolved twice and it conflicts with more work meanwhile", async () => {
  const it = await beginConflictingTwice();
  expect(it.resolution()).toMatchObject({ failedVerification: true });
  await it.worked("c");
  await it.verified();
  await it.resolved();
  expect(it.head("b")).toBe(it.seen[2]);
  expect(it.resolution()).toMatchObject({ head: it.seen[2], onto: it.base(), failedVerification: true });
  await it.resolved();
  await it.rejected();
  expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "verification-failed" } });
  it.replay();
});

test("59 a red run after a green second resolution blames the third one, not the step", async () => {
  const it = await beginConflictingTwice(plan(step("a"), step("b", { checkpoint: true }), step("c")));
  await it.resolved();
  await it.verified();
  const green = it.seen[2] ?? "";
  expect(it.at("b")).toMatchObject({ state: "waiting", verification: { passed: true, head: green } });
  await it.worked("c");
  await it.verified();
  const approval = { id: 1, by: "maintainer", bot: false, verdict: "approved", head: green, at: it.state.now, text: "" } as const;
  it.state.reviews.set(it.at("b")?.pull ?? 0, [approval]);
  await it.tell({ kind: "woken" });
  await it.resolved();
  await it.rejected();
  expect(it.state_("b")).toBe("published");
  expect(it.job()).toBe(`resolve/${it.task("b")}/4`);
  it.replay();
});

describe("61 conflicts without a textual resolution", () => {
  test.each([["binary"], ["submodule"], ["link"], ["file/directory"]] as const)("%s asks a person immediately", async (kind) => {
    const it = await begin({ conflicting: () => [{ path: "a.txt", kind }] });
    await it.met();
    expect(it.job()).toBe("");
    expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "unresolved" } });
    it.replay();
  });

  test.each([
    ["modify/delete", /`a\.txt` \(changed by one side, deleted by the other\)/],
    ["rename/delete", /`a\.txt` \(renamed by one side, deleted by the other\)/],
    ["rename/rename", /`a\.txt` \(renamed by both sides\)/],
  ] as const)("%s goes to the merger with its name", async (kind, words) => {
    const it = await begin({ conflicting: () => [{ path: "a.txt", kind }] });
    await it.met();
    expect(it.job()).not.toBe("");
    // A comment is edited at most twice a minute.
    it.state.now += 60_000;
    await it.tell({ kind: "woken" });
    expect(it.comment()).toMatch(words);
  });

  test("a protected file asks a person", async () => {
    const it = await begin({ conflicting: () => [{ path: ".github/workflows/ci.yml", kind: "contents" }] });
    await it.met();
    expect(it.at("b")).toMatchObject({ state: "failed", refusal: { code: "unresolved" } });
  });

  test("a retry of a binary conflict is new work on the landed state", async () => {
    const it = await begin({ conflicting: () => [{ path: "logo.png", kind: "binary" }] });
    await it.met();
    expect(it.comment()).toMatch(/`logo\.png` \(a binary file\)/);
    await it.say(1, { kind: "retry", target: it.task("b") });
    expect(it.isRunning(`work/${it.task("b")}/2`)).toBe(true);
    await it.worked("b");
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });
});

describe("62 generated files", () => {
  const refinery = { ...config().refinery, regenerate: { "**/package-lock.json": "npm install --package-lock-only" } };
  const lock: Conflict = { path: "package-lock.json", kind: "contents" };

  test("are generated again: the job receives the command", async () => {
    const it = await begin({ config: config({ refinery }), conflicting: () => [lock] });
    await it.met();
    expect(it.resolution()).toMatchObject({ regenerated: ["package-lock.json"], regenerateCommands: ["npm install --package-lock-only"] });
    await it.resolved(["package-lock.json", "sub/package-lock.json"]);
    await it.verified();
    expect(it.state_("b")).toBe("done");
    it.replay();
  });

  test("are generated again if binary, while the merger resolves the others", async () => {
    const bin = { "bun.lockb": "bun install" };
    const it = await begin({
      config: config({ refinery: { ...refinery, regenerate: bin } }),
      conflicting: () => [
        { path: "a.txt", kind: "contents" },
        { path: "bun.lockb", kind: "binary" },
      ],
    });
    await it.met();
    expect(it.resolution()).toMatchObject({ regenerated: ["bun.lockb"], regenerateCommands: ["bun install"] });
    expect(it.job()).not.toBe("");
  });
});
