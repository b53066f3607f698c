import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { killMarkedProcesses } from "../../isolation/kill-marked-processes.ts";
import type { Readable } from "node:stream";
import type { OpenedCell } from "./job-places.ts";
import { createLineSplitter } from "./line-splitter.ts";
import type { JobLog } from "./job-log.ts";
import type { SecretMasks } from "./secret-masks.ts";
import { createOutputWriter } from "./output-writer.ts";
import { signalProcessGroup, spawnEntry } from "./spawn-entry.ts";
import { StepFault } from "./step-fault.ts";
import { startTimer, type RunnerTimers } from "./runner-timers.ts";

/** Set in every process of a job, as by GitHub's runner, which finds by it the processes that left their group. */
const MARK_VARIABLE = "RUNNER_TRACKING_ID";
// GitHub's runner waits for the same time between its signals.
const INTERRUPT_GRACE_MS = 7500;
const TERMINATE_GRACE_MS = 2500;
// A background process of a step may keep its output open.
const OUTPUT_GRACE_MS = 1000;

type ProcessCommand = {
  readonly command: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Stops the whole process group: SIGINT, later SIGTERM, later SIGKILL. */
  readonly stop: AbortSignal;
  /** Receives each line of standard output, which is then not logged. */
  readonly line?: (text: string) => void;
};

/**
 * The processes of one job. Each command is a process group of its own, so that its children can be stopped with it.
 */
export type JobProcesses = {
  /**
   * Runs a command to its end and logs its output. Returns the exit code, or 128 plus the number of the signal that
   * ended the command. Rejects if it cannot be started.
   */
  run(command: ProcessCommand): Promise<number>;
  /** Whether a command has been run. */
  hasStarted(): boolean;
  /** Performs work without a process. The signal aborts with `stop`, and when the job is killed. */
  watch<T>(stop: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Kills every process immediately. No command can be run afterwards. */
  kill(): Promise<void>;
};

const awaitExit = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });

const awaitClose = (child: ChildProcess): Promise<void> => new Promise((resolve) => child.once("close", () => resolve()));

/** Waits for the remaining output, but not for a background process that keeps the pipes open. */
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

const pipeLines = (stream: Readable | null, write: (line: string) => void, masks: SecretMasks): void => {
  const lines = createLineSplitter(write, masks);
  stream?.on("data", (chunk: Buffer) => lines.write(chunk));
  stream?.once("close", () => lines.end());
};

type StartedProcess = { readonly child: ChildProcess; readonly group: number; readonly stop: AbortSignal };

/** Waits until a process and its output have ended; `stop` ends its group. Forgets the group if none of its processes is left. */
const awaitProcess = async ({ child, group, stop }: StartedProcess, groups: Set<number>, timers: RunnerTimers): Promise<number> => {
  const [exit, close] = [awaitExit(child), awaitClose(child)];
  let cancelTimers = (): void => undefined;
  const end = (): void => void (cancelTimers = escalateSignals(group, timers));
  stop.addEventListener("abort", end, { once: true });
  if (stop.aborted) end();
  const code = await exit;
  cancelTimers();
  stop.removeEventListener("abort", end);
  // Kill the processes that a stopped command left behind.
  if (stop.aborted) signalProcessGroup(group, "SIGKILL");
  await awaitOutput(child, close, timers);
  if (!signalProcessGroup(group, 0)) groups.delete(group);
  return code;
};

type JobProcessOptions = {
  readonly log: JobLog;
  readonly timers: RunnerTimers;
  /** Opens the job's cell, once, for its first command. */
  readonly openCell: () => Promise<OpenedCell>;
  readonly mark: string;
};

/** Runs a job's commands in its cell. Every process receives `mark` as `RUNNER_TRACKING_ID`. */
export const createJobProcesses = ({ log, timers, openCell, mark }: JobProcessOptions): JobProcesses => {
  const groups = new Set<number>();
  const running = new Set<Promise<unknown>>();
  const killing = new AbortController();
  let opened: Promise<OpenedCell> | null = null;

  const track = async <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
    }
  };

  return {
    run: async ({ command, args, directory, env, stop, line }) => {
      const requireAlive = (): void => {
        if (killing.signal.aborted) throw new StepFault("The job has ended.");
      };
      requireAlive();
      const isFirst = opened === null;
      const place = await (opened ??= openCell());
      requireAlive();
      const variables = { ...env, [MARK_VARIABLE]: mark, ...(place.cell.closed && { ENKI_CELL: "closed" }) };
      const entry = { command, args, directory, env: variables };
      // The process that waits for the first command of its cell runs the command, or is gone.
      const waiting = isFirst ? await place.waiting?.give(entry) : null;
      requireAlive();
      const child = waiting ?? spawnEntry(place.cell.enter(entry));
      if (child.pid === undefined) return awaitExit(child);
      groups.add(child.pid);
      const write = createOutputWriter(log);
      pipeLines(child.stdout, line ?? write, log.masks);
      pipeLines(child.stderr, write, log.masks);
      return track(awaitProcess({ child, group: child.pid, stop }, groups, timers));
    },
    hasStarted: () => opened !== null,
    watch: (stop, work) => track(work(AbortSignal.any([stop, killing.signal]))),
    kill: async () => {
      killing.abort();
      for (const group of groups) signalProcessGroup(group, "SIGKILL");
      const cell = (await opened?.catch(() => null))?.cell;
      if (cell) await (cell.closed ? cell.end() : killMarkedProcesses(MARK_VARIABLE, mark));
      await Promise.allSettled(running);
    },
  };
};
