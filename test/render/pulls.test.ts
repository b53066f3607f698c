import { expect, test } from "vitest";
import { pullBody } from "../../src/render/pulls.ts";
import { SHOWN } from "./upload-limit.ts";

const WAYS = {
  "pull-exact": ["test_upload", { mode: "exact", why: "no rule keeps Enki from pushing what was verified", reviews: 0 }],
  "pull-each": ["test_upload", { mode: "each", why: "GitHub refused the push: protected branch hook declined.", reviews: 1 }],
  "pull-checkpoint": ["fix_upload_limit", { mode: "batch", why: "its rules accept only pull requests and require no review", reviews: 0 }],
  "pull-terms-unknown": ["test_upload", undefined],
} as const;

test.each(Object.entries(WAYS))("%s: what a pull request says, and how it lands", async (name, [id, terms]) => {
  const shown = SHOWN["running"];
  const step = shown?.plan?.steps.find((each) => each.id === id);
  if (!shown || !step) throw new Error("there is no such step");
  const { execution } = shown;
  const body = pullBody({ execution, step, output: "Done.", terms: terms && { ...terms, checks: [], pinned: false } });
  await expect(body).toMatchFileSnapshot(`shown/${name}.txt`);
});
