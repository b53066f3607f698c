import { refuseMissingQuestion, refuseEndedWork } from "../../messages/refusals/steps.ts";
import type { Event } from "../../domain/event.ts";
import { readTaskId, toTaskId } from "../../domain/ids.ts";
import { type Job, type JobKey, type JobResult, readJobKey, toJobKey } from "../../domain/job.ts";
import { settleCharge } from "../../domain/execution-charges.ts";
import { followsRules } from "../../domain/decision.ts";
import { recordTime } from "../../domain/step-history.ts";
import type { Execution } from "../../domain/execution.ts";
import { recordUsage } from "../../domain/execution-usage.ts";
import { toResultRef } from "../../domain/refs.ts";
import { findQuotaWait } from "../../domain/quota-wait.ts";
import { isInterruption } from "../../domain/retry-policy.ts";
import { awaitQuota, repeatInterrupted } from "../../domain/step-lifecycle.ts";
import { mayLeaveWork, type Step } from "../../domain/step.ts";
import { MAIL_LIMITS, toWorkerAddress } from "../../domain/mail.ts";
import { readTrialTarget } from "../../domain/trial.ts";
import { takeFirstChars } from "../../domain/visible-text.ts";
import { toOneLine } from "../../messages/escape.ts";
import { removeOutputMarkers } from "../../workflow/output-block.ts";
import type {
  DecisionTransaction,
  LedgerReader,
  StepWriter,
  ExecutionWriter,
  EffectWriter,
  TextWriter,
  MailWriter,
} from "../decision-transaction.ts";
import { waitForAnswer } from "./await-answer.ts";
import { deliverWork, finishWithoutFiles } from "./deliver-work.ts";
import { applyResolutionResult } from "./resolution-result.ts";
import { failStep, retryFaultyStep } from "./fail-step.ts";
import { applyPlanResult } from "./plan-result.ts";
import { sendMail } from "./mail-commands.ts";
import { deleteResultRef, ignoreForgedResult, isAwaited, isLeftWork } from "./ignore-result.ts";
import { judgeResult } from "./judge-result.ts";
import { checkResultOrigin } from "./result-origin.ts";
import { applyToolRecords } from "./tool-records.ts";
import { applyTrialResult } from "./trial-result.ts";
import { applyVerifyResult } from "./verify-result.ts";
import { findStep, type StepContext } from "../find-step.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

type ResultedEvent = Extract<Event, { kind: "resulted" }>;

/**
 * Applies the result of the job's own run once. Late results are deleted unread; people are shown forged results.
 */
export const applyResulted = (tx: DecisionTransaction, event: ResultedEvent): void => {
  const job = readJobKey(event.result.job);
  if (!job) return;
  const { commit } = event;
  const ref = toResultRef(event.result.job);
  if (!isAwaited(tx, job) && !isLeftWork(tx, job, event.result)) return deleteResultRef(tx, { ref, commit });
  const origin = checkResultOrigin(tx, job, event);
  if (origin === UNKNOWN) return;
  switch (origin.kind) {
    case "unknown":
      return tx.wakeAt(origin.askAt);
    case "forged":
      return ignoreForgedResult(tx, { ref, commit, job: event.result.job, claim: event.result.end, why: origin.code });
    case "proven":
      return applyJudgedResult(tx, job, judgeResult(tx, job, event));
  }
};

const applyJudgedResult = (tx: DecisionTransaction, job: Job, event: Known<ResultedEvent>): void => {
  if (event === UNKNOWN) return;
  tx.markHandled(event.id);
  chargeExecution(tx, job, event.result);
  applyProvenResult(tx, job, event);
};

/** Records a job's time and usage, and settles the job's charge, whether or not Enki accepts the result. */
const chargeExecution = (tx: ExecutionWriter, job: Job, result: JobResult): void => {
  const execution = tx.execution(job.kind === "plan" ? job.target : (readTaskId(job.target)?.execution ?? ""));
  if (!execution) return;
  const timed = recordJobTime(tx, execution, toJobKey(job));
  const charged = settleCharge(recordUsage(timed, toJobKey(job), result), toJobKey(job), result.usage);
  if (charged !== execution) tx.putExecution(charged);
};

