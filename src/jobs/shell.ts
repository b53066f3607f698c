import { endGroup, launch } from "../agent/process.ts";
import type { After } from "../git/run.ts";
import { openLines } from "./lines.ts";

/** A limit that commands have together. */
export type Deadline = { readonly passed: Promise<string>; readonly cancel: () => void };

/** In how many milliseconds from now. */
export const setDeadline = (after: After, timeout: number): Deadline => {
  let cancel = (): void => undefined;
  const passed = new Promise<string>((resolve) => {
    cancel = after(timeout, () => resolve(`was not done after ${Math.round(timeout / 1_000)} s`));
  });
  return { passed, cancel: () => cancel() };
};

export type ShellRun = {
  readonly command: string;
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly deadline: Deadline;
  readonly after: After;
  readonly line: (text: string) => void;
};

export type ShellEnd = { readonly how: "passed" | "failed" | "timed-out"; readonly why: string };

/** Runs a command by `bash`, as a step of an Actions job would be; its process group is gone afterwards. */
export const runShell = async ({ command, cwd, env, deadline, after, line }: ShellRun): Promise<ShellEnd> => {
  const { child, ended } = launch({
    command: "bash",
    args: ["--noprofile", "--norc", "-eo", "pipefail", "-c", `exec 2>&1\n${command}`],
    env,
    cwd,
    after,
  });
  child.stdin.end();
  const lines = openLines(line);
  child.stdout.setEncoding("utf8").on("data", (text: string) => lines.hear(text));
  const first = await Promise.race([ended.then((why) => ({ why, inTime: true })), deadline.passed.then((why) => ({ why, inTime: false }))]);
  await endGroup(child, ended, after);
  lines.end();
  if (!first.inTime) return { how: "timed-out", why: first.why };
  return { how: first.why === "exited with 0" ? "passed" : "failed", why: first.why };
};
