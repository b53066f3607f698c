import { type ChildProcess, spawn } from "node:child_process";
import type { TimerStarter } from "../../storage/git/run-git.ts";

export type LaunchOptions = {
  readonly command: string;
  readonly args: readonly string[];
  /** The complete environment; nothing is inherited, so nothing leaks. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly after: TimerStarter;
};

const MAX_STDERR_CHARS = 20_000;
const TERMINATION_GRACE_MS = 2_000;
/** How long to wait for output after the group's leader exits: an escaped descendant can hold the pipe open forever. */
const OUTPUT_FLUSH_MS = 500;

/** Starts a process in its own group and keeps the end of its stderr. When the leader exits, the rest of the group is killed. */
export const launchProcess = ({ command, args, env, cwd, after }: LaunchOptions) => {
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: "pipe" });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-MAX_STDERR_CHARS);
  });
  child.stdin.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`could not be started: ${error.message}`));
    child.on("exit", (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `exited with ${code ?? 0}`;
      signalAgentGroup(child, "SIGKILL");
      const cancel = after(OUTPUT_FLUSH_MS, () => resolve(how));
      child.on("close", () => {
        cancel();
        resolve(how);
      });
    });
  });
  return { child, ended, stderr: (): string => stderr };
};

const signalAgentGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group has already exited.
  }
};

/** Terminates a process group: SIGTERM, then SIGKILL after two seconds. Resolves when the leader has exited. */
export const terminateProcessGroup = async (child: ChildProcess, ended: Promise<unknown>, after: TimerStarter): Promise<void> => {
  child.stdin?.end();
  signalAgentGroup(child, "SIGTERM");
  const cancel = after(TERMINATION_GRACE_MS, () => signalAgentGroup(child, "SIGKILL"));
  await ended;
  cancel();
};
