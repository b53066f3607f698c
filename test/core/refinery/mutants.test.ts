import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("every invariant has a bug of its own that can still be put into the sources; `npm run mutants` tells which test catches it", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/mutants.mjs", "--check"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});
