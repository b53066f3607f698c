import type { ExecutionId, StepId } from "../domain/ids.ts";
import { toTaskId } from "../domain/ids.ts";
import { LEDGER_REF } from "../domain/refs.ts";
import { toInlineCode } from "./escape.ts";

type LostStep = { readonly execution: ExecutionId; readonly step: StepId; readonly issue: number };

/** The worker's words and the task are quoted, so no line of theirs begins like one of these. */
const findFooter = (text: string, { execution, step }: LostStep): number =>
  text.lastIndexOf(`\n\n<sub>Task ${toInlineCode(toTaskId(execution, step))} of execution `);
const findTask = (text: string, { step, issue }: LostStep): number =>
  text.indexOf(`\n\nStep ${toInlineCode(step)} of the plan for #${issue}, `);

/** Whether the text of a pull request names the step. */
export const isTextOfStep = (text: string, lost: LostStep): boolean => findTask(text, lost) >= 0 && findFooter(text, lost) >= 0;

/** The text of a step's pull request after the ledger was lost: the state is another, and nothing promises a landing. */
export const renderLostPull = (text: string, lost: LostStep): string => {
  const [from, to] = [findTask(text, lost), findFooter(text, lost)];
  const state = `🚫 **Lost: it does not land by itself.** Someone deleted ${toInlineCode(LEDGER_REF)}, which held the plan. The branch and this pull request are kept: merge or close it, or comment ${toInlineCode("/enki fix <what is left to do>")} on #${lost.issue}.`;
  const task = text.slice(from, to).replace(/\n\n\*\*(?:Verification|How it lands)\*\*\n\n[^]*$/, "");
  return `${state}${task}${text.slice(to).replace(/ · push to this branch [^\n]*(?=<\/sub>)/, "")}`;
};
