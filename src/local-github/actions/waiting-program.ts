import type { ChildProcess } from "node:child_process";
import { Writable } from "node:stream";
import type { ProcessCell, ProcessEntry } from "./process-cell.ts";
import { signalProcessGroup, spawnEntry } from "./spawn-entry.ts";

/** The argument with which a program waits for the directory and the variables of its step on file descriptor 4. */
const WAIT_ARGUMENT = "wait";

/** A process of a job's cell that has loaded the program of a step and waits for the step. No foreign code has run in its cell. */
export type WaitingProgram = {
  /** Gives a command to the process; null if the process cannot run the command, and has therefore been killed and is gone. */
  readonly give: (command: StepCommand) => Promise<ChildProcess | null>;
};

type StepCommand = Pick<ProcessEntry, "command" | "args" | "directory" | "env">;
export type ProgramStart = Omit<StepCommand, "args" | "directory"> & { readonly program: string };

/** Variables that Node and its libraries read before a program can set them. */
const READ_AT_START = /^(?:NODE_|SSL_|OPENSSL_|UV_|LD_|LC_|MALLOC_|TZ$|LANG)/;

const listStartVariables = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .flatMap(([name, value]) => (READ_AT_START.test(name) ? [`${name}=${value}`] : []))
    .sort()
    .join("\0");

/** The output closes only with the last process of the group. */
const kill = (child: ChildProcess, group: number): Promise<void> =>
  new Promise((resolve) => {
    child.once("close", () => resolve());
    for (const stream of [child.stdout, child.stderr]) stream?.resume();
    signalProcessGroup(group, "SIGKILL");
  });

/** Starts a program in a cell. The environment of the process holds nothing of a job. */
export const startWaitingProgram = (cell: ProcessCell, start: ProgramStart): WaitingProgram => {
  const { command, program, env } = start;
  const child = spawnEntry(cell.enter({ command, args: [program, WAIT_ARGUMENT], directory: "/", env }), true);
  child.on("error", () => undefined);
  const pipe = child.stdio[4];
  if (pipe instanceof Writable) pipe.on("error", () => undefined);
  const fits = (step: StepCommand): boolean =>
    step.command === command &&
    step.args.length === 1 &&
    step.args[0] === program &&
    listStartVariables(step.env) === listStartVariables(env);
  return {
    give: async (step) => {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return null;
      if (pipe instanceof Writable && fits(step)) {
        pipe.end(JSON.stringify({ directory: step.directory, env: step.env }));
        return child;
      }
      await kill(child, child.pid);
      return null;
    },
  };
};
