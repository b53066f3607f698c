import { refuseSidePull } from "../../messages/refusals/queues.ts";
import { explainJobStart, refuseJobStart } from "../../messages/refusals/job-starts.ts";
import { refusePullRequest } from "../../messages/refusals/steps.ts";
import { fail } from "../../domain/step-lifecycle.ts";
import { digestEffect, type EffectOutcome } from "../../domain/effect.ts";
import { readOwn } from "../../domain/own-record.ts";
import { isSharedReplyKey } from "../../domain/shared-reply.ts";
import type { Event } from "../../domain/event.ts";
import { followsRules } from "../../domain/decision.ts";
import { readJobKey } from "../../domain/job.ts";
import { readTaskId } from "../../domain/ids.ts";
import type { EffectRecord } from "../../domain/ledger.ts";
import type { DecisionTransaction, StepWriter, ExecutionWriter, QueueWriter, EffectWriter } from "../decision-transaction.ts";
import { toSidePullKey } from "../landings.ts";
import { recordPullText } from "../pull-texts.ts";
import { failJob } from "./fail-job.ts";

const findOutcomeNumber = (outcome: EffectOutcome): number | null => {
  if (outcome.ending.kind !== "done" || outcome.ending.answer === null) return null;
  const { answer } = outcome.ending;
  if ("pull" in answer) return answer.pull;
  if ("issue" in answer) return answer.issue;
  return "comment" in answer ? answer.comment : answer.run;
};

/** Records the outcome of an effect. A lost outcome is harmless: the effect's state is looked up on GitHub again. */
export const applyPerformed = (tx: DecisionTransaction, { at, outcome }: Extract<Event, { kind: "performed" }>): void => {
  const before = tx.effectRecord(outcome.key);
  const trace: EffectRecord = before ?? { at, attempts: 1, notBefore: 0, refused: null, number: null, digest: null };
  switch (outcome.ending.kind) {
    case "done":
      tx.putEffectRecord(outcome.key, {
        ...trace,
        at,
        refused: null,
        notBefore: 0,
        digest: outcome.digest,
        number: findOutcomeNumber(outcome) ?? trace.number,
      });
      recordEffectDone(tx, outcome);
      return;
    case "refused": {
      const { code, reason } = outcome.ending;
      tx.putEffectRecord(outcome.key, { ...trace, refused: { code, reason }, digest: outcome.digest });
      dequeuePerformed(tx, outcome);
      tx.note(`${outcome.kind} refused: ${code}: ${reason}`);
      failRefusedJob(tx, outcome.key, { code, reason });
      if (outcome.kind === "open-side-pull") freezeRefusedSidePull(tx, outcome.key, reason);
      if (outcome.kind === "open-pull") failRefusedPull(tx, outcome.key, reason);
      // A refused edit counts too, so the text is edited again only after the next change of state.
      if (outcome.kind === "edit-pull") recordPullText(tx, outcome.key);
      return;
    }
    case "later":
      tx.putEffectRecord(outcome.key, { ...trace, notBefore: outcome.ending.retryAt });
  }
};

/** A newer answer for the same comment stays. */
const dequeuePerformed = (tx: EffectWriter, { key, digest }: EffectOutcome): void => {
  const queued = readOwn(tx.ledger().outbox, key);
  if (!queued || !isSharedReplyKey(key) || digestEffect(queued) === digest) tx.dequeueEffect(key);
};

const recordEffectDone = (tx: StepWriter & EffectWriter, outcome: EffectOutcome): void => {
  dequeuePerformed(tx, outcome);
  if (outcome.kind === "edit-pull") return recordPullText(tx, outcome.key);
  if (outcome.kind !== "open-pull" || outcome.ending.kind !== "done") return;
  const id = readTaskId(outcome.key.slice("open-pull:".length));
  const step = id && tx.execution(id.execution)?.steps[id.step];
  if (id && step) tx.recordStep(id.execution, { ...step, pull: outcome.ending.answer.pull });
};

/** Fails a step immediately if GitHub refuses its pull request: the step can never land. */
const failRefusedPull = (tx: StepWriter, key: string, why: string): void => {
  const id = readTaskId(key.slice("open-pull:".length));
  const step = id && tx.execution(id.execution)?.steps[id.step];
  if (!id || !step || (step.state !== "published" && step.state !== "waiting")) return;
  const refusal = refusePullRequest(why);
  tx.putStep(id.execution, fail(step, refusal));
};

/** Freezes the queue if GitHub refuses the pull request of a candidate: nothing can land on that base. */
const freezeRefusedSidePull = (tx: QueueWriter & EffectWriter, key: string, text: string): void => {
  for (const [base, queue] of Object.entries(tx.ledger().queues)) {
    if (!queue.landing || key !== toSidePullKey(queue.landing.candidate.commit)) continue;
    const { landing: _, ...rest } = queue;
    tx.deleteEffectRecord(key);
    tx.putQueue(base, { ...rest, frozen: refuseSidePull(base, text) });
  }
};

/** Fails the plan, step, candidate or resolution whose job GitHub refuses to start. */
const failRefusedJob = (
  tx: StepWriter & ExecutionWriter & QueueWriter,
  key: string,
  ending: { readonly code: string; readonly reason: string },
): void => {
  const job = key.startsWith("start-job:") ? readJobKey(key.slice("start-job:".length)) : null;
  // Decisions that earlier versions stored named no remedy.
  if (job) failJob(tx, job, followsRules(tx.snapshot, 2) ? explainJobStart(ending) : refuseJobStart(ending.reason));
};
