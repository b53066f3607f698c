import { spawn } from "node:child_process";

/** Calls back once, `delay` milliseconds from now; gives what takes it back. */
export type TimerStarter = (delay: number, call: () => void) => () => void;

export type GitOutput = { readonly code: number | null; readonly stdout: Buffer; readonly stderr: string; readonly timedOut: boolean };

export type GitContext = {
  readonly directory: string;
  /** Added to the sealed environment; the token goes here, never into the arguments. */
  readonly env?: Readonly<Record<string, string>>;
  readonly after: TimerStarter;
  /** Milliseconds until the whole process group is killed. */
  readonly timeoutMs?: number;
  /** Bytes of output after which no more is read, and git is left to end. */
  readonly maxOutputBytes?: number;
};

const GIT_TIMEOUT_MS = 60_000;

/**
 * The environment of every git process: nothing of the host's configuration, attributes, hooks or prompts.
 * Attributes and configuration of a user would change merges, so that the same commits would give other candidates.
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

/** A group that has ended in this moment is as good as killed. */
const killProcessGroup = (leader: number | undefined): void => {
  try {
    if (leader !== undefined) process.kill(-leader, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
};

/** Runs git to its end. A killed `git push` leaves its transport alive and lands later, so the time limit kills the group. */
export const runGit = (at: GitContext, args: readonly string[], input?: string | Buffer): Promise<GitOutput> =>
  new Promise((resolve, reject) => {
    const child = spawn("git", [...GIT_CONFIG_FLAGS, ...args], {
      cwd: at.directory,
      env: { ...createSealedEnv(at.directory), ...at.env },
      detached: true,
      stdio: "pipe",
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let [timedOut, size] = [false, 0];
    const cancel = at.after(at.timeoutMs ?? GIT_TIMEOUT_MS, () => {
      timedOut = true;
      killProcessGroup(child.pid);
    });
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

/** A git command that failed where it may not: a fault of ours or of the machine. */
export class GitError extends Error {}

/** What git printed; throws {@link GitError} with its words when it failed. */
export const runGitOrThrow = async (at: GitContext, args: readonly string[], input?: string | Buffer): Promise<string> => {
  const ran = await runGit(at, args, input);
  if (ran.code !== 0) throw new GitError(`git ${args[0] ?? ""} ended with ${ran.code ?? "a signal"}: ${ran.stderr.trim().slice(0, 2_000)}`);
  return ran.stdout.toString("utf8");
};

/** A token as configuration by environment, so that it is in no process list. */
export const createTokenEnv = (token: string | undefined): Record<string, string> =>
  token === undefined
    ? {}
    : {
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "http.extraHeader",
        GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
      };
