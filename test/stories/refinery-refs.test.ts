import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage } from "./stage.ts";

const fileOf = (id: string) => ({ files: { [`${id}.txt`]: `${id}\n` } });

const refsOf = async (stage: OpenStage, ...under: readonly string[]): Promise<string[]> =>
  (await stage.git("for-each-ref", "--format=%(refname) %(objectname)", ...under)).split("\n").filter((line) => line !== "");

/** Returns the tips of `main` after each push, from the webhooks. */
const tipsOf = (stage: OpenStage, base = "main"): unknown[] =>
  stage.forge
    .deliveries()
    .filter(({ event, payload }) => event === "push" && payload["ref"] === `refs/heads/${base}`)
    .map(({ payload }) => payload["after"]);

test("69 a finished execution deletes its refs, except for a reported branch that a person pushed to; other refs stay", async () => {
  const plans = [plan(step("slow", { checkpoint: true })), plan(step("fix"), step("docs"))];
  const stage = await openStage({
    script: (spec) =>
      spec.kind === "plan"
        ? { plan: plans.shift() ?? plan() }
        : spec.kind === "verify"
          ? { verdict: "green" }
          : fileOf(spec.step?.id ?? ""),
  });
  const other = await stage.ask("/enki fix it slowly");
  await stage.approve(other);
  await stage.shows(other, /Waiting for you/);
  const [others = ""] = await refsOf(stage, "refs/heads/task");
  expect(others).toMatch(/-slow /);

  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  const docs = (await refsOf(stage, "refs/heads/task")).find((ref) => ref.includes("-docs ")) ?? "";
  const branch = /refs\/heads\/(\S+)/.exec(docs)?.[1] ?? "";
  const pushed = await stage.push(branch, { "late.txt": "mine\n" });
  await stage.shows(issue, new RegExp(`moved .*${branch}.* to ${pushed.slice(0, 12)} after it landed`));
  const left = [`refs/heads/${branch} ${pushed}`, others];
  await stage.sweepUntil("the branch of the other step to go", async () => (await refsOf(stage, "refs/heads/task")).length === 2, 1_000);
  expect((await refsOf(stage, "refs/heads/task")).toSorted()).toEqual(left.toSorted());
  expect(await refsOf(stage, "refs/enki/results", "refs/heads/enki")).toEqual([]);
  const candidates = await refsOf(stage, "refs/enki/candidates");
  const told = await Promise.all(candidates.map((line) => stage.git("log", "-1", "--format=%B", line.split(" ")[1] ?? "")));
  expect(told.filter((message) => !message.includes("-slow"))).toEqual([]);
});

test("70 two executions and two coordinators on one base: the loser of a race rebuilds, and everything green lands once", async () => {
  const plans = ["one", "two"].map((name) => plan(step(`${name}-a`), step(`${name}-b`, { needs: [`${name}-a`] })));
  const green = new Set<string>();
  let pushed: Promise<string> | null = null;
  const stage: OpenStage = await openStage({
    app: { graceMs: 300 },
    files: { ".enki/enki.toml": '[refinery]\nverify = ["true"]\nparallel = 2\n' },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plans.shift() ?? plan() };
      if (spec.kind !== "verify") return fileOf(spec.step?.id ?? "");
      // The base of the running verification no longer exists.
      green.add(await (pushed ??= stage.push("main", { "person.txt": "mine\n" })));
      green.add(spec.baseCommit);
      return { verdict: "green" };
    },
  });
  const other = await stage.startApp();
  const issues = [await stage.ask("/enki fix one"), await stage.ask("/enki fix two")];
  const both = async (words: string): Promise<boolean> => {
    await Promise.all([stage.sweep(stage.app), stage.sweep(other)]);
    const said = await Promise.all(issues.map((issue) => stage.said(issue, "execution")));
    return said.every((bodies) => bodies.join().includes(words));
  };
  await stage.until("two plans", () => both("/enki approve"));
  const before = tipsOf(stage).length;
  await Promise.all(issues.map((issue) => stage.approve(issue)));
  await stage.until("the end", () => both("Done: everything landed"));
  const landed = await stage.landed();
  expect(landed.toSorted()).toEqual(["one-a", "one-b", "two-a", "two-b"]);
  for (const name of ["one", "two"]) expect(landed.indexOf(`${name}-a`)).toBeLessThan(landed.indexOf(`${name}-b`));
  expect(
    tipsOf(stage)
      .slice(before)
      .filter((tip) => !green.has(String(tip))),
  ).toEqual([]);
  expect(await stage.maintainer.pulls()).toHaveLength(4);
});

test("I18 two bases, one coordinator: a stuck base neither delays the other nor touches its refs", async () => {
  const config = (base: string): string => `[refinery]\nverify = ["true"]\nparallel = 1\nbase = "${base}"\n`;
  const plans = [plan(step("fix"), step("more")), plan(step("backport"))];
  let release = (): void => undefined;
  const stuck = new Promise<void>((resolve) => (release = resolve));
  const stage: OpenStage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plans.shift() ?? plan() };
      if (spec.kind !== "verify") return fileOf(spec.step?.id ?? "");
      const files = await stage.git("ls-tree", "--name-only", spec.baseCommit);
      if (!files.includes("backport.txt")) await stuck;
      return { verdict: "green" };
    },
  });
  await stage.push("release", { "release.txt": "1\n" }, { onto: await stage.git("rev-parse", "main") });
  const first = await stage.ask();
  await stage.approve(first);
  const waiting = await stage.until("a candidate on main", async () => {
    const candidates = await refsOf(stage, "refs/enki/candidates/main");
    return candidates.length > 0 && candidates;
  });
  const tip = await stage.push("main", { ".enki/enki.toml": config("release") });

  const second = await stage.ask("/enki fix the release too");
  await stage.approve(second);
  await stage.shows(second, /Done: everything landed/);
  expect(await stage.landed("release")).toEqual(["backport"]);
  expect(await stage.git("rev-parse", "main")).toBe(tip);
  expect(waiting.length).toBeGreaterThan(0);

  release();
  await stage.shows(first, /Done: everything landed/);
  expect((await stage.landed()).toSorted()).toEqual(["fix", "more"]);
  expect(await stage.landed("release")).toEqual(["backport"]);
  expect(await stage.git("ls-tree", "--name-only", "release")).not.toContain("fix.txt");
  expect(await stage.git("ls-tree", "--name-only", "main")).not.toContain("backport.txt");
});
