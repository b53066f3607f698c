import type { Execution } from "../model/execution.ts";
import { readTaskId, type StepId } from "../model/ids.ts";
import type { Ledger } from "../model/ledger.ts";
import type { PlannedStep } from "../model/plan.ts";
import { withoutMarkers } from "../workflow/output-block.ts";

/** A text of an earlier step, whole: its file's name without an ending, and what stands in it. */
export type InputText = { readonly name: string; readonly text: string };

/** What an agent or a report of a step says, whole; null where it said nothing. */
const textOf = ({ artifacts, answers }: Ledger, { id }: Execution, step: StepId): string | null => {
  const name = `${id}/${step}` as const;
  const text = artifacts[name] ?? withoutMarkers(answers[name] ?? "");
  return text === "" ? null : text;
};

/** What these steps said, those that said nothing left out. */
export const inputsOf = (ledger: Ledger, execution: Execution, steps: readonly StepId[]): InputText[] =>
  steps.flatMap((name) => {
    const text = textOf(ledger, execution, name);
    return text === null ? [] : [{ name, text }];
  });

type Of = { readonly execution: Execution; readonly planned: PlannedStep };

/** A step that another needs: of its own execution, or a task of another one. */
type Needed = { readonly name: string; readonly execution: Execution; readonly step: StepId };

const neededOf = (ledger: Ledger, { execution, planned }: Of): Needed[] =>
  planned.needs.flatMap((need) => {
    if ("step" in need) return [{ name: need.step, execution, step: need.step }];
    const id = readTaskId(need.task);
    const other = ledger.executions[id?.execution ?? ""];
    return id && other ? [{ name: need.task, execution: other, step: id.step }] : [];
  });

/** What the other steps of an execution said, and the tasks of others that a step needs. Of two with one name the execution's own counts. */
export const earlierTexts = (ledger: Ledger, of: Of): InputText[] => {
  const tasks = neededOf(ledger, of).flatMap(({ name, execution, step }) => {
    const text = textOf(ledger, execution, step);
    return text === null ? [] : [{ name, text }];
  });
  const others = Object.keys(of.execution.steps).filter((id) => id !== of.planned.id);
  return [...new Map([...tasks, ...inputsOf(ledger, of.execution, others)].map((each) => [each.name, each])).values()];
};

/** What the needs of a step handed on, also those of other executions; with the name of the text that has all of it. */
export const upstreamOf = (ledger: Ledger, of: Of) =>
  neededOf(ledger, of).flatMap(({ name, execution, step }) => {
    const output = execution.steps[step]?.output ?? "";
    if (output === "") return [];
    const title = ledger.plans[execution.plan ?? ""]?.steps.find(({ id }) => id === step)?.title ?? step;
    return [{ name: textOf(ledger, execution, step) === null ? null : name, title, output }];
  });
