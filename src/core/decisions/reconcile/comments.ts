import type { Effect } from "../../domain/effect.ts";
import { type Execution, hasFoundNothing, hasEnded } from "../../domain/execution.ts";
import type { StepState } from "../../domain/step.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import type { Draft } from "../draft.ts";
import { executionBody } from "../execution-body.ts";

/** Between two edits that only tell of progress, in milliseconds: each is a request, and for some readers a mail. */
const PROGRESS_PAUSE = 30_000;

const PRESSING: ReadonlySet<StepState> = new Set(["waiting", "failed", "paused"]);

/** Progress is told now and then; what a person must know or do, at once. */
const isTime = (draft: Draft, key: string, execution: Execution): boolean => {
  const trace = draft.trace(key);
  if (!trace || trace.digest === null || isPressing(draft, execution)) return true;
  const next = trace.at + PROGRESS_PAUSE;
  draft.wake(next);
  return next <= draft.now;
};

const isPressing = (draft: Draft, { id, baseBranch, state, amendment, revision }: Execution): boolean =>
  amendment?.state === "proposed" ||
  revision?.state === "planning" ||
  draft.queue(baseBranch).frozen !== null ||
  (state !== "running" && state !== "planning") ||
  draft.steps(id).some((step) => PRESSING.has(step.state));

/** One comment per execution, edited in place; answers to commands; the issue closed when all of it landed. */
export const reconcileComments = (draft: Draft): void => {
  for (const effect of Object.values(draft.ledger().outbox)) draft.want(effect);
  const busy = new Set(draft.executions().flatMap((each) => (hasEnded(each) ? [] : [each.issue])));
  for (const execution of draft.executions()) {
    const key = `write-comment:execution/${execution.id}` as const;
    if (isTime(draft, key, execution)) draft.want(told(draft, execution));
    if (
      execution.state === "done" &&
      !execution.onPullRequest &&
      !busy.has(execution.issue) &&
      !hasFoundNothing(execution, draft.plan(execution.plan))
    )
      draft.want({ kind: "close-issue", key: `close-issue:${execution.id}`, issue: execution.issue });
  }
};

const told = (draft: Draft, execution: Execution): Effect => {
  const key = `write-comment:execution/${execution.id}` as const;
  const body = executionBody(draft, execution);
  const marker = writeMarker({ kind: "execution", id: execution.id });
  return { kind: "write-comment", key, issue: execution.issue, marker, body, comment: draft.trace(key)?.number ?? null };
};
