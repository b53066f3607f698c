import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLocalRunner } from "../../src/local-github/actions/local-runner.ts";
import { after } from "../support/after.ts";
import { CLI } from "../support/cli.ts";
import { makeRepository, openTerminal } from "../cli/stage.ts";
import { playOf, SORT } from "../cli/run-stage.ts";
import { openStage } from "./stage.ts";

const readFiles = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("/.git/") && !entry.parentPath.endsWith("/.git"))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(directory.length + 1), readFileSync(path, "utf8")] as const),
  );

test("given a set-up by enki init --vendor, when a request is approved, then it lands with the repository's own copy of the action", async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  makeRepository(cwd, { "list.txt": "b\na\n" });
  const play = join(terminal.root, "play.toml");
  writeFileSync(play, playOf([SORT]));
  const agent = `'${process.execPath}' '${CLI}' rehearse '${play}'`;
  const written = await terminal.run(
    ["init", "--yes", "--app", "--vendor", "--agent", agent, "--verify", 'test "$(head -n 1 list.txt)" = a'],
    {
      cwd,
    },
  );
  expect(written).toMatchObject({ code: 0, err: "" });
  const nowhere = join(terminal.root, "no-installation");
  mkdirSync(nowhere);
  const stage = await openStage({
    script: () => {
      throw new Error("the local runner executes the jobs");
    },
    runner: (directory) =>
      createLocalRunner({
        directory,
        // The root has no actions, so a workflow file cannot use another repository's action.
        actionRoot: nowhere,
        node: process.execPath,
        env: process.env,
        clock: Date.now,
        timers: { sleep: (delay, signal) => new Promise((resolve) => signal.addEventListener("abort", after(delay, resolve))) },
        namespaces: false,
      }),
    patience: 150_000,
  });
  await stage.push("main", readFiles(cwd));
  const issue = await stage.ask("/enki fix sort the list");
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["sort"]);
  expect(await stage.git("show", "main:list.txt")).toBe("a\nb");
  // The work contains nothing from the action's checkout.
  const changed = execFileSync("git", ["diff", "--name-only", "HEAD~1", "HEAD"], { cwd: stage.bare, encoding: "utf8" });
  expect(changed.trim().split("\n")).toEqual(["list.txt"]);
});
