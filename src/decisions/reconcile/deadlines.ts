import { type Execution, isPlanning } from "../../model/execution.ts";
import { taskId } from "../../model/ids.ts";
import { jobKey, type JobKey } from "../../model/job.ts";
import type { Candidate, Queue, VerifyRun } from "../../model/queue.ts";
import type { Run } from "../../model/query.ts";
import { conflictOf, isAsking, isBeingResolved, isKept, type Step } from "../../model/step.ts";
import { workFault } from "../apply/failing.ts";
import { failPlanning, planFault } from "../apply/planned.ts";
import { faultCandidate } from "../apply/resulted.ts";
import { tryAgain } from "../apply/unresolved.ts";
import type { Draft } from "../draft.ts";

/** Ends every wait that is over: jobs whose run is gone or takes too long, and people who did not answer. */
export const reconcileDeadlines = (draft: Draft): void => {
  for (const execution of draft.executions()) {
    if (isPlanning(execution)) planning(draft, execution);
    if (execution.state === "proposed" || execution.state === "asking" || execution.adding?.state === "proposed")
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
const liveliest = (runs: readonly Run[]): Run | null =>
  runs.find(({ state }) => state !== "done") ??
  runs.reduce<Run | null>((last, each) => (last === null || each.id > last.id ? each : last), null);

const reason = (verdict: "gone" | "late"): string => (verdict === "gone" ? "its run ended without a result" : "it took longer than it may");

const planning = (draft: Draft, execution: Execution): void => {
  const job = jobKey({ kind: "plan", target: execution.id, attempt: execution.planning.attempt });
  const verdict = inspect(draft, job, execution.planning.until);
  if (verdict !== "alive") planFault(draft, execution, reason(verdict));
};

const unanswered = (draft: Draft, execution: Execution): void => {
  const { until } = execution.planning;
  draft.wake(until);
  if (until === null || draft.now < until) return;
  const next = `/enki retry ${execution.id}`;
  const why =
    execution.state === "asking"
      ? { code: "no-answer", why: "Nobody answered the planner in time.", next }
      : { code: "no-approval", why: "Nobody approved the plan in time.", next };
  failPlanning(draft, execution, why);
};

const steps = (draft: Draft, execution: Execution): void => {
  for (const step of draft.steps(execution.id)) {
    if (isBeingResolved(step)) resolving(draft, execution, step);
    if (step.until === null) continue;
    if (step.state === "running") {
      const job = jobKey({ kind: "work", target: taskId(execution.id, step.id), attempt: step.attempt });
      const verdict = inspect(draft, job, step.until);
      if (verdict !== "alive") workFault(draft, { execution, step, why: reason(verdict) });
    } else if (step.state === "waiting" && execution.state === "running") {
      draft.wake(step.until);
      if (draft.now < step.until) continue;
      const next = `/enki retry ${taskId(execution.id, step.id)}`;
      const why = isAsking(step)
        ? { code: "no-answer", why: "Nobody answered it in time.", next }
        : isKept(step) && step.why
          ? { code: "held-too-long", why: `It was held too long. ${step.why.why}`, next }
          : { code: "no-approval", why: "Nobody approved it in time.", next };
      draft.putStep(execution.id, { ...step, state: "failed", why, until: null });
    }
  }
};

const resolving = (draft: Draft, execution: Execution, step: Step): void => {
  const resolution = conflictOf(step);
  if (!resolution) return;
  const job = jobKey({ kind: "resolve", target: taskId(execution.id, step.id), attempt: resolution.attempt });
  const verdict = inspect(draft, job, resolution.until);
  if (verdict !== "alive") tryAgain(draft, { execution, step, resolution }, { why: reason(verdict), fault: true });
};

const candidates = (draft: Draft, base: string, queue: Queue): void => {
  const next = queue.candidates.map((candidate) => candidate.runs.reduce((at, run) => verification(draft, at, run), candidate));
  if (next.some((candidate, at) => candidate !== queue.candidates[at])) draft.putQueue(base, { ...queue, candidates: next });
};

const verification = (draft: Draft, candidate: Candidate, { attempt, verdict, until, verified }: VerifyRun): Candidate => {
  if (verdict !== null || until === null || verified) return candidate;
  const end = inspect(draft, jobKey({ kind: "verify", target: candidate.commit, attempt }), until);
  return end === "alive" ? candidate : faultCandidate(draft, candidate, { attempt, why: reason(end) });
};
