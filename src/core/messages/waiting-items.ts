import type { Execution } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import { findFailureAction, toTerminalLine } from "./failure-action.ts";
import { summarizeChecks } from "./tampering-text.ts";
import { DECISION_GONE_CODE, isAwaitingAnswer, isHeldByPerson, type Step } from "../domain/step.ts";

/** Something that waits for a person, and how the terminal answers. */
export type WaitingItem = {
  readonly kind: "plan" | "review" | "report" | "question" | "hold" | "failure";
  readonly step: string | null;
  readonly text: string;
  /** The command line that answers; empty if a person acts elsewhere. */
  readonly command: string;
  /** The comment that does the same; null where a review does, or a person adds words. */
  readonly comment: string | null;
  readonly pull: number | null;
};

const toStepItem = (execution: Execution, step: Step): WaitingItem | null => {
  const task = toTaskId(execution.id, step.id);
  const item = { step: step.id, pull: step.pull, comment: null };
  if (step.state !== "waiting") return null;
  const { code, message, next } = step.refusal;
  if (isAwaitingAnswer(step)) return { ...item, kind: "question", text: message, command: next.replace(/^\/enki/, "enki") };
  const comment = code !== DECISION_GONE_CODE && next.startsWith("/enki approve ") ? next : null;
  if (isHeldByPerson(step) && comment === null) return { ...item, kind: "hold", text: message, command: "" };
  if (comment !== null) return { ...item, kind: "report", text: message, command: `enki approve ${task}`, comment };
  const checks = summarizeChecks(step).replaceAll("`", "");
  if (step.pull !== null) return { ...item, kind: "review", text: `${message} ${checks}`.trim(), command: `enki approve ${task}` };
  const own = `/enki approve ${task}@${(step.result ?? "").slice(0, 12)}`;
  return { ...item, kind: "report", text: message, command: `enki approve ${task}`, comment: own };
};

/** A failure with the same next command in the comment and the terminal. */
const toFailureItem = (execution: Execution, failed: readonly Step[], of: Pick<WaitingItem, "step" | "text" | "pull">): WaitingItem => {
  const { advice, command } = findFailureAction(execution, failed);
  return {
    ...of,
    kind: "failure",
    text: advice === "" ? of.text : `${of.text} Next: ${advice}`,
    command: toTerminalLine(command, execution.issue),
    comment: command === "" || command.includes("<") ? null : command,
  };
};

/** Everything in an execution that waits for a person, in the order of its steps. */
export const listWaiting = (execution: Execution): WaitingItem[] => {
  const { state, plan, id, steps, refusal, amendment } = execution;
  const waits = { step: null, pull: null };
  const planItem = (hash: string, text = "The plan waits for an approval."): WaitingItem => {
    const comment = `/enki approve ${hash.slice(0, 12)}`;
    return { ...waits, kind: "plan", text, command: `enki approve ${id}`, comment };
  };
  if (state === "proposed" && plan !== null) return [planItem(plan)];
  if (state === "asking" && refusal)
    return [{ ...waits, kind: "question", text: refusal.message, command: refusal.next.replace(/^\/enki/, "enki"), comment: null }];
  const added =
    amendment?.state === "proposed" && amendment.plan !== null ? [planItem(amendment.plan, "More steps wait for an approval.")] : [];
  if (state === "failed" && refusal && Object.values(steps).every((step) => step.state !== "failed"))
    return [toFailureItem(execution, [], { ...waits, text: refusal.message })];
  const failed = Object.values(steps).filter((step) => step.state === "failed");
  const own = Object.values(steps).flatMap((step) =>
    step.state === "failed"
      ? toFailureItem(execution, failed, { step: step.id, text: step.refusal.message, pull: step.pull })
      : (toStepItem(execution, step) ?? []),
  );
  return [...added, ...own];
};
