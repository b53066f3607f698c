import { expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import type { Sha } from "../../../src/core/domain/ids.ts";
import { config } from "../../support/config.ts";
import { openStory } from "../../support/story.ts";

const DAY = 24 * 60 * 60_000;

/** Opens a story whose steps change the same lines. */
const openLine = () => {
  const heads: Record<string, Sha> = {};
  const held = (commit: Sha): Set<string> => new Set(Object.keys(heads).filter((id) => it.contains(heads[id] ?? "", commit)));
  const it: ReturnType<typeof openStory> = openStory({
    config: config({ refinery: { ...config().refinery, parallel: 4 } }),
    conflicts: (head, message, onto) => {
      const id = /^Enki-Task: \w+-(\w+)$/m.exec(message)?.[1];
      if (id === undefined) return false;
      heads[id] ??= head;
      const [own, there] = [held(head), held(onto)];
      return [...own].some((each) => !there.has(each)) && [...there].some((each) => !own.has(each));
    },
  });
  const running = (kind: string): string[] => it.running().filter((each) => each.startsWith(`${kind}/`));
  const resolved = () => it.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
  return { ...it, heads, running, resolved, resolving: () => running("resolve").map((job) => job.split("/")[1]?.split("-")[1]) };
};

/** Starts four steps that change the same lines. The first has landed, and the second is being resolved. */
const begin = async () => {
  const it = openLine();
  await it.propose(plan(step("a"), step("b"), step("c"), step("d")));
  await it.approve();
  for (const id of ["a", "b", "c", "d"]) await it.worked(id);
  await it.end("verify/");
  expect(it.state_("a")).toBe("done");
  /** Ends every resolution and verification with success. The number of turns is limited, so an endless history fails. */
  const finish = async (): Promise<void> => {
    for (let turn = 0; turn < 20 && it.execution()?.state === "running"; turn += 1)
      await (it.running("resolve").length > 0 ? it.resolved() : it.end("verify/"));
  };
  return { ...it, finish };
};

test("the conflicts of steps that change one file are resolved in a line, each on top of the one before", async () => {
  const it = await begin();
  expect(it.resolving()).toEqual(["b"]);
  expect(it.comment()).toContain("`b` conflicts with `main` in `a.txt`: a merger resolves it, attempt 1 of 3.");
  expect(it.comment()).toContain("`c` conflicts with `main` in `a.txt`: it waits for steps queued ahead that conflict in the same file.");
  await it.resolved();
  const [first, base] = [it.head("b") ?? "", it.base()];
  expect(it.state_("b")).toBe("published");
  expect(it.resolving()).toEqual(["c"]);
  expect(it.at("c")?.resolution?.line).toEqual({ ahead: [{ task: it.task("b"), head: first }], baseTip: base });
  await it.resolved();
  expect(it.contains(first, it.head("c") ?? "")).toBe(true);
  expect(it.at("c")?.builtOn).toEqual([{ task: it.task("b"), head: first }]);
  expect(it.resolving()).toEqual(["d"]);
  await it.resolved();
  while (it.running("verify").length > 0) await it.end("verify/");
  expect(it.execution()?.state).toBe("done");
  // Each step with a conflict had one job.
  expect(it.state.runs.filter(({ name }) => name.startsWith("resolve/"))).toHaveLength(3);
  it.replay();
});

test("a step that leaves the queue is taken out of the resolutions on top of it", async () => {
  const it = await begin();
  await it.resolved();
  await it.resolved();
  const original = it.heads["c"] ?? "";
  expect(it.head("c")).not.toBe(original);
  // The job of the last step would resolve it on top of the first.
  expect(it.resolving()).toEqual(["d"]);
  await it.say(1, { kind: "skip", target: it.task("b") });
  expect(it.state_("b")).toBe("skipped");
  expect(it.head("c")).toBe(original);
  expect(it.at("d")?.resolution?.line).toBeUndefined();
  await it.finish();
  expect(it.execution()?.state).toBe("done");
  expect(it.contains(it.heads["b"] ?? "", it.base())).toBe(false);
  expect(it.contains(it.heads["d"] ?? "", it.base())).toBe(true);
  it.replay();
});

test("the commit that a resolution starts from stays on a branch of candidates until its step has ended", async () => {
  const it = await begin();
  await it.resolved();
  const onto = it.at("c")?.resolution?.onto ?? "";
  expect(onto).not.toBe(it.base());
  const isKept = (): boolean => Object.values(it.state.refs).some((commit) => it.contains(onto, commit));
  expect(isKept()).toBe(true);
  await it.resolved();
  expect(isKept()).toBe(true);
  await it.finish();
  expect(it.execution()?.state).toBe("done");
});

test("an execution stays in the ledger as long as a step of another one is built on its work", async () => {
  const it = openLine();
  const first = await it.propose(plan(step("a"), step("b")));
  await it.approve();
  const second = await it.propose(plan(step("c", { checkpoint: true })), 2);
  await it.approve(2);
  await it.worked("a", first);
  await it.worked("b", first);
  await it.worked("c", second);
  await it.end("verify/");
  await it.resolved();
  await it.resolved();
  while (it.running("verify").length > 0) await it.end("verify/");
  expect([it.execution(first)?.state, it.state_("c", second)]).toEqual(["done", "waiting"]);
  const resolved = it.head("c", second);
  it.state.now += 10 * DAY;
  await it.say(2, { kind: "status", target: null });
  expect(it.execution(first)?.state).toBe("done");
  expect(it.head("c", second)).toBe(resolved);
  expect(it.at("c", second)?.builtOn.map(({ task }) => task)).toEqual([it.task("b", first)]);
});
