import type { Event } from "../../domain/event.ts";
import { toTaskId } from "../../domain/ids.ts";
import { isTerminalState, MAX_UNREAD_REMARKS } from "../../domain/step.ts";
import { findStepByPull } from "../../domain/find-target.ts";
import type { Draft } from "../draft.ts";
import { isRead } from "../feedback.ts";

/** Remembers that somebody did something on a pull request, or on one that is not named: it may be long before the step lands, and is read then. */
export const applyTouched = (draft: Draft, what: "reviews" | "pulls", pull?: number): void => {
  for (const execution of draft.executions()) {
    if (execution.state !== "running" && execution.state !== "paused") continue;
    for (const step of draft.steps(execution.id)) {
      const isOpen =
        step.pull === null ? draft.trace(`open-pull:${toTaskId(execution.id, step.id)}`) !== undefined : isNamed(step.pull, pull);
      const isPublished = step.state === "published" || step.state === "waiting";
      if (isOpen && isPublished && step.unreadActivity !== "pulls" && step.unreadActivity !== what)
        draft.putStep(execution.id, { ...step, unreadActivity: what });
    }
  }
};

const isNamed = (pull: number, named: number | undefined): boolean => named === undefined || named === pull;

/** Remembers what was said on a step's pull request until an attempt reads it: there it is read from GitHub. */
export const applyRemarked = (draft: Draft, { id, pull }: Extract<Event, { kind: "remarked" }>): void => {
  const found = findStepByPull(draft.executions(), pull);
  if (!found || (isTerminalState(found.step.state) && found.step.state !== "failed")) return;
  const { execution, step } = found;
  const remarks = step.unreadRemarks ?? [];
  // A listing brings again what an attempt has read.
  if (isRead(draft, found, id)) return;
  if (remarks.includes(id) || remarks.length >= MAX_UNREAD_REMARKS) return;
  draft.putStep(execution.id, { ...step, unreadRemarks: [...remarks, id] });
  draft.note(`${toTaskId(execution.id, step.id)}: a remark on #${pull}`);
};