/** Records how long a job took. Decisions that earlier versions stored have no such configuration, and recorded no times of planners. */
const recordJobTime = (tx: LedgerReader, execution: Execution, job: JobKey): Execution => {
  if (readJobKey(job)?.kind === "plan" && !followsRules(tx.snapshot, 3)) return execution;
  const start = tx.effectRecord(`start-job:${job}`)?.at;
  return start === undefined || tx.snapshot.config.policy.tests === undefined ? execution : recordTime(execution, job, tx.now - start);
};

const applyProvenResult = (tx: DecisionTransaction, job: Job, event: ResultedEvent): void => {
  switch (job.kind) {
    case "plan":
      return applyPlanResult(tx, job, event.result);
    case "work":
      return applyWorkResult(tx, job, event);
    case "resolve":
      return applyResolutionResult(tx, job, event);
    case "verify":
      return readTrialTarget(job.target) === null ? applyVerifyResult(tx, job, event.result) : applyTrialResult(tx, job, event.result);
  }
};

const applyWorkResult = (tx: DecisionTransaction, job: Job, event: ResultedEvent): void => {
  const found = findStep(tx, job.target);
  if (!found || found.step.attempt !== job.attempt) return;
  const { execution, step } = found;
  if (mayLeaveWork(step)) return keepLeftWork(tx, { execution, step, event });
  if (step.state === "running") applyRunningResult(tx, job, { execution, step, event });
};

type RunningInput = StepContext & { readonly step: RunningStep; readonly event: ResultedEvent };

const applyRunningResult = (tx: DecisionTransaction, job: Job, { execution, step, event }: RunningInput): void => {
  // Publish reports the base commit that the job received. A result that was pushed by hand could name any commit, even a missing one.
  if (event.result.baseCommit !== step.baseCommit) return tx.note(`${job.target}: a result on another commit was left aside`);
  if (event.result.spent > 0) tx.putExecution({ ...execution, spent: execution.spent + event.result.spent });
  if (!isWorkFault(event.result)) applyToolRecords(tx, { job, execution, result: event.result });
  if (awaitStepQuota(tx, { execution, step, event })) return;
  applyWork(tx, { execution, step, event });
};

/** Keeps what a stopped attempt wrote, for the next attempt. */
const keepLeftWork = (tx: StepWriter, { execution, step, event }: StepContext & { event: ResultedEvent }): void => {
  if (event.result.baseCommit !== step.baseCommit) return;
  tx.putStep(execution.id, { ...step, result: event.commit });
  tx.note(`${toTaskId(execution.id, step.id)}: the work of the stopped attempt ${step.attempt} is kept`);
};

type RunningStep = Extract<Step, { readonly state: "pending" | "ready" | "running" }>;

const applyWork = (tx: DecisionTransaction, { execution, step, event }: RunningInput): void => {
  tx.putAnswer(execution.id, step.id, toStoredAnswer(event.result));
  const { outcome: _, quota: __, workCheck: ___, ...before } = step;
  const { output, outcome, check } = event.result;
  const reported = { ...(outcome && { outcome: outcome.kind }), ...(check && { workCheck: check }) };
  const ended = { ...before, result: findOfferedResult(step, event), output, deadline: null, ...reported };
  applyWorkEnd(tx, { execution, step: { ...ended, artifact: keepStepReport(tx, { execution, step, result: event.result }) }, event });
};

/** The result whose work the next attempt is offered: the latest, unless that attempt was interrupted before it wrote anything. */
const findOfferedResult = (step: Step, { commit, result }: ResultedEvent): Step["result"] =>
  step.result !== null && isWorkFault(result) && (result.kept ?? []).length === 0 ? step.result : commit;

/** Waits until the quota of the agent's model is renewed. Returns false if it is not used up, or was waited for too often. */
const awaitStepQuota = (tx: StepWriter, { execution, step, event }: StepContext & { event: ResultedEvent }): boolean => {
  const wait = findQuotaWait(event.result, tx.now, step.quota);
  if (wait === null) return false;
  tx.putStep(execution.id, awaitQuota({ ...step, result: findOfferedResult(step, event) }, wait));
  tx.note(`${toTaskId(execution.id, step.id)} waits for a quota until ${new Date(wait.until).toISOString()}`);
  return true;
};

