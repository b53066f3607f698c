import { expect, test } from "vitest";
import type { JobSpec } from "../../src/job/job-spec.ts";
import { plan, step } from "../support/build.ts";
import { type OpenStage, openStage, type StageOptions } from "../stories/stage.ts";
import type { Act } from "../stories/quick-runner.ts";

const TWO = plan(
  step("first", { description: "Call it one." }),
  step("second", { description: "Call it two." }),
  step("third", { description: "Beside them." }),
);

const TEXT = "title\n\nname: none\n\nend\n";

type Told = {
  readonly resolve: (spec: JobSpec, stage: OpenStage) => Act | Promise<Act>;
  readonly third?: (stage: OpenStage) => Promise<void>;
};

/** Plays two steps that change the same line, the second after the first landed, and a third without a conflict. */
const tell = async ({ resolve, third }: Told, over: Partial<StageOptions> = {}) => {
  const specs: JobSpec[] = [];
  const stage: OpenStage = await openStage({
    files: { "name.txt": TEXT },
    ...over,
    script: async (spec) => {
      specs.push(spec);
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify") return { verdict: "green" };
      if (spec.kind === "resolve") return resolve(spec, stage);
      if (spec.step?.id === "first") return { files: { "name.txt": TEXT.replace("none", "one") } };
      if (spec.step?.id === "third") {
        await third?.(stage);
        return { files: { "third.txt": "3\n" } };
      }
      await stage.until("the first to land", async () => (await stage.landed()).includes("first"));
      return { files: { "name.txt": TEXT.replace("none", "two") } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  return { ...stage, issue, resolves: (): JobSpec[] => specs.filter(({ kind }) => kind === "resolve") };
};

const BOTH = { files: { "name.txt": TEXT.replace("none", "one and two") }, output: "Both names stay." };

test("F-03 a merger receives the files, both sides and their purposes; the engine creates the commit, which lands once verified", async () => {
  const it = await tell({ resolve: () => BOTH });
  const comment = await it.shows(it.issue, /Done: everything landed/);
  const [spec] = it.resolves();
  const task = `${spec?.execution}-second`;
  expect(it.resolves()).toHaveLength(1);
  expect(spec?.conflict).toMatchObject({
    conflicts: [{ path: "name.txt", kind: "contents" }],
    landed: [{ title: "Do first", task: "Call it one." }],
  });
  expect(spec?.step?.description).toBe("Call it two.");
  expect(await it.git("show", "main:name.txt")).toBe(TEXT.replace("none", "one and two").trim());
  expect((await it.landed()).toSorted()).toEqual(["first", "second", "third"]);
  // The second step's landed head is a merge whose first parent is the worker's commit.
  const [landed = ""] = (await it.git("log", "--format=%H", `--grep=^Enki-Task: ${task}$`, "--first-parent", "main")).split("\n");
  expect(await it.git("log", "-1", "--format=%s", `${landed}^2`)).toMatch(new RegExp(`^Merge main at [0-9a-f]{12} into ${task}$`));
  expect(await it.git("rev-parse", `${landed}^2^1`, `${landed}^2^2`)).toBe(`${spec?.conflict?.head}\n${spec?.baseCommit}`);
  expect(await it.git("log", "-1", "--format=%an", `${landed}^2`)).toMatch(/enki/i);
  expect(comment.split("\n").filter((line) => line.includes("was resolved"))).toHaveLength(1);
  expect(comment).toContain("Both names stay.");
});

test("F-05 a merger that always dies fails its step with the files and the next action, while others land", async () => {
  const it = await tell({ resolve: () => ({ end: "crashed", why: "the agent died" }) });
  let comment = "";
  await it.sweepUntil(
    "the step to need a person",
    async () => {
      comment = (await it.said(it.issue, "execution")).join("\n");
      return comment.includes("`second` failed");
    },
    60_000,
  );
  expect(it.resolves()).toHaveLength(3);
  expect(comment).toMatch(/conflicts with `main` in `name\.txt`.* 3 tries .*the agent died/);
  expect(comment).toMatch(/^\/enki retry [0-9a-f]+-second$/m);
  expect((await it.landed()).toSorted()).toEqual(["first", "third"]);
});

test("F-06 a base that moves during a resolution is merged with it: one attempt, no failure", async () => {
  const it = await tell({
    resolve: async (_, stage) => {
      await stage.until("the third to land", async () => (await stage.landed()).includes("third"));
      await stage.push("main", { "by-hand.txt": "a person's\n" });
      return BOTH;
    },
  });
  await it.shows(it.issue, /Done: everything landed/);
  expect(it.resolves()).toHaveLength(1);
  expect(await it.git("ls-tree", "--name-only", "main")).toMatch(/by-hand\.txt\nlimit\.txt\nname\.txt\nthird\.txt/);
  expect(await it.git("show", "main:name.txt")).toBe(TEXT.replace("none", "one and two").trim());
});

test("56 a base that changes the resolved line again is resolved on top of the first resolution", async () => {
  let tries = 0;
  const it = await tell({
    resolve: async (_, stage) => {
      tries += 1;
      if (tries > 1) return { files: { "name.txt": TEXT.replace("none", "one, two and mine") } };
      // No other work moves the base in the meantime.
      await stage.until("the third to land", async () => (await stage.landed()).includes("third"));
      await stage.push("main", { "name.txt": TEXT.replace("none", "one and mine") });
      return BOTH;
    },
  });
  await it.shows(it.issue, /Done: everything landed/);
  const [first, second] = it.resolves();
  expect(it.resolves()).toHaveLength(2);
  expect(await it.git("rev-parse", `${second?.conflict?.head}^1`)).toBe(first?.conflict?.head);
  expect(second?.conflict?.landed.map(({ title }) => title)).toEqual(["a person changes name.txt"]);
  expect(await it.git("show", "main:name.txt")).toBe(TEXT.replace("none", "one, two and mine").trim());
});

test("57 a resolution with a marker or another file is rejected, and the next attempt is told", async () => {
  const acts: Act[] = [{ files: { "name.txt": "<<<<<<< one\nx\n" } }, { files: { "name.txt": "both\n", "other.txt": "x\n" } }, BOTH];
  const it = await tell({ resolve: () => acts.shift() ?? BOTH });
  await it.shows(it.issue, /Done: everything landed/);
  expect(it.resolves().map(({ lastFailure }) => lastFailure)).toEqual([
    null,
    expect.stringContaining('"name.txt" still has conflict markers'),
    expect.stringContaining("it changed files that do not conflict: other.txt"),
  ]);
  expect(await it.git("ls-tree", "--name-only", "main")).not.toMatch(/other/);
});

test("62 a conflict only in a lock file starts no agent: its command generates the file from the merge", async () => {
  const lock = (names: string): string => `lock of ${names}\n`;
  const config =
    '[refinery]\nverify = ["true"]\n[refinery.regenerate]\n"*.lock" = "echo \\"lock of $(ls names | xargs)\\" > all.lock; echo junk > junk.txt"\n';
  const commands: (readonly string[] | undefined)[] = [];
  const stage: OpenStage = await openStage({
    files: { "all.lock": lock("a"), "names/a": "\n", ".enki/enki.toml": config },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("first"), step("second")) };
      if (spec.kind === "verify") return { verdict: "green" };
      if (spec.kind === "resolve") {
        commands.push(spec.conflict?.regenerateCommands);
        return "runs";
      }
      if (spec.step?.id === "first") return { files: { "names/b": "\n", "all.lock": lock("a b") } };
      await stage.until("the first to land", async () => (await stage.landed()).includes("first"));
      return { files: { "names/c": "\n", "all.lock": lock("a c") } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(commands).toHaveLength(1);
  expect(await stage.git("show", "main:all.lock")).toBe("lock of a b c");
  expect(await stage.git("ls-tree", "--name-only", "main")).not.toMatch(/junk/);
});

test("steps that change one line are resolved in a line: one job each, on top of the one before, and all land", async () => {
  const names = ["a", "b", "c", "d"];
  const bases: string[] = [];
  const listed = (text: string): string[] => /^names: ?(.*)$/m.exec(text)?.[1]?.split(" ").filter(Boolean) ?? [];
  const withNames = (all: readonly string[]): string => `names: ${[...new Set(all)].toSorted().join(" ")}\n`;
  const stage: OpenStage = await openStage({
    files: { "names.txt": "names:\n", ".enki/enki.toml": "[refinery]\nverify = ['true']\nparallel = 4\n" },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(...names.map((name) => step(name))) };
      if (spec.kind === "verify") {
        // The first step lands alone. The others land after each is resolved on top of the previous step.
        if ((await stage.landed()).length > 0) await stage.until("three resolutions", () => Promise.resolve(bases.length >= 3));
        return { verdict: "green" };
      }
      if (spec.kind === "work") return { files: { "names.txt": withNames([spec.step?.id ?? ""]) } };
      bases.push(spec.baseCommit);
      const sides = await Promise.all([spec.baseCommit, spec.conflict?.head ?? ""].map((side) => stage.git("show", `${side}:names.txt`)));
      return { files: { "names.txt": withNames(sides.flatMap((side) => listed(side))) } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(listed(await stage.git("show", "main:names.txt"))).toEqual(names);
  expect((await stage.landed()).toSorted()).toEqual(names);
  expect(bases).toHaveLength(3);
  const ahead = await Promise.all(bases.map(async (base) => listed(await stage.git("show", `${base}:names.txt`)).length));
  expect(ahead).toEqual([1, 2, 3]);
});
