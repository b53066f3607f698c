import type { Effect } from "../../domain/effect.ts";
import { type Execution, hasFoundNothing, hasEnded } from "../../domain/execution.ts";
import { isSharedReplyKey } from "../../domain/shared-reply.ts";
import type { StepState } from "../../domain/step.ts";
import { writeMarker } from "../../messages/comment-marker.ts";
import type { DecisionReader, LedgerReader, EffectWriter } from "../decision-transaction.ts";
import { renderExecutionBody } from "../execution-body.ts";

/** Milliseconds between two edits that only show progress: each edit is a request, and may send a mail to subscribers. */
const PROGRESS_PAUSE_MS = 30_000;

const PRESSING_STATES: ReadonlySet<StepState> = new Set(["waiting", "failed", "paused"]);

/** Whether the comment may be edited now: progress waits for the pause, everything that a person must know or do does not. */
const checkCommentDue = (tx: DecisionReader, key: string, execution: Execution): boolean => {
  const trace = tx.effectRecord(key);
  if (!trace || trace.digest === null || tx.snapshot.endsWhenIdle || needsPromptComment(tx, execution)) return true;
  const next = trace.at + PROGRESS_PAUSE_MS;
  tx.wakeAt(next);
  return next <= tx.now;
};

const needsPromptComment = (tx: LedgerReader, { id, baseBranch, state, amendment, revision }: Execution): boolean =>
  amendment?.state === "proposed" ||
  revision?.state === "planning" ||
  tx.queue(baseBranch).frozen !== null ||
  (state !== "running" && state !== "planning") ||
  tx.steps(id).some((step) => PRESSING_STATES.has(step.state));

/** Whether the text would be dropped. The text of a proposed plan reads facts, which are requested together with the missing ones. */
const isDropped = (tx: Pick<EffectWriter, "lacksFacts">, { state }: Execution): boolean => state !== "proposed" && tx.lacksFacts();

/** Keeps one comment per execution up to date, answers commands, and closes the issue when all of its work has landed. */
export const reconcileComments = (tx: EffectWriter): void => {
  for (const effect of Object.values(tx.ledger().outbox)) tx.requestEffect(withKnownComment(tx, effect));
  const busy = new Set(tx.executions().flatMap((each) => (hasEnded(each) ? [] : [each.issue])));
  for (const execution of tx.executions()) {
    const key = `write-comment:execution/${execution.id}` as const;
    if (checkCommentDue(tx, key, execution) && !isDropped(tx, execution)) tx.requestEffect(createExecutionComment(tx, execution));
    if (
      execution.state === "done" &&
      !execution.undoes &&
      !execution.onPullRequest &&
      !busy.has(execution.issue) &&
      !hasFoundNothing(execution, tx.plan(execution.plan))
    )
      tx.requestEffect({ kind: "close-issue", key: `close-issue:${execution.id}`, issue: execution.issue });
  }
};

/** A shared comment may have been created since the answer was recorded. */
const withKnownComment = (tx: LedgerReader, effect: Effect): Effect =>
  effect.kind === "write-comment" && isSharedReplyKey(effect.key)
    ? { ...effect, comment: tx.effectRecord(effect.key)?.number ?? effect.comment }
    : effect;

const createExecutionComment = (tx: DecisionReader, execution: Execution): Effect => {
  const key = `write-comment:execution/${execution.id}` as const;
  const body = renderExecutionBody(tx, execution);
  const marker = writeMarker({ kind: "execution", id: execution.id });
  return { kind: "write-comment", key, issue: execution.issue, marker, body, comment: tx.effectRecord(key)?.number ?? null };
};
