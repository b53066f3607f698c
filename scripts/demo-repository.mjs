// Creates the repository and the agent of the demo for stories that are played by hand. One step fails at first.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const EXAMPLE = fileURLToPath(new URL("../examples/upload-limit", import.meta.url));
const SETBACK = fileURLToPath(new URL("../test/fixtures/setback.toml", import.meta.url));
const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

/** Creates the repository below `root`; returns its path and the command line of its agent. */
export const createDemoRepository = (root) => {
  const own = join(root, "upload-limit");
  cpSync(EXAMPLE, own, { recursive: true });
  for (const name of ["rehearsal.toml", "plays"]) rmSync(join(own, name), { recursive: true });
  const git = (...args) =>
    execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...args], { cwd: own, encoding: "utf8" });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "An upload service");
  mkdirSync(join(root, "play"));
  const play = join(root, "play", "play.toml");
  writeFileSync(play, readFileSync(join(EXAMPLE, "rehearsal.toml"), "utf8") + readFileSync(SETBACK, "utf8"));
  return { own, git, agent: `'${process.execPath}' '${CLI}' rehearse '${play}'` };
};
