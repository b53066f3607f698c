import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readWorkflow } from "../../../src/core/workflow/read-workflow.ts";

const read = (folder: string): string[] => readdirSync(new URL(`../../../${folder}/`, import.meta.url));
const roles = read("roles").map((file) => file.replace(".toml", ""));
const shipped = read("workflows");

test("ships the documented pipelines", () => {
  expect(shipped.sort()).toEqual(["build-feature.md", "bump-deps.md", "fix-until-green.md", "gated-ship.md", "research-then-plan.md"]);
});

test.each(shipped)("%s has no fault, a description, and known roles only", (file) => {
  const text = readFileSync(new URL(`../../../workflows/${file}`, import.meta.url), "utf8");
  const found = readWorkflow({ name: file.replace(".md", ""), path: file, text, roles, models: [], workflows: [] });
  expect(found).toMatchObject({ ok: true, value: { description: expect.stringMatching(/^\S.*\.$/) } });
});

test("bump-deps uses no model", () => {
  const text = readFileSync(new URL("../../../workflows/bump-deps.md", import.meta.url), "utf8");
  const found = readWorkflow({ name: "bump-deps", path: "bump-deps.md", text, roles, models: [], workflows: [] });
  expect(found.ok && found.value.roles.map(({ work }) => work.kind)).toEqual(["run", "run"]);
});
