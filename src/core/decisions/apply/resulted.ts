import type { Event } from "../../domain/event.ts";
import { type Millis, readTaskId, toTaskId } from "../../domain/ids.ts";
import { type Job, type JobResult, readJobKey } from "../../domain/job.ts";
import { type Candidate, hasRequiredChecks, type Queue, type VerifyRun } from "../../domain/queue.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { MAIL_LIMITS, toWorkerAddress } from "../../domain/mail.ts";
import { takeFirstChars } from "../../domain/visible-text.ts";
import { toOneLine } from "../../messages/escape.ts";
import { withoutMarkers } from "../../workflow/output-block.ts";
import type { Draft } from "../draft.ts";
import { backOffMs } from "../../domain/retry-policy.ts";
import { waitForAnswer } from "./asking.ts";
import { deliver, finish } from "./deliver.ts";
import { resolved } from "./resolved.ts";
import { type At, failStep, workFault } from "./failing.ts";
import { planned } from "./planned.ts";
import { sendMail } from "./mail.ts";
import { applyTools } from "./tools.ts";

type Resulted = Extract<Event, { kind: "resulted" }>;

/** Takes a job's result in, once; a result that nobody waits for any more is kept and changes nothing. */
export const applyResulted = (draft: Draft, event: Resulted): void => {
  const job = readJobKey(event.result.job);
  if (!job) return;
  switch (job.kind) {
    case "plan":
      return planned(draft, job, event.result);
    case "work":
      return worked(draft, job, event);
    case "resolve":
      return resolved(draft, job, event);
    case "verify":
      return verified(draft, job, event.result);
  }
};

const worked = (draft: Draft, job: Job, event: Resulted): void => {
  const id = readTaskId(job.target);
  const execution = id && draft.execution(id.execution);
  const step = id && execution?.steps[id.step];
  if (!execution || !step || step.state !== "running" || step.attempt !== job.attempt) return;
  // Publish names the commit that the job was told; who pushes a result by hand could name any, also one that nobody has.
  if (event.result.baseCommit !== step.baseCommit) return draft.note(`${job.target}: a result on another commit was left aside`);
  if (event.result.spent > 0) draft.putExecution({ ...execution, spent: execution.spent + event.result.spent });
  if (!isFault(event.result.end)) applyTools(draft, { job, execution, result: event.result });
  draft.putAnswer(execution.id, step.id, ownAnswer(event.result));
  const { outcome: _, ...before } = step;
  const { output, outcome } = event.result;
  const ended = { ...before, result: event.commit, output, deadline: null, ...(outcome && { outcome: outcome.kind }) };
  close(draft, { execution, step: { ...ended, artifact: keepReport(draft, { execution, step, result: event.result }) }, event });
};

/** Keeps the report of a step that failed or asked a question; whether there is one. */
const keepReport = (draft: Draft, { execution, step, result: { artifact, end } }: At & { result: JobResult }): boolean => {
  if (artifact === null || (end !== "failed" && end !== "asked")) return false;
  if (draft.planned(execution, step.id)?.output !== "artifact") return false;
  draft.putArtifact(execution.id, step.id, artifact);
  return true;
};

/** What an agent said last; empty where it is its report, which is kept already. */
const ownAnswer = ({ answer, artifact }: JobResult): string =>
  artifact !== null && withoutMarkers(answer) === artifact.trim() ? "" : answer;

/** What the end of a job makes of its step. */
const close = (draft: Draft, { execution, step, event }: At & { event: Resulted }): void => {
  const { result } = event;
  switch (result.end) {
    case "success":
      return deliver(draft, { execution, step, event });
    case "artifact":
    case "unchanged":
      return finish(draft, { execution, step, artifact: result.artifact, remark: remarkOf(result), replies: result.replies });
    case "timed-out":
    case "crashed":
      return workFault(draft, { execution, step, why: result.reason || result.end });
    case "asked":
      if (waitForAnswer(draft, execution, step)) return;
      if (result.outcome?.kind === "blocked" && askForAgent(draft, { execution, step, event })) return;
      return failStep(draft, { execution, step, why: askedNothing(toTaskId(execution.id, step.id)), log: result.output });
    case "failed":
    case "cancelled":
    case "refused": {
      const next = `/enki retry ${toTaskId(execution.id, step.id)}`;
      const why = { code: `work-${result.end}`, message: result.reason || `the job ended as ${result.end}`, next };
      return failStep(draft, { execution, step, why, log: logOf(why.message, result.output) });
    }
  }
};

