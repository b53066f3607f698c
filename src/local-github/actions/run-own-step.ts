import { appendFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isInsideDirectory } from "../../isolation/mount-plan.ts";
import type { WorkflowJob } from "./actions-workflow.ts";
import type { ActionCall, RunnerInstallation } from "./job-host.ts";
import type { OwnSteps } from "./own-steps.ts";
import { StepFault } from "./step-fault.ts";
import { tokenSource } from "./template-tokens.ts";

/** Inputs with a path. */
const PATH_INPUTS = ["bundle", "directory"];

/**
 * Enki's steps, if the runner's own process may run the call: no process of the job has run, so nobody replaced a file or directory of the
 * job, and no input names a path outside of the job. Null otherwise.
 */
export const findOwnSteps = ({ job, inputs }: ActionCall): OwnSteps | null => {
  const { ownSteps } = job.installation;
  const { root, workspace } = job.directories;
  if (!ownSteps?.commands.includes(inputs.get("command") ?? "") || job.processes.hasStarted()) return null;
  const isInside = (name: string): boolean => isInsideDirectory(resolve(workspace, inputs.get(name) ?? ""), root);
  return PATH_INPUTS.every((name) => isInside(name)) ? ownSteps : null;
};

/** Whether an agent works in the call's process. */
export const isAgentStep = ({ inputs }: ActionCall): boolean => inputs.get("command") === "agent";

/** Whether a step of the job's file runs a small program. */
export const usesStepProgram = (stepPrograms: RunnerInstallation["stepPrograms"], { steps }: WorkflowJob): boolean =>
  steps.some(({ action }) => {
    const command = action.kind === "uses" ? action.with.get("command") : undefined;
    return command !== undefined && Object.hasOwn(stepPrograms, tokenSource(command));
  });

/** The small program for the call's command; undefined without a program. */
export const findStepProgram = ({ job, inputs }: ActionCall): string | undefined => {
  const { stepPrograms } = job.installation;
  const command = inputs.get("command") ?? "";
  return Object.hasOwn(stepPrograms, command) ? stepPrograms[command] : undefined;
};

/** Runs a step of Enki without a process or a cell. Throws {@link StepFault} if it fails. */
export const runOwnStep = async (ownSteps: OwnSteps, call: ActionCall): Promise<Readonly<Record<string, string>>> => {
  const { job, env, inputs, stop } = call;
  const outputs: Record<string, string> = {};
  const summary: string[] = [];
  const failed = await job.processes.watch(stop, (signal): Promise<string | null> =>
    ownSteps.run({
      command: inputs.get("command") ?? "",
      env,
      readInput: (name) => (inputs.get(name) ?? "").trim(),
      setOutput: (name, value) => void (outputs[name] = value),
      writeSummary: (markdown) => Promise.resolve(void summary.push(markdown)),
      log: (text) => {
        for (const line of text.split("\n")) job.log.write(line);
      },
      stop: signal,
    }),
  );
  if (summary.length > 0) {
    call.createCommandFiles();
    await appendFile(env["GITHUB_STEP_SUMMARY"] ?? "", summary.join(""));
  }
  if (failed !== null) throw new StepFault(failed);
  return outputs;
};
