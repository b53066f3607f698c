import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { type OpenStage, openStage, type StageOptions } from "./stage.ts";

/** Two steps: the second builds on the first and changes the same line. */
const TWO = plan(step("fix"), step("more", { needs: ["fix"] }));
const LIMITS: Readonly<Record<string, string>> = { fix: "2\n", more: "3\n" };

const openLanded = async (over: Partial<StageOptions> = {}, prepare: (stage: OpenStage) => Promise<unknown> = () => Promise.resolve()) => {
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify") return { verdict: "green" };
      // The merger keeps a person's line and reverts the other changes.
      if (spec.kind === "resolve") return { files: { "limit.txt": "9\n" } };
      return { files: { "limit.txt": LIMITS[spec.step?.id ?? ""] ?? "", [`${spec.step?.id ?? ""}.txt`]: "new\n" } };
    },
    ...over,
  });
  await prepare(stage);
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  return { stage, issue, files: async () => (await stage.git("ls-tree", "--name-only", "main")).split("\n") };
};

test("/enki undo takes back what landed, through pull requests that are verified; undoing the undo brings the work back", async () => {
  const verified: string[] = [];
  const { stage, issue, files } = await openLanded({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: TWO };
      if (spec.kind === "verify") verified.push(spec.baseCommit);
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { "limit.txt": LIMITS[spec.step?.id ?? ""] ?? "" } };
    },
  });
  const pulls = (await stage.maintainer.pulls()).length;
  await stage.maintainer.comment(issue, "/enki undo");
  const shown = await stage.shows(issue, /Done: everything landed[^]*> Undo|reopen it if the request still stands/);
  expect(await stage.landed()).toEqual(["fix", "more", "undo_more", "undo_fix"]);
  expect(await stage.git("show", "main:limit.txt")).toBe("1");
  expect(verified).toContain(await stage.git("rev-parse", "main"));
  expect((await stage.maintainer.pulls()).length).toBe(pulls + 2);
  await stage.maintainer.comment(issue, "/enki undo");
  const [, again = ""] = /\n(\/enki undo [0-9a-f]+)\n/.exec(await stage.replies(issue, /was already undone by/)) ?? [];
  expect(shown).toContain(again.slice("/enki undo ".length));
  await stage.maintainer.comment(issue, again);
  await stage.until("the work to be back", async () => (await stage.landed()).length === 6);
  expect(await stage.landed()).toEqual(["fix", "more", "undo_more", "undo_fix", "redo_fix", "redo_more"]);
  expect(await stage.git("show", "main:limit.txt")).toBe("3");
  expect(await files()).not.toContain("undo");
});

test.each([
  ["squashes", { allow_merge_commit: false, allow_rebase_merge: false }],
  ["rebases", { allow_merge_commit: false, allow_squash_merge: false }],
])("where GitHub %s, exactly the commits of one step are taken back", async (_, settings) => {
  const { stage, issue, files } = await openLanded(
    {
      script: (spec) => {
        if (spec.kind === "plan") return { plan: plan(step("fix"), step("more")) };
        if (spec.kind === "verify") return { verdict: "green" };
        return { files: { [`${spec.step?.id ?? ""}.txt`]: "new\n" } };
      },
    },
    (stage) => stage.does("PATCH", "", settings),
  );
  await stage.maintainer.comment(issue, "/enki undo fix");
  await stage.shows(issue, /reopen it if the request still stands/);
  expect(await files()).toEqual(expect.arrayContaining(["limit.txt", "more.txt"]));
  expect(await files()).not.toContain("fix.txt");
  await stage.maintainer.comment(issue, "/enki undo");
  await stage.until("the rest to be taken back", async () => !(await files()).includes("more.txt"));
});

test("a person's later change to the same line is kept: a merger resolves the conflict with the revert", async () => {
  const { stage, issue, files } = await openLanded();
  await stage.push("main", { "limit.txt": "9\n" });
  await stage.maintainer.comment(issue, "/enki undo more");
  await stage.shows(issue, /reopen it if the request still stands/);
  expect(await stage.git("show", "main:limit.txt")).toBe("9");
  expect(await files()).not.toContain("more.txt");
  expect(await files()).toContain("fix.txt");
});
