import { executionComment } from "../../render/execution-comment.ts";
import { writeMarker } from "../../render/marker.ts";
import type { Draft } from "../draft.ts";

/** One comment per execution, edited in place; answers to commands; the issue closed when all of it landed. */
export const reconcileComments = (draft: Draft): void => {
  for (const effect of Object.values(draft.ledger().outbox)) draft.want(effect);
  for (const execution of draft.executions()) {
    const key = `say:execution/${execution.id}` as const;
    const body = executionComment({ execution, plan: draft.plan(execution.plan), queue: draft.queue(execution.base) });
    const comment = draft.trace(key)?.known ?? null;
    draft.want({ kind: "say", key, issue: execution.issue, marker: writeMarker({ kind: "execution", id: execution.id }), body, comment });
    if (execution.state === "done") draft.want({ kind: "close-issue", key: `close-issue:${execution.id}`, issue: execution.issue });
  }
};
