import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type GitContext, runGit } from "../storage/git/run-git.ts";
import { CommandError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

export type FoundRepository = {
  /** The directory for git to read: the top of the work tree, or the bare repository. */
  readonly directory: string;
  /** Directories of the person: the work tree and git's own. */
  readonly ownDirectories: readonly string[];
  /** The checked out branch; null for a detached head. */
  readonly branch: string | null;
  readonly shallow: boolean;
  /** Number of files that differ from the last commit, except for the uncommitted settings. */
  readonly uncommittedFiles: number;
  /** Paths of roles, workflows and `enki.toml` that differ from the last commit. */
  readonly uncommittedSettings: readonly string[];
  /** Paths of the submodules that the last commit names. */
  readonly submodules: readonly string[];
};

type GitPlaces = {
  readonly gitDirectory: string;
  /** The top of the work tree; null in a bare repository. */
  readonly top: string | null;
  /** The directory that all work trees of the repository share. */
  readonly common: string | null;
  readonly isShallow: boolean;
};

const OWN_FACTS = ["--show-object-format", "--is-shallow-repository", "--absolute-git-dir"];

/** Git's own directories of the repository that contains a directory. */
const readGitPlaces = async (at: GitContext, ask: (...args: string[]) => Promise<string | null>): Promise<GitPlaces> => {
  const all = await ask("rev-parse", ...OWN_FACTS, "--path-format=absolute", "--git-common-dir", "--show-toplevel");
  const [format = "", shallow, gitDirectory = "", common = null, top = null, ...rest] = all?.split("\n") ?? [];
  if (format === "sha1" && top !== null && rest.length === 0) return { gitDirectory, top, common, isShallow: shallow === "true" };
  // A bare repository, a path with a line break, or none that Enki can read.
  return {
    ...(await readGitDirectory(at)),
    top: await ask("rev-parse", "--show-toplevel"),
    common: await ask("rev-parse", "--path-format=absolute", "--git-common-dir"),
  };
};

/** Git's own directory of the repository that contains a directory. */
const readGitDirectory = async (at: GitContext): Promise<{ gitDirectory: string; isShallow: boolean }> => {
  const own = await runGit(at, ["rev-parse", ...OWN_FACTS]);
  if (own.code !== 0) {
    const foreign = own.stderr.includes("dubious ownership");
    throw new CommandError(
      foreign ? `${at.directory} belongs to another user, so git does not read it` : `${at.directory} is not a git repository`,
    );
  }
  const [format = "", isShallow, ...rest] = own.stdout.toString("utf8").trim().split("\n");
  if (format !== "sha1")
    throw new CommandError(`${at.directory} uses the object format ${format}, which GitHub does not accept; Enki needs sha1`);
  return { gitDirectory: rest.join("\n"), isShallow: isShallow === "true" };
};

/** Finds the repository that contains a path, without writing. Throws {@link CommandError} without a repository. */
export const findRepository = async ({ cwd, after }: TerminalHost, path: string): Promise<FoundRepository> => {
  const directory = resolve(cwd, path);
  const known = await stat(directory).catch(() => null);
  if (!known) throw new CommandError(`there is no directory ${directory}`);
  if (!known.isDirectory()) throw new CommandError(`${directory} is a file, not a git repository`);
  // Without this setting, even `git status` would rewrite the index.
  const at: GitContext = { directory, after, env: { GIT_OPTIONAL_LOCKS: "0" } };
  const ask = async (...args: string[]): Promise<string | null> => {
    const { code, stdout } = await runGit(at, args);
    return code === 0 ? stdout.toString("utf8").trim() : null;
  };
  const { gitDirectory, top, common, isShallow } = await readGitPlaces(at, ask);
  const place = top ?? gitDirectory;
  const { changed, settings } = top === null ? { changed: [], settings: [] } : await listAllChanges({ ...at, directory: place });
  const isUsed = (path: string): boolean => SETTINGS_PATTERN.test(path) && existsSync(join(place, path));
  return {
    directory: place,
    ownDirectories: [...new Set([top, common].flatMap((path) => path ?? []))],
    branch: await ask("symbolic-ref", "--quiet", "--short", "HEAD"),
    shallow: isShallow,
    uncommittedFiles: [...changed, ...settings].filter((path) => !isUsed(path)).length,
    uncommittedSettings: settings.filter(isUsed),
    submodules: await listSubmodules({ ...at, directory: place }),
  };
};

const listSubmodules = async (at: GitContext): Promise<string[]> => {
  const { code, stdout } = await runGit(at, ["config", "--null", "--blob", "HEAD:.gitmodules", "--get-regexp", "^submodule\\..*\\.path$"]);
  if (code !== 0) return [];
  const entries = stdout.toString("utf8").split("\0");
  return entries.flatMap((entry) => (entry.includes("\n") ? [entry.slice(entry.indexOf("\n") + 1)] : []));
};

/** The paths in `.enki` that differ from the last commit, each untracked file included, and the other paths. */
const listAllChanges = async (at: GitContext): Promise<{ readonly changed: string[]; readonly settings: string[] }> => {
  const paths = await listChanges(at, ["--untracked-files=normal"]);
  const isSetting = (path: string): boolean => path.startsWith(".enki/") || path === ".enki";
  const settings = paths.filter(isSetting);
  return {
    changed: paths.filter((path) => !isSetting(path)),
    // Git names a folder instead of the untracked files in it.
    settings: settings.some((path) => path.endsWith("/")) ? await listChanges(at, ["--untracked-files=all", "--", ".enki"]) : settings,
  };
};

const SETTINGS_PATTERN = /^\.enki\/(?:enki\.toml|roles\/[^/]+\.toml|workflows\/[^/]+\.md)$/;

/** Paths of `git status`, without the original names of renamed files. */
const listChanges = async (at: GitContext, args: readonly string[]): Promise<string[]> => {
  const { stdout } = await runGit(at, ["status", "--porcelain", "--no-renames", "-z", ...args]);
  return stdout
    .toString("utf8")
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => entry.slice("XY ".length));
};
