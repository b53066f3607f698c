import { randomUUID } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { ActionCall } from "./job-host.ts";
import { StepFault } from "./step-fault.ts";

/** GitHub's templates for the shells that are there; with no `shell` it is bash without `pipefail`, as on GitHub. */
const SHELL_TEMPLATES: Readonly<Record<string, { readonly line: string; readonly ending: string }>> = {
  "": { line: "bash -e {0}", ending: ".sh" },
  bash: { line: "bash --noprofile --norc -eo pipefail {0}", ending: ".sh" },
  sh: { line: "sh -e {0}", ending: ".sh" },
  python: { line: "python3 {0}", ending: ".py" },
};

const findShell = (shell: string): { readonly line: string; readonly ending: string } => {
  const known = Object.hasOwn(SHELL_TEMPLATES, shell) ? SHELL_TEMPLATES[shell] : undefined;
  if (known) return known;
  if (!shell.includes("{0}"))
    throw new StepFault(`Invalid shell option '${shell}': a shell of this runner or a command line with '{0}' is needed`);
  return { line: shell, ending: "" };
};

/** Runs a `run` step's script, which is plain text by now. Throws `StepFault` where it does not end with 0. */
export const runScript = async (call: ActionCall, of: { script: string; shell: string; directory: string }): Promise<void> => {
  const { job, env, stop } = call;
  const { line, ending } = findShell(of.shell);
  const directory = resolve(job.place.workspace, of.directory);
  const there = await stat(directory).catch(() => null);
  if (!there?.isDirectory()) throw new StepFault(`The working directory '${of.directory}' does not exist`);
  const file = join(job.place.temp, `${randomUUID()}${ending}`);
  await writeFile(file, of.script.endsWith("\n") ? of.script : `${of.script}\n`, { mode: 0o700 });
  const [command = "", ...args] = line.split(/\s+/).map((word) => word.replaceAll("{0}", file));
  const code = await job.processes.run({ command, args, directory, env, stop }).catch((cause: unknown) => {
    throw new StepFault(`${basename(command)} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  if (code !== 0) throw new StepFault(`Process completed with exit code ${code}.`);
};
