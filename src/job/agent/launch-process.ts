import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { findProgram } from "../../isolation/system-programs.ts";
import type { TimerStarter } from "../../storage/git/run-git.ts";
import { type ForeignCommand, type JobSandbox, killProcessGroup } from "../sandbox/job-sandbox.ts";

/** A command with its complete environment: nothing is inherited, so nothing leaks. */
export type LaunchOptions = ForeignCommand & {
  readonly sandbox: Pick<JobSandbox, "enter" | "kill" | "sweep">;
  readonly after: TimerStarter;
};

const MAX_STDERR_CHARS = 20_000;
const TERMINATION_GRACE_MS = 2_000;
/** Milliseconds to wait for output after the group's leader exits: an escaped descendant can hold the pipe open forever. */
const OUTPUT_FLUSH_MS = 500;

/** The signal that ended a command, also if a shell reports it as an exit code. */
const findSignal = (code: number | null, signal: NodeJS.Signals | null): string | null =>
  signal ?? Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0] ?? null;

/** The error if the command's program does not exist, else null. Wrapper programs would report it less clearly. */
const explainMissingCommand = async ({ command, env }: ForeignCommand): Promise<string | null> => {
  const path = command.includes("/") ? (existsSync(command) ? command : null) : await findProgram(command, env["PATH"] ?? "");
  return path === null ? `could not be started: spawn ${command} ENOENT` : null;
};

/** Exit codes of shells and `env` for commands without a program. */
const NOT_EXECUTED_CODES: readonly (number | null)[] = [126, 127];

/**
 * Starts a foreign command in the sandbox, in its own group, and keeps the end of its stderr. When the command exits, all processes
 * left behind are killed, detached ones included.
 */
export const launchProcess = ({ sandbox, after, ...command }: LaunchOptions) => {
  const start = sandbox.enter(command);
  const child = spawn(start.command, [...start.args], { cwd: start.cwd, env: start.env, detached: true, stdio: "pipe", ...start.user });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString("utf8")).slice(-MAX_STDERR_CHARS);
  });
  child.stdin.on("error", () => undefined);
  if (start.preamble) child.stdin.write(start.preamble);
  // The group of the command does not end with this process, for example after a bug.
  const killAtExit = (): void => sandbox.kill(child);
  process.once("exit", killAtExit);
  const swept = async (): Promise<void> => {
    killProcessGroup(child);
    await sandbox.sweep();
  };
  const ended = new Promise<string>((resolve) => {
    child.on("error", (error) => {
      process.off("exit", killAtExit);
      resolve(`could not be started: ${error.message}`);
    });
    child.on("exit", (code, signal) => {
      process.off("exit", killAtExit);
      const ending = findSignal(code, signal);
      const how = ending ? `was ended by ${ending}` : `exited with ${code ?? 0}`;
      const closed = new Promise<void>((close) => {
        const cancel = after(OUTPUT_FLUSH_MS, close);
        child.on("close", () => {
          cancel();
          close();
        });
      });
      void Promise.all([swept(), closed])
        .then(() => (NOT_EXECUTED_CODES.includes(code) ? explainMissingCommand(command) : null))
        .then((why) => resolve(why ?? how));
    });
  });
  return { child, ended, stderr: (): string => stderr, terminate: () => terminate(child, { ended, sandbox, after }) };
};

type Ending = Pick<LaunchOptions, "sandbox" | "after"> & { readonly ended: Promise<unknown> };

/** Terminates a command: SIGTERM to its group, and after two seconds SIGKILL. Resolves when no process is left. */
const terminate = async (child: ReturnType<typeof spawn>, { ended, sandbox, after }: Ending): Promise<void> => {
  child.stdin?.end();
  killProcessGroup(child, "SIGTERM");
  const cancel = after(TERMINATION_GRACE_MS, () => sandbox.kill(child));
  await ended;
  cancel();
};
