import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { openStage } from "./stage.ts";

const green = { verdict: "green" } as const;

test("/enki undo suggests nothing that starts work again, and names no alias", async () => {
  const stage = await openStage({ script: () => ({ plan: plan(step("fix")) }) });
  const issue = await stage.ask("/enki undo");
  const reply = await stage.replies(issue, /There is no `\/enki undo`/);
  expect(reply).not.toMatch(/did you mean|\/enki (?:do|fix)/);
  expect(reply).toMatch(/^\/enki help$/m);
  await stage.maintainer.comment(issue, "/enki help");
  expect(await stage.replies(issue, /`\/enki fix <request>`/)).toMatch(/`\/enki fix <request>` \(also `\/enki do`\)/);
});

test("a red step says with which other step it was verified, in the comment and to its next attempt", async () => {
  const told: (string | null)[] = [];
  const needs = [{ step: "index", condition: "completed" as const }];
  const two = plan(step("index", { title: "Add index" }), step("search", { title: "Add search", needs }));
  const stage = await openStage({
    files: { ".enki/enki.toml": '[refinery]\nverify = ["npm test"]\nparallel = 2\nretries = 0\n' },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: two };
      if (spec.kind !== "verify") {
        const id = spec.step?.id ?? "";
        if (id === "search") told.push(spec.lastFailure);
        return { files: { [`${id}.txt`]: `${id}\n` } };
      }
      const files = (await stage.git("ls-tree", "--name-only", spec.base)).split("\n");
      if (files.includes("search.txt")) return told.length > 1 ? green : { verdict: "red", log: "$ npm test\n| 1 failed" };
      // The other one ends last, so that both are judged together.
      await stage.until("the red verdict", () => Promise.resolve(stage.log.some((line) => line.endsWith(" failed"))));
      return green;
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  expect(await stage.shows(issue, /failed\.\*\*/)).toMatch(/`search` failed\.\*\* Red together with "Add index": `npm test` failed/);
  await stage.maintainer.comment(issue, "/enki retry search");
  await stage.shows(issue, /Done: all of it landed/);
  expect(told).toEqual([null, 'Red together with "Add index".\n$ npm test\n| 1 failed']);
});

test("a conflict's resolution that deletes a file which neither side deleted is refused with its name, and the next try is told", async () => {
  const told: (string | null)[] = [];
  const two = plan(step("one"), step("two"));
  const stage = await openStage({
    files: { "shared.txt": "a\n" },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: two };
      if (spec.kind === "verify") return green;
      if (spec.kind === "work") return { files: { "shared.txt": `${spec.step?.id}\n` } };
      told.push(spec.lastFailure);
      return { files: { "shared.txt": told.length === 1 ? null : "one and two\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: all of it landed/);
  expect(told).toEqual([null, "it deleted what neither side deleted: shared.txt"]);
  expect(await stage.git("show", "main:shared.txt")).toBe("one and two");
});
