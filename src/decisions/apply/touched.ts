import { taskId } from "../../model/ids.ts";
import type { Draft } from "../draft.ts";

/** Remembers that somebody did something on a pull request: it may be long before the step lands, and is read then. */
export const applyTouched = (draft: Draft, what: "reviews" | "pulls"): void => {
  for (const execution of draft.executions()) {
    if (execution.state !== "running" && execution.state !== "paused") continue;
    for (const step of draft.steps(execution.id)) {
      const isOpen = step.pull !== null || draft.trace(`open-pull:${taskId(execution.id, step.id)}`) !== undefined;
      const isPublished = step.state === "worker_done" || step.state === "waiting";
      if (isOpen && isPublished && step.touched !== "pulls" && step.touched !== what)
        draft.putStep(execution.id, { ...step, touched: what });
    }
  }
};
