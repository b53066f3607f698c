import type { Event } from "../../domain/event.ts";
import { toTaskId } from "../../domain/ids.ts";
import { isTerminalState, MAX_UNREAD_REMARKS } from "../../domain/step.ts";
import { findStepByPull } from "../../domain/find-target.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { isRead } from "../next-feedback.ts";

/** Remembers that somebody did something on a pull request, or on one that is not named: it may be long before the step lands, and is read then. */
export const applyTouched = (tx: DecisionTransaction, what: "reviews" | "pulls", pull?: number): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running" && execution.state !== "paused") continue;
    for (const step of tx.steps(execution.id)) {
      const isOpen =
        step.pull === null ? tx.effectRecord(`open-pull:${toTaskId(execution.id, step.id)}`) !== undefined : isNamed(step.pull, pull);
      const isPublished = step.state === "published" || step.state === "waiting";
      if (isOpen && isPublished && step.unreadActivity !== "pulls" && step.unreadActivity !== what)
        tx.putStep(execution.id, { ...step, unreadActivity: what });
    }
  }
};

const isNamed = (pull: number, named: number | undefined): boolean => named === undefined || named === pull;

/** Remembers what was said on a step's pull request until an attempt reads it: there it is read from GitHub. */
export const applyRemarked = (tx: DecisionTransaction, { id, pull }: Extract<Event, { kind: "remarked" }>): void => {
  const found = findStepByPull(tx.executions(), pull);
  if (!found || (isTerminalState(found.step.state) && found.step.state !== "failed")) return;
  const { execution, step } = found;
  const remarks = step.unreadRemarks ?? [];
  // A listing brings again what an attempt has read.
  if (isRead(tx, found, id)) return;
  if (remarks.includes(id) || remarks.length >= MAX_UNREAD_REMARKS) return;
  tx.putStep(execution.id, { ...step, unreadRemarks: [...remarks, id] });
  tx.note(`${toTaskId(execution.id, step.id)}: a remark on #${pull}`);
};
