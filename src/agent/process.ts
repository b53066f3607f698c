import { type ChildProcess, spawn } from "node:child_process";
import type { After } from "../git/run.ts";

export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is added, so nothing leaks. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly after: After;
};

const STDERR_LIMIT = 20_000;
const GRACE = 2_000;
/** How long output may still come when the leader of the group is gone: what escaped the group can hold a pipe open for ever. */
const FLUSH = 500;

/** A process in a group of its own, with its last words kept. When it exits, what it left behind in its group goes with it. */
export const launch = ({ command, args, env, cwd, after }: Launch) => {
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: "pipe" });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-STDERR_LIMIT);
  });
  child.stdin.on("error", () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(`could not be started: ${error.message}`));
    child.on("exit", (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `exited with ${code ?? 0}`;
      signalGroup(child, "SIGKILL");
      const cancel = after(FLUSH, () => resolve(how));
      child.on("close", () => {
        cancel();
        resolve(how);
      });
    });
  });
  return { child, ended, stderr: (): string => stderr };
};

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group is gone already.
  }
};

/** Ends a process group: asked with SIGTERM, after two seconds killed. Resolves when its leader is gone. */
export const endGroup = async (child: ChildProcess, ended: Promise<unknown>, after: After): Promise<void> => {
  child.stdin?.end();
  signalGroup(child, "SIGTERM");
  const cancel = after(GRACE, () => signalGroup(child, "SIGKILL"));
  await ended;
  cancel();
};
