import type { Event } from "../../model/event.ts";
import { taskId } from "../../model/ids.ts";
import { isSettled, MAX_REMARKS } from "../../model/step.ts";
import { findPull } from "../../model/targets.ts";
import type { Draft } from "../draft.ts";
import { isRead } from "../feedback.ts";

/** Remembers that somebody did something on a pull request, or on one that is not named: it may be long before the step lands, and is read then. */
export const applyTouched = (draft: Draft, what: "reviews" | "pulls", pull?: number): void => {
  for (const execution of draft.executions()) {
    if (execution.state !== "running" && execution.state !== "paused") continue;
    for (const step of draft.steps(execution.id)) {
      const isOpen =
        step.pull === null ? draft.trace(`open-pull:${taskId(execution.id, step.id)}`) !== undefined : isNamed(step.pull, pull);
      const isPublished = step.state === "worker_done" || step.state === "waiting";
      if (isOpen && isPublished && step.touched !== "pulls" && step.touched !== what)
        draft.putStep(execution.id, { ...step, touched: what });
    }
  }
};

const isNamed = (pull: number, named: number | undefined): boolean => named === undefined || named === pull;

/** Remembers what was said on a step's pull request until an attempt reads it: there it is read from GitHub. */
export const applyRemarked = (draft: Draft, { id, pull }: Extract<Event, { kind: "remarked" }>): void => {
  const found = findPull(draft.executions(), pull);
  if (!found || (isSettled(found.step.state) && found.step.state !== "failed")) return;
  const { execution, step } = found;
  const remarks = step.remarks ?? [];
  // A listing brings again what an attempt has read.
  if (isRead(draft, found, id)) return;
  if (remarks.includes(id) || remarks.length >= MAX_REMARKS) return;
  draft.putStep(execution.id, { ...step, remarks: [...remarks, id] });
  draft.note(`${taskId(execution.id, step.id)}: a remark on #${pull}`);
};
