import type { Event } from "../../domain/event.ts";
import { toTaskId } from "../../domain/ids.ts";
import { isTerminalState, MAX_UNREAD_REMARKS } from "../../domain/step.ts";
import { findStepByPull } from "../../domain/find-target.ts";
import type { StepWriter } from "../decision-transaction.ts";
import { isRemarkRead } from "../next-feedback.ts";

/** Records activity on a pull request, or on all if none is named. The activity is read when the step may land, possibly much later. */
export const recordPullActivity = (tx: StepWriter, what: "reviews" | "pulls", pull?: number): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running" && execution.state !== "paused") continue;
    for (const step of tx.steps(execution.id)) {
      const isOpen =
        step.pull === null ? tx.effectRecord(`open-pull:${toTaskId(execution.id, step.id)}`) !== undefined : matchesPull(step.pull, pull);
      const isPublished = step.state === "published" || step.state === "waiting";
      if (isOpen && isPublished && step.unreadActivity !== "pulls" && step.unreadActivity !== what)
        tx.putStep(execution.id, { ...step, unreadActivity: what });
    }
  }
};

const matchesPull = (pull: number, named: number | undefined): boolean => named === undefined || named === pull;

/** Records a remark on a step's pull request until an attempt reads its text from GitHub. */
export const applyRemarked = (tx: StepWriter, { id, pull }: Extract<Event, { kind: "remarked" }>): void => {
  const found = findStepByPull(tx.executions(), pull);
  if (!found || (isTerminalState(found.step.state) && found.step.state !== "failed")) return;
  const { execution, step } = found;
  // No agent reads remarks on a person's pull request.
  if (execution.landsPull) return;
  const remarks = step.unreadRemarks ?? [];
  // A listing may report a remark again that an attempt has already read.
  if (isRemarkRead(tx, found, id)) return;
  if (remarks.includes(id) || remarks.length >= MAX_UNREAD_REMARKS) return;
  tx.putStep(execution.id, { ...step, unreadRemarks: [...remarks, id] });
  tx.note(`${toTaskId(execution.id, step.id)}: a remark on #${pull}`);
};
