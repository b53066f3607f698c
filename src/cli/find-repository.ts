import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type GitContext, runGit } from "../storage/git/run-git.ts";
import { CommandError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type FoundRepository = {
  /** What git can be told to read from: the top of the work tree, or the bare repository. */
  readonly directory: string;
  /** Where all that is the person's own lies: the work tree, and what git keeps. */
  readonly ownDirectories: readonly string[];
  /** The branch that is checked out; null where none is. */
  readonly branch: string | null;
  /** A clone without all of its history. */
  readonly shallow: boolean;
  /** How many files differ from the last commit. */
  readonly uncommittedFiles: number;
};

/** The repository that a person named by any directory of it; only reads. Throws {@link CannotError} where there is none. */
export const findRepository = async ({ cwd, after }: TerminalHost, path: string): Promise<FoundRepository> => {
  const directory = resolve(cwd, path);
  const known = await stat(directory).catch(() => null);
  if (!known) throw new CommandError(`there is no directory ${directory}`);
  if (!known.isDirectory()) throw new CommandError(`${directory} is a file, and no git repository`);
  // Without the locks even a look at the state would write the index anew.
  const at: GitContext = { directory, after, env: { GIT_OPTIONAL_LOCKS: "0" } };
  const ask = async (...args: string[]): Promise<string | null> => {
    const { code, stdout } = await runGit(at, args);
    return code === 0 ? stdout.toString("utf8").trim() : null;
  };
  const own = await runGit(at, ["rev-parse", "--absolute-git-dir"]);
  if (own.code !== 0) {
    const foreign = own.stderr.includes("dubious ownership");
    throw new CommandError(
      foreign ? `${directory} belongs to another user, so that git does not read it` : `${directory} is no git repository`,
    );
  }
  const top = await ask("rev-parse", "--show-toplevel");
  const kept = await ask("rev-parse", "--path-format=absolute", "--git-common-dir");
  const changed = top === null ? null : await ask("status", "--porcelain", "--untracked-files=normal");
  return {
    directory: top ?? own.stdout.toString("utf8").trim(),
    ownDirectories: [...new Set([top, kept].flatMap((path) => path ?? []))],
    branch: await ask("symbolic-ref", "--quiet", "--short", "HEAD"),
    shallow: (await ask("rev-parse", "--is-shallow-repository")) === "true",
    uncommittedFiles: (changed ?? "").split("\n").filter((line) => line !== "").length,
  };
};
