import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { constants } from "node:os";
import { type Readable, Writable } from "node:stream";
import type { ProcessCell, ProcessEntry } from "./process-cell.ts";
import { createLineSplitter } from "./line-splitter.ts";
import type { JobLog } from "./job-log.ts";
import type { SecretMasks } from "./secret-masks.ts";
import { createOutputWriter } from "./output-writer.ts";
import { StepFault } from "./step-fault.ts";
import { startTimer, type RunnerTimers } from "./runner-timers.ts";

// GitHub's runner waits as long between its signals.
const INTERRUPT_GRACE_MS = 7500;
const TERMINATE_GRACE_MS = 2500;
// A process that a step left behind may hold its output open.
const OUTPUT_GRACE_MS = 1000;

type ProcessCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Asks the process to end: SIGINT, later SIGTERM, later SIGKILL, to its whole group. */
  readonly stop: AbortSignal;
  /** Gets each line of standard output instead of the log. */
  readonly line?: (text: string) => void;
};

/** The processes of one job. Each command is a group of its own, so that what it starts can be ended with it. */
export type JobProcesses = {
  /** Runs a command, its output into the log, until it ends; gives its exit code, 128 and the signal's number where a signal ended it. Rejects where it cannot be started. */
  run(command: ProcessCommand): Promise<number>;
  /** Ends everything at once; nothing can be run afterwards. */
  kill(): Promise<void>;
};

const signalProcessGroup = (group: number, signal: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
};

const awaitExit = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });

const awaitClose = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once("close", () => resolve()));

/** Waits for what is still in the pipes, but not for a process in the background that keeps them open. */
const awaitOutput = async (child: ChildProcess, close: Promise<void>, timers: RunnerTimers): Promise<void> => {
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => (cancel = startTimer(timers, OUTPUT_GRACE_MS, resolve)));
  await Promise.race([close, late]);
  cancel();
  child.stdout?.destroy();
  child.stderr?.destroy();
};

const escalateSignals = (group: number, timers: RunnerTimers): (() => void) => {
  signalProcessGroup(group, "SIGINT");
  let cancel = startTimer(timers, INTERRUPT_GRACE_MS, () => {
    signalProcessGroup(group, "SIGTERM");
    cancel = startTimer(timers, TERMINATE_GRACE_MS, () => signalProcessGroup(group, "SIGKILL"));
  });
  return () => cancel();
};

// Processes that left their group still carry the mark in their environment, as with GitHub's own runner.
const killMarkedProcesses = async (mark: string): Promise<void> => {
  const entries = await readdir("/proc").catch(() => []);
  const found = entries.filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid);
  await Promise.all(
    found.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      if (!environment.split("\0").includes(`RUNNER_TRACKING_ID=${mark}`)) return;
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }),
  );
};

const pipeLines = (stream: Readable | null, write: (line: string) => void, masks: SecretMasks): void => {
  const lines = createLineSplitter(write, masks);
  stream?.on("data", (chunk: Buffer) => lines.write(chunk));
  stream?.once("close", () => lines.end());
};

const spawnProcess = ({ command, args, directory, env, input }: ProcessEntry): ChildProcess => {
  const child = spawn(command, args, {
    cwd: directory,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(input === null ? [] : ["pipe" as const])],
  });
  const pipe = child.stdio[3];
  if (input !== null && pipe instanceof Writable) pipe.on("error", () => undefined).end(input);
  return child;
};

/** Runs a job's commands in its cell; `mark` is the value of `RUNNER_TRACKING_ID` that they all get. */
export const createJobProcesses = (of: { log: JobLog; timers: RunnerTimers; cell: ProcessCell; mark: string }): JobProcesses => {
  const { log, timers, cell, mark } = of;
  const groups = new Set<number>();
  const running = new Set<Promise<number>>();
  let killed = false;

  const wait = async (child: ChildProcess, group: number, stop: AbortSignal): Promise<number> => {
    const [exit, close] = [awaitExit(child), awaitClose(child)];
    let relax = (): void => undefined;
    const end = (): void => void (relax = escalateSignals(group, timers));
    stop.addEventListener("abort", end, { once: true });
    if (stop.aborted) end();
    const code = await exit;
    relax();
    stop.removeEventListener("abort", end);
    // What was asked to end leaves nothing behind.
    if (stop.aborted) signalProcessGroup(group, "SIGKILL");
    await awaitOutput(child, close, timers);
    if (!signalProcessGroup(group, 0)) groups.delete(group);
    return code;
  };

  return {
    run: async ({ command, args, directory, env, stop, line }) => {
      if (killed) throw new StepFault("the job is over");
      const entry = cell.enter({ command, args, directory, env: { ...env, RUNNER_TRACKING_ID: mark } });
      const child = spawnProcess(entry);
      if (child.pid === undefined) return awaitExit(child);
      groups.add(child.pid);
      const write = createOutputWriter(log);
      pipeLines(child.stdout, line ?? write, log.masks);
      pipeLines(child.stderr, write, log.masks);
      const code = wait(child, child.pid, stop);
      running.add(code);
      try {
        return await code;
      } finally {
        running.delete(code);
      }
    },
    kill: async () => {
      killed = true;
      for (const group of groups) signalProcessGroup(group, "SIGKILL");
      await (cell.closed ? cell.end() : killMarkedProcesses(mark));
      await Promise.allSettled(running);
    },
  };
};
