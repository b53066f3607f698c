import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LandedWork, openWayHome } from "../../src/cli/bring-home.ts";
import { after } from "../support/after.ts";

/** A person's repository, and a copy in which one commit landed. */
const open = () => {
  const root = mkdtempSync(join(tmpdir(), "enki-home-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const [home, from] = [join(root, "home"), join(root, "copy.git")];
  mkdirSync(home);
  const git = (directory: string, ...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.invalid", ...args], { cwd: directory, encoding: "utf8" }).trim();
  git(home, "init", "-q", "-b", "main", ".");
  git(home, "commit", "-q", "--allow-empty", "-m", "start");
  const start = git(home, "rev-parse", "main");
  git(root, "clone", "-q", "--bare", home, from);
  const land = (message: string): void => {
    git(from, "update-ref", "refs/heads/main", git(from, "commit-tree", "main^{tree}", "-p", "main", "-m", message));
  };
  land("landed");
  const branches = (): string[] => git(home, "for-each-ref", "--format=%(refname:short)", "refs/heads").split("\n");
  const looks: (string | null)[] = [];
  let known: LandedWork = { execution: "abcdef", landedBranch: null };
  /** A process that dies after the write of this number. */
  const way = (deadAfter = Infinity) => {
    let count = 0;
    return openWayHome(
      { from, home, branch: "main", start, after },
      {
        read: () => {
          looks.push(known.landedBranch);
          return known;
        },
        write: (change) => {
          count += 1;
          known = { ...known, ...change };
          return count > deadAfter ? Promise.reject(new Error("killed")) : Promise.resolve();
        },
      },
    );
  };
  return { git, home, land, branches, way, looks };
};

test("two landings that come home at once use one branch", async () => {
  const { branches, way, looks } = open();
  const bring = way();
  expect(await Promise.all([bring(), bring(), bring()])).toEqual(["enki/abcdef", "enki/abcdef", "enki/abcdef"]);
  expect(branches()).toEqual(["enki/abcdef", "main"]);
  // Each waits until the one before has chosen the branch.
  expect(looks).toEqual([null, "enki/abcdef", "enki/abcdef"]);
});

test("a process killed before its branch exists leaves the name to the next process", async () => {
  const { git, home, land, branches, way } = open();
  await expect(way(0)()).rejects.toThrow("killed");
  expect(branches()).toEqual(["main"]);
  land("landed later");
  expect(await way()()).toBe("enki/abcdef");
  expect(git(home, "log", "-1", "--format=%s", "enki/abcdef")).toBe("landed later");
  expect(branches()).toEqual(["enki/abcdef", "main"]);
});

test("a person's branch of the same name stays", async () => {
  const { git, home, branches, way } = open();
  git(home, "branch", "enki/abcdef");
  expect(await way()()).toBe("enki/abcdef-2");
  expect(branches()).toEqual(["enki/abcdef", "enki/abcdef-2", "main"]);
  expect(git(home, "rev-parse", "enki/abcdef")).toBe(git(home, "rev-parse", "main"));
});
