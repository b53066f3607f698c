import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type LandedWork, openWayHome } from "../../src/cli/way-home.ts";
import { after } from "../support/after.ts";

/** Opens a person's repository, and a copy with a landed commit. */
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
  /** Opens the way home in a process that dies after write number `deadAfter`. */
  const way = (deadAfter = Infinity, timer = after, at = home) => {
    let count = 0;
    return openWayHome(
      { from, home: at, branch: "main", start, after: timer },
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
  return { git, home, from, land, branches, way, looks };
};

test("two landings that come home at once use one branch", async () => {
  const { branches, way, looks } = open();
  const bring = way();
  expect(await Promise.all([bring(), bring(), bring()])).toEqual(["enki/abcdef", "enki/abcdef", "enki/abcdef"]);
  expect(branches()).toEqual(["enki/abcdef", "main"]);
  // Each call waits for the branch of the call before.
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

test("a landing and its ledger come home in one fetch, and nothing is fetched if neither changed", async () => {
  const { git, home, from, land, way } = open();
  const record = (message: string): void => {
    git(from, "update-ref", "refs/enki/ledger", git(from, "commit-tree", "main^{tree}", "-m", message));
  };
  record("first record");
  let processes = 0;
  const bring = way(Infinity, (delay, call) => {
    processes += 1;
    return after(delay, call);
  });
  await bring();
  land("second");
  record("second record");
  const countProcesses = async (): Promise<number> => {
    processes = 0;
    expect(await bring()).toBe("enki/abcdef");
    return processes;
  };
  const [withFetch, withoutFetch] = [await countProcesses(), await countProcesses()];
  expect(withFetch - withoutFetch).toBe(1);
  expect(git(home, "log", "-1", "--format=%s", "enki/abcdef")).toBe("second");
  expect(git(home, "log", "-1", "--format=%s", "refs/enki/runs/abcdef")).toBe("second record");
});

test("the ledger comes home although a person's changes keep the branch of the landings", async () => {
  const { git, home, from, land, way } = open();
  git(from, "update-ref", "refs/enki/ledger", "main");
  const bring = way();
  await bring();
  git(home, "update-ref", "refs/heads/enki/abcdef", git(home, "commit-tree", "main^{tree}", "-p", "enki/abcdef", "-m", "a person's"));
  land("second");
  git(from, "update-ref", "refs/enki/ledger", "main");
  expect(await bring()).toBe("enki/abcdef-2");
  expect(git(home, "log", "-1", "--format=%s", "refs/enki/runs/abcdef")).toBe("second");
  expect(git(home, "log", "-1", "--format=%s", "enki/abcdef")).toBe("a person's");
});

test("a run in a linked work tree brings its landed work home once", async () => {
  const { git, home, way, branches } = open();
  git(home, "worktree", "add", "-q", "--detach", join(home, "..", "linked"));
  let processes = 0;
  const timer: typeof after = (delay, call) => {
    processes += 1;
    return after(delay, call);
  };
  const bring = way(Infinity, timer, join(home, "..", "linked"));
  await bring();
  processes = 0;
  expect(await bring()).toBe("enki/abcdef");
  // One process looks for the branch, and no fetch follows.
  expect(processes).toBe(1);
  expect(branches()).toEqual(["enki/abcdef", "main"]);
});

test("a branch that the person deleted while the run waits comes back with its landed work", async () => {
  const { git, home, from, branches, way } = open();
  const bring = way();
  await bring();
  git(home, "branch", "-q", "-D", "enki/abcdef");
  expect(await bring()).toBe("enki/abcdef");
  expect(branches()).toEqual(["enki/abcdef", "main"]);
  expect(git(home, "rev-parse", "enki/abcdef")).toBe(git(from, "rev-parse", "main"));
});
