import { type ChildProcess, spawn } from "node:child_process";
import { Writable } from "node:stream";
import type { ProcessEntry } from "./process-cell.ts";

/** Starts a process as the leader of its own group. With `isWaiting` its file descriptor 4 is a pipe that stays open. */
export const spawnEntry = ({ command, args, directory, env, input }: ProcessEntry, isWaiting = false): ChildProcess => {
  const child = spawn(command, args, {
    cwd: directory,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", input === null ? "ignore" : "pipe", ...(isWaiting ? ["pipe" as const] : [])],
  });
  const pipe = child.stdio[3];
  if (input !== null && pipe instanceof Writable) pipe.on("error", () => undefined).end(input);
  return child;
};

/** Signals a process group; false if it has ended. */
export const signalProcessGroup = (group: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
};
