import { endGroup, launch } from "../agent/process.ts";
import type { After } from "../git/run.ts";

export type ShellRun = {
  readonly command: string;
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  readonly after: After;
  readonly line: (text: string) => void;
};

export type ShellEnd = { readonly how: "passed" | "failed" | "timed-out"; readonly why: string };

/** Runs a command by `bash`, as a step of an Actions job would be; its process group is gone afterwards. */
export const runShell = async ({ command, cwd, env, timeout, after, line }: ShellRun): Promise<ShellEnd> => {
  const { child, ended } = launch({
    command: "bash",
    args: ["--noprofile", "--norc", "-eo", "pipefail", "-c", `exec 2>&1\n${command}`],
    env,
    cwd,
    after,
  });
  child.stdin.end();
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const each of lines) line(each);
  });
  let late: (() => void) | null = null;
  const over = new Promise<string>((resolve) => {
    late = after(timeout, () => resolve(`was not done after ${Math.round(timeout / 1_000)} s`));
  });
  const first = await Promise.race([ended.then((why) => ({ why, inTime: true })), over.then((why) => ({ why, inTime: false }))]);
  (late as (() => void) | null)?.();
  await endGroup(child, ended, after);
  if (rest !== "") line(rest);
  if (!first.inTime) return { how: "timed-out", why: first.why };
  return { how: first.why === "exited with 0" ? "passed" : "failed", why: first.why };
};