/** Keeps the report of a step that failed or asked a question. Returns whether there is a report. */
const keepStepReport = (tx: TextWriter, { execution, step, result: { artifact, end } }: StepContext & { result: JobResult }): boolean => {
  if (artifact === null || (end !== "failed" && end !== "asked")) return false;
  if (tx.planned(execution, step.id)?.output !== "artifact") return false;
  tx.putArtifact(execution.id, step.id, artifact);
  return true;
};

/** The agent's last message; empty if it repeats the report, which is kept already. */
const toStoredAnswer = ({ answer, artifact }: JobResult): string =>
  artifact !== null && removeOutputMarkers(answer) === artifact.trim() ? "" : answer;

/** Applies the end of a job to its step. */
const applyWorkEnd = (tx: DecisionTransaction, { execution, step, event }: StepContext & { event: ResultedEvent }): void => {
  const { result } = event;
  switch (result.end) {
    case "success":
      return deliverWork(tx, { execution, step, event });
    case "artifact":
    case "unchanged":
      return finishWithoutFiles(tx, {
        execution,
        step,
        artifact: result.artifact,
        remark: toResultRemark(result),
        replies: result.replies,
      });
    case "timed-out":
    case "crashed":
      if (isInterruption(result, step.attempt)) return repeatStep(tx, { execution, step });
      return retryFaultyStep(tx, { execution, step, reason: result.reason || result.end });
    case "asked":
      if (waitForAnswer(tx, execution, step)) return;
      if (result.outcome?.kind === "blocked" && askOnAgentsBehalf(tx, { execution, step, event })) return;
      return failStep(tx, { execution, step, refusal: refuseMissingQuestion(toTaskId(execution.id, step.id)), log: result.output });
    case "failed":
    case "cancelled":
    case "refused": {
      const refusal = refuseEndedWork(toTaskId(execution.id, step.id), result.end, result.reason);
      return failStep(tx, { execution, step, refusal, log: toFailureLog(refusal.message, result.output) });
    }
  }
};

const repeatStep = (tx: StepWriter, { execution, step }: StepContext): void => {
  tx.putStep(execution.id, repeatInterrupted(step));
  tx.note(`${toTaskId(execution.id, step.id)}: attempt ${step.attempt} was interrupted`);
};

/** The log for the next attempt: why this attempt failed, and its last output. */
const toFailureLog = (why: string, output: string): string => (output === "" || output.includes(why) ? output : `${why}\n\n${output}`);

/** The remark on a step that changed nothing: discarded changes, and why there was nothing to do. */
const toResultRemark = ({ reason, outcome }: JobResult): string =>
  outcome?.kind === "nothing-to-do" && !reason.includes(outcome.reason)
    ? [reason, outcome.reason].filter((text) => text !== "").join(" ")
    : reason;

/** Turns the reason of a blocked agent that asked no question into its question. Returns whether the step now waits for an answer. */
const askOnAgentsBehalf = (
  tx: StepWriter & EffectWriter & MailWriter,
  { execution, step, event: { result } }: StepContext & { event: ResultedEvent },
): boolean => {
  const { reason } = result.outcome ?? { reason: "" };
  const question = {
    to: "user",
    subject: toOneLine(reason, MAIL_LIMITS.subject),
    body: takeFirstChars(reason, MAIL_LIMITS.body),
    type: "request",
  } as const;
  if (question.subject === "") return false;
  const ordinal = result.tools.filter(({ kind }) => kind === "mail-send" || kind === "mail-reply").length + 1;
  const sending = { job: result.job, address: toWorkerAddress(toTaskId(execution.id, step.id)), execution, ordinal };
  const refusal = sendMail(tx, sending, { ...question, priority: "normal", thread: null, replyTo: null, ttl: null });
  return refusal === null && waitForAnswer(tx, execution, step);
};

/** Whether the attempt was interrupted: the next one repeats what its tools recorded. */
const isWorkFault = ({ end, failure }: JobResult): boolean => end === "crashed" || end === "timed-out" || failure !== undefined;
