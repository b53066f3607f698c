import { expect, test } from "vitest";
import { renderPullBody } from "../../../src/core/messages/pull-text.ts";
import { SHOWN } from "./upload-limit.ts";

const WAYS = {
  "pull-exact": ["test_upload", { mode: "exact", reason: "no rule keeps Enki from pushing the verified commit", requiredReviews: 0 }],
  "pull-each": ["test_upload", { mode: "each", reason: "GitHub refused the push: protected branch hook declined.", requiredReviews: 1 }],
  "pull-checkpoint": [
    "fix_upload_limit",
    { mode: "batch", reason: "its rules accept only pull requests and require no review", requiredReviews: 0 },
  ],
  "pull-terms-unknown": ["test_upload", undefined],
} as const;

test.each(Object.entries(WAYS))("%s: what a pull request says, and how it lands", async (name, [id, terms]) => {
  const shown = SHOWN["running"];
  const step = shown?.plan?.steps.find((each) => each.id === id);
  if (!shown || !step) throw new Error("there is no such step");
  const { execution } = shown;
  const body = renderPullBody({ execution, step, output: "Done.", terms: terms && { ...terms, checks: [], requiresExactCommit: false } });
  await expect(body).toMatchFileSnapshot(`shown/${name}.txt`);
});
