import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

const TWO = plan(step("fix"), step("next", { needs: ["fix"] }));
const fileOf = (id: string) => ({ files: { [`${id}.txt`]: `${id}\n` } });

test("B-15 a failing candidate lands nothing: dependents are blocked, and the comment shows command and last lines", async () => {
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify" && spec.baseCommit === (await stage.git("rev-parse", "main"))) return { verdict: "green" };
      if (spec.kind === "verify")
        return { verdict: "red", log: "$ npm test\n| 1 failing\n| expected 10, got 1\nthe command exited with 1" };
      return fileOf(spec.step?.id ?? "");
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  const shown = await stage.shows(issue, /Stopped/);
  expect(shown).toMatch(/\$ npm test[^]*expected 10, got 1/);
  expect(shown).toMatch(/blocked \| `next`/);
  expect(shown).toMatch(/^\/enki retry /m);
  expect(await stage.landed()).toEqual([]);
});

test("B-16/24 a person pushes to the base during verification: the candidate is rebuilt, and nothing is lost", async () => {
  let pushed: string | null = null;
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify") {
        pushed ??= await stage.push("main", { "person.txt": "mine\n" });
        return { verdict: "green" };
      }
      return fileOf(spec.step?.id ?? "");
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix", "next"]);
  expect((await stage.git("log", "--first-parent", "--format=%H", "main")).split("\n")).toContain(pushed);
  expect((await stage.git("ls-tree", "--name-only", "main")).split("\n")).toEqual(
    expect.arrayContaining(["person.txt", "fix.txt", "next.txt"]),
  );
});

test("B-17/27 a person pushes to a task branch: their commit is verified and lands with the step", async () => {
  let pushed: string | null = null;
  const verified: string[] = [];
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind === "verify") {
        verified.push(spec.baseCommit);
        pushed ??= await stage.push(`task/${spec.execution}-fix`, { "by-hand.txt": "mine\n" });
        return { verdict: "green" };
      }
      return fileOf("fix");
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("rev-parse", "main^2")).toBe(pushed);
  expect(verified.at(-1)).toBe(await stage.git("rev-parse", "main"));
  expect(verified).toHaveLength(2);
});

test("B-18 the base is rewound: nothing lands until a person decides", async () => {
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.step?.id === "next") {
        const before = await stage.git("rev-parse", "main^1");
        await stage.push("main", {}, { onto: before, force: true });
      }
      return spec.kind === "verify" ? { verdict: "green" } : fileOf(spec.step?.id ?? "");
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  expect(await stage.shows(issue, /Nothing lands for now/)).toMatch(/\/enki retry/);
  expect(await stage.landed()).toEqual([]);
});

test("B-24/43 every webhook arrives twice: one execution, one comment, one run per attempt, one landing each", async () => {
  const stage = await openStage({
    faults: { deliveries: () => 2 },
    script: (spec) => (spec.kind === "plan" ? { plan: TWO } : spec.kind === "verify" ? { verdict: "green" } : fileOf(spec.step?.id ?? "")),
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix", "next"]);
  expect(await stage.said(issue, "execution")).toHaveLength(1);
  expect(await stage.maintainer.pulls()).toHaveLength(2);
});

test("B-25/44 without webhooks the sweeps alone complete the story", async () => {
  const stage = await openStage({
    webhooks: false,
    script: (spec) => (spec.kind === "plan" ? { plan: TWO } : spec.kind === "verify" ? { verdict: "green" } : fileOf(spec.step?.id ?? "")),
  });
  const issue = await stage.ask();
  const said = (words: string) => async () => (await stage.said(issue, "execution")).join().includes(words);
  await stage.sweepUntil("a plan", said("/enki approve"));
  await stage.approve(issue);
  await stage.sweepUntil("the end", said("Done: everything landed"));
  expect(await stage.landed()).toEqual(["fix", "next"]);
});

test("B-26/46 two coordinators on one repository: everything happens once", async () => {
  const stage = await openStage({
    app: { graceMs: 300 },
    script: (spec) => (spec.kind === "plan" ? { plan: TWO } : spec.kind === "verify" ? { verdict: "green" } : fileOf(spec.step?.id ?? "")),
  });
  const other = await stage.startApp();
  const issue = await stage.ask();
  const both = async (words: string): Promise<boolean> => {
    await Promise.all([stage.sweep(stage.app), stage.sweep(other)]);
    return (await stage.said(issue, "execution")).join().includes(words);
  };
  await stage.until("a plan", () => both("/enki approve"));
  await stage.approve(issue);
  await stage.until("the end", () => both("Done: everything landed"));
  expect(await stage.landed()).toEqual(["fix", "next"]);
  expect(await stage.said(issue, "execution")).toHaveLength(1);
  expect(await stage.maintainer.pulls()).toHaveLength(2);
});

test("B-30 workflow files of the base change while a step works: its work is still delivered and lands", async () => {
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind === "verify") return { verdict: "green" };
      await stage.push("main", { ".github/workflows/other.yml": "on: push\njobs: {}\n" });
      return fileOf("fix");
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("ls-tree", "-r", "--name-only", "main")).toMatch(/other\.yml[^]*fix\.txt/);
});
