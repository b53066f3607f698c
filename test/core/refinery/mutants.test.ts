import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("every invariant has a seeded bug that still applies to the sources; `npm run mutants` reports the test that catches it", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/mutants.mjs", "--check"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});
