import type { Execution } from "../core/domain/execution.ts";
import { readTaskId, type StepId } from "../core/domain/ids.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { PlannedStep } from "../core/domain/plan.ts";
import { removeOutputMarkers } from "../core/workflow/output-block.ts";

/** A text of an earlier step, whole: its file's name without an ending, and what stands in it. */
export type InputText = { readonly name: string; readonly text: string };

/** What an agent or a report of a step says, whole; null where it said nothing. */
const findStepText = ({ artifacts, answers }: Ledger, { id }: Execution, step: StepId): string | null => {
  const name = `${id}/${step}` as const;
  const text = artifacts[name] ?? removeOutputMarkers(answers[name] ?? "");
  return text === "" ? null : text;
};

/** What these steps said, those that said nothing left out. */
export const listStepTexts = (ledger: Ledger, execution: Execution, steps: readonly StepId[]): InputText[] =>
  steps.flatMap((name) => {
    const text = findStepText(ledger, execution, name);
    return text === null ? [] : [{ name, text }];
  });

type StepInExecution = { readonly execution: Execution; readonly planned: PlannedStep };

/** A step that another needs: of its own execution, or a task of another one. */
type NeededStep = { readonly name: string; readonly execution: Execution; readonly step: StepId };

const resolveNeededSteps = (ledger: Ledger, { execution, planned }: StepInExecution): NeededStep[] =>
  planned.needs.flatMap((need) => {
    if ("step" in need) return [{ name: need.step, execution, step: need.step }];
    const id = readTaskId(need.task);
    const other = ledger.executions[id?.execution ?? ""];
    return id && other ? [{ name: need.task, execution: other, step: id.step }] : [];
  });

/** What the other steps of an execution said, and the tasks of others that a step needs. Of two with one name the execution's own counts. */
export const listEarlierTexts = (ledger: Ledger, of: StepInExecution): InputText[] => {
  const tasks = resolveNeededSteps(ledger, of).flatMap(({ name, execution, step }) => {
    const text = findStepText(ledger, execution, step);
    return text === null ? [] : [{ name, text }];
  });
  const others = Object.keys(of.execution.steps).filter((id) => id !== of.planned.id);
  return [...new Map([...tasks, ...listStepTexts(ledger, of.execution, others)].map((each) => [each.name, each])).values()];
};

/** What the needs of a step handed on, also those of other executions; with the name of the text that has all of it. */
export const listUpstreamOutputs = (ledger: Ledger, of: StepInExecution) =>
  resolveNeededSteps(ledger, of).flatMap(({ name, execution, step }) => {
    const output = execution.steps[step]?.output ?? "";
    if (output === "") return [];
    const title = ledger.plans[execution.plan ?? ""]?.steps.find(({ id }) => id === step)?.title ?? step;
    return [{ name: findStepText(ledger, execution, step) === null ? null : name, title, output }];
  });
