import { fail } from "../../domain/step-lifecycle.ts";
import { type Execution, isPlanning } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import { toJobKey, type JobKey } from "../../domain/job.ts";
import type { Candidate, Queue, VerifyRun } from "../../domain/queue.ts";
import type { WorkflowRunInfo } from "../../domain/github-facts.ts";
import { findOpenConflict, isAwaitingAnswer, isBeingResolved, isHeldByPerson, type Step } from "../../domain/step.ts";
import { workFault } from "../apply/failing.ts";
import { failPlanning, planFault } from "../apply/planned.ts";
import { faultCandidate } from "../apply/resulted.ts";
import { tryAgain } from "../apply/unresolved.ts";
import type { Draft } from "../draft.ts";

/** Ends every wait that is over: jobs whose run is gone or takes too long, and people who did not answer. */
export const reconcileDeadlines = (draft: Draft): void => {
  for (const execution of draft.executions()) {
    if (isPlanning(execution)) planning(draft, execution);
    if (execution.state === "proposed" || execution.state === "asking" || execution.amendment?.state === "proposed")
      unanswered(draft, execution);
    if (execution.state === "running" || execution.state === "paused") steps(draft, execution);
  }
  for (const [base, queue] of Object.entries(draft.ledger().queues)) candidates(draft, base, queue);
};

type Verdict = "alive" | "gone" | "late";

/** What became of a job that was started: asked only when its run is said to be over or its time is up. */
const inspect = (draft: Draft, job: JobKey, until: number | null): Verdict => {
  draft.wake(until);
  const late = until !== null && draft.now >= until;
  if (until === null || (!late && !draft.saidOver(job))) return "alive";
  const runs = draft.ask<"runs">({ kind: "runs" });
  if (!runs) return "alive";
  const run = liveliest(runs.filter((each) => each.name === job));
  if (run?.state === "done") return "gone";
  if (!late) return "alive";
  if (run) draft.post({ kind: "stop-job", key: `stop-job:${run.id}`, run: run.id });
  return "late";
};

/** Of a doubled start the run that is not over, else the newest. */
const liveliest = (runs: readonly WorkflowRunInfo[]): WorkflowRunInfo | null =>
  runs.find(({ state }) => state !== "done") ??
  runs.reduce<WorkflowRunInfo | null>((last, each) => (last === null || each.id > last.id ? each : last), null);

const reason = (verdict: "gone" | "late"): string => (verdict === "gone" ? "its run ended without a result" : "it took longer than it may");

const planning = (draft: Draft, execution: Execution): void => {
  const job = toJobKey({ kind: "plan", target: execution.id, attempt: execution.planning.attempt });
  const verdict = inspect(draft, job, execution.planning.deadline);
  if (verdict !== "alive") planFault(draft, execution, reason(verdict));
};

const unanswered = (draft: Draft, execution: Execution): void => {
  const { deadline } = execution.planning;
  draft.wake(deadline);
  if (deadline === null || draft.now < deadline) return;
  const next = `/enki retry ${execution.id}`;
  const why =
    execution.state === "asking"
      ? { code: "no-answer", message: "Nobody answered the planner in time.", next }
      : { code: "no-approval", message: "Nobody approved the plan in time.", next };
  failPlanning(draft, execution, why);
};

const steps = (draft: Draft, execution: Execution): void => {
  for (const step of draft.steps(execution.id)) {
    if (isBeingResolved(step)) resolving(draft, execution, step);
    if (step.deadline === null) continue;
    if (step.state === "running") {
      const job = toJobKey({ kind: "work", target: toTaskId(execution.id, step.id), attempt: step.attempt });
      const verdict = inspect(draft, job, step.deadline);
      if (verdict !== "alive") workFault(draft, { execution, step, why: reason(verdict) });
    } else if (step.state === "waiting" && execution.state === "running") {
      draft.wake(step.deadline);
      if (draft.now < step.deadline) continue;
      const next = `/enki retry ${toTaskId(execution.id, step.id)}`;
      const why = isAwaitingAnswer(step)
        ? { code: "no-answer", message: "Nobody answered it in time.", next }
        : isHeldByPerson(step) && step.refusal
          ? { code: "held-too-long", message: `It was held too long. ${step.refusal.message}`, next }
          : { code: "no-approval", message: "Nobody approved it in time.", next };
      draft.putStep(execution.id, fail(step, why));
    }
  }
};

const resolving = (draft: Draft, execution: Execution, step: Step): void => {
  const resolution = findOpenConflict(step);
  if (!resolution) return;
  const job = toJobKey({ kind: "resolve", target: toTaskId(execution.id, step.id), attempt: resolution.attempt });
  const verdict = inspect(draft, job, resolution.deadline);
  if (verdict !== "alive") tryAgain(draft, { execution, step, resolution }, { why: reason(verdict), fault: true });
};

const candidates = (draft: Draft, base: string, queue: Queue): void => {
  const next = queue.candidates.map((candidate) => candidate.runs.reduce((at, run) => verification(draft, at, run), candidate));
  if (next.some((candidate, at) => candidate !== queue.candidates[at])) draft.putQueue(base, { ...queue, candidates: next });
};

const verification = (draft: Draft, candidate: Candidate, { attempt, verdict, deadline, verified }: VerifyRun): Candidate => {
  if (verdict !== null || deadline === null || verified) return candidate;
  const end = inspect(draft, toJobKey({ kind: "verify", target: candidate.commit, attempt }), deadline);
  return end === "alive" ? candidate : faultCandidate(draft, candidate, { attempt, why: reason(end) });
};
