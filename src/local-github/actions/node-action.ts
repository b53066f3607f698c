import type { ActionFile } from "./action-file.ts";
import { type ExpressionScope, evaluateText } from "./evaluate-expression.ts";
import type { ActionCall } from "./job-host.ts";
import { StepFault } from "./step-fault.ts";

/** The inputs of an action: the values in `with`, and the evaluated defaults of all other inputs. */
export const evaluateActionInputs = (
  action: ActionFile,
  values: ReadonlyMap<string, string>,
  scope: ExpressionScope,
): ReadonlyMap<string, string> => {
  const names = new Map([...values].map(([name, value]) => [name.toLowerCase(), value]));
  return new Map(action.inputs.map((input) => [input.name, names.get(input.name.toLowerCase()) ?? evaluateText(input.default, scope)]));
};

const inputVariable = (name: string): string => `INPUT_${name.replaceAll(" ", "_").toUpperCase()}`;

/** Runs one file of a Node action. Throws `StepFault` if its exit code is not 0. */
export const runNodeAction = async (call: ActionCall, file: string): Promise<void> => {
  const { job, env, stop, inputs } = call;
  const { node } = job.installation;
  const variables = Object.fromEntries([...inputs].map(([name, value]) => [inputVariable(name), value]));
  call.createCommandFiles();
  const code = await job.processes.run({
    command: node,
    args: [file],
    directory: job.directories.workspace,
    env: { ...env, ...variables },
    stop,
  });
  if (code !== 0) throw new StepFault(`The action ended with exit code ${code}.`);
};
