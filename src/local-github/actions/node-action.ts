import type { ActionFile } from "./action-file.ts";
import { type ExpressionScope, evaluateText } from "./evaluate-expression.ts";
import type { ActionCall } from "./job-host.ts";
import { StepFault } from "./step-fault.ts";

/** What a step gives an action: its `with`, and for every input that it leaves out the action's default, evaluated in the job. */
export const evaluateActionInputs = (
  action: ActionFile,
  given: ReadonlyMap<string, string>,
  scope: ExpressionScope,
): ReadonlyMap<string, string> => {
  const names = new Map([...given].map(([name, value]) => [name.toLowerCase(), value]));
  return new Map(action.inputs.map((input) => [input.name, names.get(input.name.toLowerCase()) ?? evaluateText(input.default, scope)]));
};

const inputVariable = (name: string): string => `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`;

/** Runs one file of a Node action. Throws `StepFault` where it does not end with 0. */
export const runNodeAction = async (call: ActionCall, file: string): Promise<void> => {
  const { job, env, stop, inputs } = call;
  const { node } = job.installation;
  const named = Object.fromEntries([...inputs].map(([name, value]) => [inputVariable(name), value]));
  const code = await job.processes.run({ command: node, args: [file], directory: job.place.workspace, env: { ...env, ...named }, stop });
  if (code !== 0) throw new StepFault(`The action ended with exit code ${code}.`);
};
