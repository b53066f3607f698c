import type { Execution } from "../core/domain/execution.ts";
import type { SuggestedAction } from "../core/domain/explanation.ts";
import { toOneLine } from "../core/messages/escape.ts";
import { formatRepeatCall } from "./run-request.ts";

const MAX_CALL_CHARS = 300;

/** What a person can do about an execution of `enki run`, on which nobody can comment; null after its success or its end by a person. */
export const findContinuation = (execution: Execution, isResumable: boolean): Extract<SuggestedAction, { kind: "command" }> | null => {
  const { id, state, request, workflow } = execution;
  if (isResumable) return { kind: "command", purpose: "continue", command: `/enki run --resume ${id}` };
  if (state === "done" || state === "cancelled") return null;
  const call = formatRepeatCall({ request: toOneLine(request, MAX_CALL_CHARS), workflow: workflow?.name ?? null });
  return { kind: "command", purpose: "retry", command: `/enki run ${call}` };
};