/** What the next attempt is told: why this one failed, and its last words. */
const logOf = (why: string, output: string): string => (output === "" || output.includes(why) ? output : `${why}\n\n${output}`);

/** What is to be known of a step that changed nothing: what was thrown away, and why there was nothing to do. */
const remarkOf = ({ reason, outcome }: JobResult): string =>
  outcome?.kind === "nothing-to-do" && !reason.includes(outcome.reason)
    ? [reason, outcome.reason].filter((text) => text !== "").join(" ")
    : reason;

/** An agent that says that it is blocked and asked nobody: what blocks it becomes its question. False where it cannot be asked. */
const askForAgent = (draft: Draft, { execution, step, event: { result } }: At & { event: Resulted }): boolean => {
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
  const refusal = sendMail(draft, sending, { ...question, priority: "normal", thread: null, replyTo: null, ttl: null });
  return refusal === null && waitForAnswer(draft, execution, step);
};

const isFault = (end: JobResult["end"]): boolean => end === "crashed" || end === "timed-out";

const askedNothing = (task: string): Refusal => ({
  code: "work-asked",
  message: "It ended with a question, but left none.",
  next: `/enki retry ${task}`,
});

const verified = (draft: Draft, job: Job, result: JobResult): void => {
  for (const [base, queue] of Object.entries(draft.ledger().queues)) {
    const { timeoutMs } = draft.snapshot.config.refinery;
    const next = withVerdict({ now: draft.now, timeout: timeoutMs }, queue, { job, result });
    if (next === queue) continue;
    draft.putQueue(base, next);
    draft.note(`candidate ${job.target.slice(0, 12)}: ${result.end}`);
  }
};

type Clock = { readonly now: Millis; /** How long verification may take. */ readonly timeout: Millis };
type Judged = { readonly queue: Queue; readonly candidate: Candidate };
type Ended = { readonly job: Pick<Job, "target" | "attempt">; readonly result: Pick<JobResult, "end" | "reason" | "output"> };

/** The queue with what a verify job said; the same queue where nobody waits for that any more. */
export const withVerdict = (clock: Clock, queue: Queue, { job, result }: Ended): Queue => {
  const at = queue.candidates.findIndex((each) => each.commit === job.target && runOf(each, job.attempt) !== undefined);
  const candidate = queue.candidates[at];
  return candidate ? { ...queue, candidates: queue.candidates.with(at, judge(clock, { queue, candidate }, { job, result })) } : queue;
};

/** The run of this attempt while it has no verdict. */
const runOf = ({ runs }: Candidate, attempt: number): VerifyRun | undefined =>
  runs.find((run) => run.attempt === attempt && run.verdict === null);

const judge = (clock: Clock, { queue, candidate }: Judged, { job, result }: Ended): Candidate => {
  if (result.end !== "success" && result.end !== "failed")
    return faultCandidate(clock, candidate, { attempt: job.attempt, why: result.reason || result.end });
  if (result.end === "success" && queue.landingTerms && hasRequiredChecks(queue.landingTerms))
    return checked(clock, candidate, job.attempt);
  const verdict = result.end === "success" ? "green" : "red";
  const log = verdict === "red" ? result.output : candidate.log;
  const runs = candidate.runs.map((run) => (run.attempt === job.attempt ? ({ ...run, verdict, deadline: null } as const) : run));
  return { ...candidate, runs, faults: 0, log };
};

/** Required checks have to be green as well, within the time that verification may take. */
const checked = ({ now, timeout }: Clock, candidate: Candidate, attempt: number): Candidate => {
  const runs = candidate.runs.map((run) =>
    run.attempt === attempt ? ({ ...run, deadline: now + timeout, verified: true } as const) : run,
  );
  return { ...candidate, runs };
};

type Fault = { readonly attempt: number; readonly why: string };

/** A verify job that ended badly is started again with a back-off: faults are never held against a step. */
export const faultCandidate = (draft: Pick<Draft, "now">, candidate: Candidate, { attempt, why }: Fault): Candidate => {
  const faults = candidate.faults + 1;
  const next = Math.max(...candidate.runs.map((run) => run.attempt)) + 1;
  const again: VerifyRun = { attempt: next, deadline: null, notBefore: draft.now + backOffMs(faults), verdict: null };
  return { ...candidate, runs: candidate.runs.map((run) => (run.attempt === attempt ? again : run)), faults, log: why };
};
