import { randomUUID } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { ActionCall } from "./job-host.ts";
import { StepFault } from "./step-fault.ts";

/** GitHub's templates of the supported shells. Without `shell`, GitHub runs bash without `pipefail`. */
const SHELL_TEMPLATES: Readonly<Record<string, { readonly line: string; readonly ending: string }>> = {
  "": { line: "bash -e {0}", ending: ".sh" },
  bash: { line: "bash --noprofile --norc -eo pipefail {0}", ending: ".sh" },
  sh: { line: "sh -e {0}", ending: ".sh" },
  python: { line: "python3 {0}", ending: ".py" },
};

const findShell = (shell: string): { readonly line: string; readonly ending: string } => {
  const known = Object.hasOwn(SHELL_TEMPLATES, shell) ? SHELL_TEMPLATES[shell] : undefined;
  if (known) return known;
  if (!shell.includes("{0}")) throw new StepFault(`Invalid shell option '${shell}'. Use bash, sh, python or a command line with '{0}'.`);
  return { line: shell, ending: "" };
};

/**
 * Runs the script of a `run` step, with its expressions already evaluated. Throws `StepFault` if its exit code is not
 * 0.
 */
export const runScript = async (call: ActionCall, step: { script: string; shell: string; directory: string }): Promise<void> => {
  const { job, env, stop } = call;
  const { line, ending } = findShell(step.shell);
  const directory = resolve(job.directories.workspace, step.directory);
  const stats = await stat(directory).catch(() => null);
  if (!stats?.isDirectory()) throw new StepFault(`The working directory '${step.directory}' does not exist`);
  const file = join(job.directories.temp, `${randomUUID()}${ending}`);
  await writeFile(file, step.script.endsWith("\n") ? step.script : `${step.script}\n`, { mode: 0o700 });
  const [command = "", ...args] = line.split(/\s+/).map((word) => word.replaceAll("{0}", file));
  call.createCommandFiles();
  const code = await job.processes.run({ command, args, directory, env, stop }).catch((cause: unknown) => {
    throw new StepFault(`${basename(command)} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  if (code !== 0) throw new StepFault(`Process completed with exit code ${code}.`);
};
