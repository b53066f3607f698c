import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findAppFaults, findFileFaults, findLockFaults, findPackageFaults, findWorkflowFaults } from "./support/supply-chain.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

describe("the supply chain", () => {
  test("the lock file has the integrity of every package, and names no registry but npm's", () => {
    expect(findLockFaults(read("package-lock.json"))).toEqual([]);
  });

  test("package.json names exact versions and runs nothing when somebody installs it", () => {
    expect(findPackageFaults(read("package.json"))).toEqual([]);
  });

  test("no other file decides what is installed, or runs when somebody opens the repository", () => {
    const paths = execFileSync("git", ["ls-files", "-z"], { cwd: fileURLToPath(new URL("..", import.meta.url)), encoding: "utf8" });
    expect(findFileFaults(paths.split("\0"))).toEqual([]);
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
    expect(read(".github/workflows/release.yml")).toContain("node scripts/bill-of-materials.mjs");
    expect(read(".ci/run")).toContain("node scripts/audit.mjs");
  });

  test("the bill of materials has every package whose license the bundles carry, each with its hash", () => {
    const root = fileURLToPath(new URL("..", import.meta.url));
    const directory = mkdtempSync(join(tmpdir(), "enki-bill-"));
    execFileSync("node", ["scripts/bill-of-materials.mjs", join(directory, "sbom.json")], { cwd: root });
    const bill = readFileSync(join(directory, "sbom.json"), "utf8");
    rmSync(directory, { recursive: true });
    const { metadata, components } = JSON.parse(bill) as {
      metadata: { component: { name: string } };
      components: { name: string; version: string; hashes: unknown[]; licenses: unknown[]; scope?: string }[];
    };
    expect(metadata.component.name).toBe("@enki-bot/enki");
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["probot", "@octokit/rest", "@modelcontextprotocol/sdk", "handlebars"]));
    expect(names).not.toContain("vitest");
    expect(components.filter(({ hashes, licenses, scope }) => hashes.length !== 1 || licenses.length === 0 || scope !== undefined)).toEqual(
      [],
    );
  });

  describe("a known fault", () => {
    const audit = (answer: object) => {
      const directory = mkdtempSync(join(tmpdir(), "enki-audit-"));
      writeFileSync(join(directory, "answer.json"), JSON.stringify(answer));
      writeFileSync(join(directory, "npm"), `#!/bin/sh\ncat '${join(directory, "answer.json")}'\nexit 1\n`, { mode: 0o755 });
      const env = { ...process.env, PATH: `${directory}:${process.env["PATH"]}` };
      const { status, stdout } = spawnSync("node", ["scripts/audit.mjs"], {
        cwd: fileURLToPath(new URL("..", import.meta.url)),
        env,
        encoding: "utf8",
      });
      rmSync(directory, { recursive: true });
      return { status, last: stdout.trimEnd().split("\n").at(-1) };
    };

    test.each([
      ["handlebars", "critical", 1, "audit: handlebars *: critical"],
      ["handlebars", "low", 0, "audit: handlebars *: low"],
      ["vitest", "critical", 0, "audit: vitest *: critical, in no bundle"],
    ])("of %s that is %s makes the check end with %i", (name, severity, status, last) => {
      const fault = { name, severity, range: "*", nodes: [`node_modules/${name}`] };
      const answer = { metadata: { vulnerabilities: { total: 1 } }, vulnerabilities: { [name]: fault } };
      expect(audit(answer)).toEqual({ status, last });
    });

    test("that nobody could look up is a printed skip with its reason", () => {
      expect(audit({ message: "405 Method Not Allowed - POST https://registry.example/bulk", statusCode: 405 })).toEqual({
        status: 0,
        last: "audit: skipped, because the registry answered: 405 Method Not Allowed - POST https://registry.example/bulk; look the lock file up at https://osv.dev instead",
      });
      expect(audit({})).toMatchObject({ status: 0, last: expect.stringContaining("because the registry did not answer") });
    });
  });
});
