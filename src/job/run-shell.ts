import { formatDuration } from "../core/messages/duration-text.ts";
import { launchProcess, type LaunchOptions } from "./agent/launch-process.ts";
import type { TimerStarter } from "../storage/git/run-git.ts";
import { openLineBuffer } from "./line-buffer.ts";

/** A time limit shared by several commands. */
export type ShellDeadline = { readonly expired: Promise<string>; readonly cancel: () => void };

/** Starts a time limit of `timeout` milliseconds. */
export const startDeadline = (after: TimerStarter, timeout: number): ShellDeadline => {
  let cancel = (): void => undefined;
  const passed = new Promise<string>((resolve) => {
    cancel = after(timeout, () => resolve(`did not finish within ${formatDuration(timeout)}`));
  });
  return { expired: passed, cancel: () => cancel() };
};

/** A time limit that a signal also ends. */
export const startStoppableDeadline = (after: TimerStarter, timeout: number, stop: AbortSignal): ShellDeadline => {
  const own = startDeadline(after, timeout);
  const stopped = new Promise<string>((resolve) => {
    if (stop.aborted) resolve(STOPPED);
    stop.addEventListener("abort", () => resolve(STOPPED), { once: true });
  });
  return { expired: Promise.race([own.expired, stopped]), cancel: own.cancel };
};

const STOPPED = "was stopped";

export type ShellCommand = Omit<LaunchOptions, "args"> & {
  /** Ends the command. */
  readonly deadline: ShellDeadline;
  /** Receives the lines of the output as they come, several at a time. */
  readonly onLines: (lines: readonly string[]) => void;
};

export type ShellResult = { readonly end: "passed" | "failed" | "timed-out"; readonly reason: string };

/** Runs a command with `bash` as Actions does, and ends everything that it left. */
export const runShell = async ({ command, cwd, env, relay, sandbox, deadline, after, onLines }: ShellCommand): Promise<ShellResult> => {
  const { child, ended, terminate } = launchProcess({
    command: "bash",
    args: ["--noprofile", "--norc", "-eo", "pipefail", "-c", `exec 2>&1\n${command}`],
    env,
    cwd,
    relay,
    sandbox,
    after,
  });
  child.stdin.end();
  const lines = openLineBuffer(onLines);
  child.stdout.setEncoding("utf8").on("data", (text: string) => lines.write(text));
  const first = await Promise.race([
    ended.then((why) => ({ why, inTime: true })),
    deadline.expired.then((why) => ({ why, inTime: false })),
  ]);
  await terminate();
  lines.end();
  if (!first.inTime) return { end: "timed-out", reason: first.why };
  return { end: first.why === "exited with 0" ? "passed" : "failed", reason: first.why };
};
