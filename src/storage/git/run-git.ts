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
  readonly timeoutMs?: number;
  /** Kills a running command and starts no other. */
  readonly stop?: AbortSignal | undefined;
  /** The objects of the directory, where it is a bare repository. */
  readonly objects?: ObjectFiles;
  /** Output limit in bytes: the rest is not read. */
  readonly maxOutputBytes?: number;
};

const GIT_TIMEOUT_MS = 60_000;

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
  // A clone may have refs/replace/ or grafts, which show other content under the id of a commit.
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_GRAFT_FILE: "/dev/null/none",
});

const GIT_CONFIG_FLAGS = [
  "-c",
  "core.attributesFile=/dev/null",
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

/** Runs git until it exits. A killed `git push` leaves its transport running and may still land, so the timeout kills the process group. */
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
    let [timedOut, size] = [false, 0];
    const kill = (): void => killProcessGroup(child.pid);
    const cancelTimer = at.after(at.timeoutMs ?? GIT_TIMEOUT_MS, () => {
      timedOut = true;
      kill();
    });
    at.stop?.addEventListener("abort", kill, { once: true });
    const cancel = (): void => {
      cancelTimer();
      at.stop?.removeEventListener("abort", kill);
    };
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk);
      size += chunk.length;
      if (size > (at.maxOutputBytes ?? Infinity)) child.stdout.destroy();
    });
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      cancel();
      reject(error);
    });
    child.on("close", (code) => {
      cancel();
      resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString("utf8"), timedOut });
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
