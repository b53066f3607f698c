import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findAppFaults, findLockFaults, findPackageFaults, findWorkflowFaults } from "./support/supply-chain.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

describe("the supply chain", () => {
  test("the lock file has the integrity of every package, and names no registry but npm's", () => {
    expect(findLockFaults(read("package-lock.json"))).toEqual([]);
  });

  test("package.json names exact versions and runs nothing when somebody installs it", () => {
    expect(findPackageFaults(read("package.json"))).toEqual([]);
  });

  test.each(readdirSync(new URL("../.github/workflows", import.meta.url)))(
    "%s pins each action, keeps no credential, and has the least rights",
    (file) => {
      expect(findWorkflowFaults(read(`.github/workflows/${file}`))).toEqual([]);
    },
  );

  test("the App asks for the rights that the code uses, and is private", () => {
    expect(findAppFaults(read("app.yml"))).toEqual([]);
  });

  test("a release has a bill of materials, and the check of known faults runs with every change", () => {
    expect(read(".github/workflows/release.yml")).toContain("npm sbom --sbom-format cyclonedx");
    expect(read(".ci/run")).toContain("node scripts/audit.mjs");
  });
});
