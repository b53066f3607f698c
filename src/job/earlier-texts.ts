import type { Execution } from "../core/domain/execution.ts";
import { readTaskId, type StepId } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { PlannedStep } from "../core/domain/plan.ts";
import { removeOutputMarkers } from "../core/workflow/output-block.ts";

/** The full text of an earlier step, and its file name without an extension. */
export type InputText = { readonly name: string; readonly text: string };

/** A step's report or else its answer, in full; null if it has neither. */
const findStepText = ({ artifacts, answers }: Ledger, { id }: Execution, step: StepId): string | null => {
  const name = `${id}/${step}` as const;
  const text = artifacts[name] ?? removeOutputMarkers(answers[name] ?? "");
  return text === "" ? null : text;
};

/** The texts of these steps; steps without a text are omitted. */
export const listStepTexts = (ledger: Ledger, execution: Execution, steps: readonly StepId[]): InputText[] =>
  steps.flatMap((name) => {
    const text = findStepText(ledger, execution, name);
    return text === null ? [] : [{ name, text }];
  });

type StepInExecution = { readonly execution: Execution; readonly planned: PlannedStep };

/** A needed step, in the same execution or as a task of another one. */
type NeededStep = { readonly name: string; readonly execution: Execution; readonly step: StepId };

const resolveNeededSteps = (ledger: Ledger, { execution, planned }: StepInExecution): NeededStep[] =>
  planned.needs.flatMap((need) => {
    if ("step" in need) return [{ name: need.step, execution, step: need.step }];
    const id = readTaskId(need.task);
    const other = ledger.executions[id?.execution ?? ""];
    return id && other ? [{ name: need.task, execution: other, step: id.step }] : [];
  });

/** The texts of an execution's other steps and of the tasks that this step needs. If two have the same name, the execution's own wins. */
export const listEarlierTexts = (ledger: Ledger, of: StepInExecution): InputText[] => {
  const tasks = resolveNeededSteps(ledger, of).flatMap(({ name, execution, step }) => {
    const text = findStepText(ledger, execution, step);
    return text === null ? [] : [{ name, text }];
  });
  const others = Object.keys(of.execution.steps).filter((id) => id !== of.planned.id);
  return [...new Map([...tasks, ...listStepTexts(ledger, of.execution, others)].map((each) => [each.name, each])).values()];
};

/** The outputs of a step's needs, with the name of the file with the full text; the name is null without a file. */
export const listUpstreamOutputs = (ledger: Ledger, of: StepInExecution) =>
  resolveNeededSteps(ledger, of).flatMap(({ name, execution, step }) => {
    const output = execution.steps[step]?.output ?? "";
    if (output === "") return [];
    const title = ledger.plans[execution.plan ?? ""]?.steps.find(({ id }) => id === step)?.title ?? step;
    return [{ name: findStepText(ledger, execution, step) === null ? null : name, title, output }];
  });
