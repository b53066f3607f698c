import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { ObjectFiles } from "./object-files.ts";

/** Calls back once after `delay` milliseconds; returns a function that cancels the timer. */
export type TimerStarter = (delay: number, call: () => void) => () => void;

export type GitOutput = { readonly code: number | null; readonly stdout: Buffer; readonly stderr: string; readonly timedOut: boolean };

export type GitContext = {
  readonly directory: string;
  /** Added to the sealed environment. Tokens belong here, never in the arguments. */
  readonly env?: Readonly<Record<string, string>>;
  readonly after: TimerStarter;
  /** The longest duration of the command. */
  readonly timeoutMs?: number;
  /** The longest silence of the command. */
  readonly silentMs?: number;
  /** Kills a running command and starts no other. */
  readonly stop?: AbortSignal | undefined;
  /** The objects of the repository, where it is a bare one. */
  readonly objects?: ObjectFiles;
  /** Output limit in bytes: the rest is not read. */
  readonly maxOutputBytes?: number;
};

/** Checkouts and copies of large repositories take minutes. */
const GIT_TIMEOUT_MS = 600_000;

/**
 * Environment of every git process, sealed from the host's configuration, attributes, hooks and prompts.
 * A user's attributes and configuration would change merges, so the same commits would result in different candidates.
 */
const createSealedEnv = (directory: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: directory,
  LC_ALL: "C",
  TZ: "UTC",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_ATTR_NOSYSTEM: "1",
  // A clone for one job may lack files, and fetching them one by one takes longer than failing.
  GIT_NO_LAZY_FETCH: "1",
  // A clone may have refs/replace/ or grafts, which show other content under the id of a commit.
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_GRAFT_FILE: "/dev/null/none",
});

const GIT_CONFIG_FLAGS = [
  "-c",
  "core.attributesFile=/dev/null",
  // Otherwise a repository with the file `.config/git/ignore` would be the home that git looks in.
  "-c",
  "core.excludesFile=/dev/null",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "gc.auto=0",
  "-c",
  "maintenance.auto=false",
];

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const found = { path: "", git: "git" };

/** Git as the search path finds it. Otherwise each process would try every directory again before it becomes git, while this process waits for it. */
const findGit = (path: string): string => {
  if (found.path === path && isProgram(found.git)) return found.git;
  const directories = path.split(delimiter);
  const known = directories.findIndex((directory) => isProgram(join(directory, "git")));
  // A relative directory before it depends on where git starts.
  const isFixed = known >= 0 && directories.slice(0, known + 1).every((directory) => isAbsolute(directory));
  found.path = path;
  found.git = isFixed ? join(directories[known] ?? "", "git") : "git";
  return found.git;
};

/** Ignores a group that has just exited. */
const killProcessGroup = (leader: number | undefined): void => {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
};

/** Stops a command at one of its limits, with the reason; `renew` starts the limit of its silence again. */
const watchLimits = ({ after, timeoutMs = GIT_TIMEOUT_MS, silentMs }: GitContext, stop: (reason: string) => void) => {
  const cancelTimeout = after(timeoutMs, () => stop(`stopped, because it took longer than ${timeoutMs / 1_000} s`));
  let cancelSilence = (): void => undefined;
  const renew = (): void => {
    cancelSilence();
    if (silentMs !== undefined)
      cancelSilence = after(silentMs, () => stop(`stopped, because it made no progress for ${silentMs / 1_000} s`));
  };
  renew();
  return {
    renew,
    cancel: (): void => {
      cancelTimeout();
      cancelSilence();
    },
  };
};

/** Runs git until it exits. A killed `git push` leaves its transport running and may still land, so a limit kills the process group. */
export const runGit = (at: GitContext, args: readonly string[], input?: string | Buffer): Promise<GitOutput> =>
  new Promise((resolve, reject) => {
    at.stop?.throwIfAborted();
    const env = { ...createSealedEnv(at.directory), ...at.env };
    const child = spawn(findGit(env["PATH"] ?? ""), [...GIT_CONFIG_FLAGS, ...args], {
      cwd: at.directory,
      env,
      detached: true,
      stdio: "pipe",
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let [limit, size] = ["", 0];
    const kill = (): void => killProcessGroup(child.pid);
    const limits = watchLimits(at, (reason) => {
      limit = reason;
      kill();
    });
    at.stop?.addEventListener("abort", kill, { once: true });
    const cancel = (): void => {
      limits.cancel();
      at.stop?.removeEventListener("abort", kill);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      limits.renew();
      out.push(chunk);
      size += chunk.length;
      if (size > (at.maxOutputBytes ?? Infinity)) child.stdout.destroy();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      limits.renew();
      err.push(chunk);
    });
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      cancel();
      reject(error);
    });
    child.on("close", (code) => {
      cancel();
      const stderr = [Buffer.concat(err).toString("utf8"), limit].filter((text) => text !== "").join("\n");
      resolve({ code, stdout: Buffer.concat(out), stderr, timedOut: limit !== "" });
    });
    child.stdin.end(input);
  });

/** A git command failed unexpectedly: a bug, or a fault of the machine. */
export class GitError extends Error {}

/** Returns standard output; throws {@link GitError} with git's message if the command fails. */
export const runGitOrThrow = async (at: GitContext, args: readonly string[], input?: string | Buffer): Promise<string> => {
  const ran = await runGit(at, args, input);
  if (ran.code !== 0) throw new GitError(`git ${args[0] ?? ""} ended with ${ran.code ?? "a signal"}: ${ran.stderr.trim().slice(0, 2_000)}`);
  return ran.stdout.toString("utf8");
};

/** Passes a token as configuration in the environment, which keeps the token out of process lists. */
export const createTokenEnv = (token: string | undefined): Record<string, string> =>
  token === undefined
    ? {}
    : {
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "http.extraHeader",
        GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
      };
