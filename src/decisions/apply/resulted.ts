import type { Execution } from "../../model/execution.ts";
import type { Event } from "../../model/event.ts";
import { checkPlan } from "../../model/graph.ts";
import { readTaskId, taskId, type Sha } from "../../model/ids.ts";
import { type Job, type JobResult, readJobKey } from "../../model/job.ts";
import type { Answers } from "../../model/query.ts";
import type { Candidate } from "../../model/queue.ts";
import type { Refusal } from "../../model/refusal.ts";
import { taskRef } from "../../model/refs.ts";
import type { Step } from "../../model/step.ts";
import { workMessage } from "../../render/commits.ts";
import type { Draft } from "../draft.ts";
import { backOff, MAX_FAULTS, PERSON_WAIT } from "../faults.ts";

type Resulted = Extract<Event, { kind: "resulted" }>;

/** Takes a job's result in, once; a result that nobody waits for any more is kept and changes nothing. */
export const applyResulted = (draft: Draft, event: Resulted): void => {
  const job = readJobKey(event.result.job);
  if (!job) return;
  switch (job.kind) {
    case "plan":
      return planned(draft, job, event.result);
    case "work":
    case "resolve":
      return worked(draft, job, event);
    case "verify":
      return verified(draft, job, event.result);
  }
};

const isFault = (end: JobResult["end"]): boolean => end === "crashed" || end === "timed-out";

const planned = (draft: Draft, job: Job, result: JobResult): void => {
  const execution = draft.execution(job.target);
  if (!execution || execution.state !== "planning" || execution.planning.attempt !== job.attempt) return;
  const spent = execution.spent + result.spent;
  if (isFault(result.end)) return planFault(draft, { ...execution, spent }, result.why);
  const proposal = result.tools.findLast((command) => command.kind === "propose");
  if (!proposal) {
    const because = result.why === "" ? "." : `: ${result.why}.`;
    const words = result.output === "" ? "" : ` It said: ${result.output}`;
    const why = {
      code: "no-plan",
      why: `The planner ended without a plan${because}${words}`,
      next: `/enki retry ${execution.id}`,
    };
    return fail(draft, { ...execution, spent }, why);
  }
  const checked = checkPlan(proposal.plan, draft.snapshot.config.plan.maxSteps);
  if (!checked.ok) return fail(draft, { ...execution, spent }, { ...checked.refusal, next: `/enki retry ${execution.id}` });
  const plan = draft.putPlan(checked.value);
  const free = draft.snapshot.config.plan.approval === "never" && !execution.planOnly;
  draft.putExecution({
    ...execution,
    spent,
    plan,
    state: "proposed",
    planning: { ...execution.planning, faults: 0, until: free ? null : draft.now + PERSON_WAIT },
  });
  draft.note(`plan ${plan.slice(0, 12)} proposed for ${execution.id}`);
};

const fail = (draft: Draft, execution: Execution, why: Refusal): void => {
  draft.putExecution({ ...execution, state: "failed", why, planning: { ...execution.planning, until: null } });
  draft.note(`${execution.id} failed: ${why.code}`);
};

/** Tries the planner again, or gives up after {@link MAX_FAULTS} faults. */
export const planFault = (draft: Draft, execution: Execution, text: string): void => {
  const faults = execution.planning.faults + 1;
  if (faults > MAX_FAULTS) {
    return fail(draft, execution, {
      code: "planner-faults",
      why: `The planner's job ended badly ${faults} times: ${text}`,
      next: `/enki retry ${execution.id}`,
    });
  }
  const { attempt } = execution.planning;
  draft.putExecution({ ...execution, planning: { attempt: attempt + 1, faults, notBefore: draft.now + backOff(faults), until: null } });
  draft.note(`plan of ${execution.id}: fault ${faults}: ${text}`);
};

const worked = (draft: Draft, job: Job, event: Resulted): void => {
  const id = readTaskId(job.target);
  const execution = id && draft.execution(id.execution);
  const step = id && execution?.steps[id.step];
  if (!execution || !step || step.state !== "running" || step.attempt !== job.attempt) return;
  // Publish names the commit that the job was told; who pushes a result by hand could name any, also one that nobody has.
  if (event.result.base !== step.base) return draft.note(`${job.target}: a result on another commit was left aside`);
  if (event.result.spent > 0) draft.putExecution({ ...execution, spent: execution.spent + event.result.spent });
  close(draft, { execution, step: { ...step, result: event.commit, output: event.result.output, until: null }, event });
};

/** What the end of a job makes of its step. */
const close = (draft: Draft, { execution, step, event }: At & { event: Resulted }): void => {
  const { result } = event;
  switch (result.end) {
    case "success":
      return deliver(draft, { execution, step, event });
    case "artifact":
    case "unchanged":
      return finish(draft, { execution, step, artifact: result.artifact });
    case "timed-out":
    case "crashed":
      return workFault(draft, { execution, step, why: result.why || result.end });
    case "failed":
    case "asked":
    case "cancelled":
    case "refused": {
      const next = `/enki retry ${taskId(execution.id, step.id)}`;
      const why = { code: `work-${result.end}`, why: result.why || `the job ended as ${result.end}`, next };
      return failStep(draft, { execution, step, why, log: result.output });
    }
  }
};

type At = { readonly execution: Execution; readonly step: Step };

/** A step without files: a report, or nothing to do. A checkpoint among them waits for `/enki approve <task>@<result>`. */
const finish = (draft: Draft, { execution, step, artifact }: At & { artifact: string | null }): void => {
  const tip = draft.ref(taskRef(taskId(execution.id, step.id)));
  if (artifact === null && tip !== null) return keepBranch(draft, { execution, step, tip });
  if (artifact !== null) draft.putArtifact(execution.id, step.id, artifact);
  const checkpoint = draft.planned(execution, step.id)?.checkpoint === true;
  const task = taskId(execution.id, step.id);
  const next = { ...step, faults: 0, artifact: artifact !== null };
  if (!checkpoint) {
    draft.putStep(execution.id, { ...next, state: "done", why: null });
    draft.note(`${task} done: ${artifact === null ? "nothing to land" : "artifact"}`);
    return;
  }
  const approve = `/enki approve ${task}@${(step.result ?? "").slice(0, 12)}`;
  const why = { code: "checkpoint", why: "What needs this step waits for a person's approval of its result.", next: approve };
  draft.putStep(execution.id, { ...next, state: "waiting", why, until: draft.now + PERSON_WAIT });
  draft.note(`${task} waits for an approval`);
};

/** Nothing was added to a branch that is there: what a person pushed to it is the work; what an earlier attempt made is not taken for done. */
const keepBranch = (draft: Draft, { execution, step, tip }: At & { tip: Sha }): void => {
  const task = taskId(execution.id, step.id);
  if (tip !== step.head?.sha || step.head.by === "person") {
    const head = { sha: tip, since: draft.now, by: "person" } as const;
    draft.putStep(execution.id, { ...step, faults: 0, state: "worker_done", why: null, head });
    return draft.note(`${task} adds nothing to ${tip.slice(0, 12)}, which a person pushed`);
  }
  const text = "Its new attempt changed nothing; what an earlier one made is still on its branch.";
  failStep(draft, { execution, step, why: { code: "work-unchanged", why: text, next: `/enki retry ${task}` }, log: step.output });
};

type Carried = { readonly work: Answers["work"]; readonly by: "worker" | "person" };

/** A result's files as a commit: on top of what a person pushed to its branch, else on the newest base. Undefined while it is not known. */
const carry = (draft: Draft, { execution, step, event }: At & { event: Resulted }, message: string): Carried | undefined => {
  const tip = draft.ref(taskRef(taskId(execution.id, step.id)));
  const pushed = tip !== null && (tip !== step.head?.sha || step.head.by === "person") ? tip : null;
  const { base } = event.result;
  const onto = pushed ?? draft.base(execution.base) ?? base;
  const work = draft.ask<"work">({ kind: "work", result: event.commit, base, onto, message });
  if (!work || pushed !== null) return work && { work, by: "person" };
  // What conflicts with the newest base stays on the base that it was made on; the refinery finds the conflict with both sides.
  const own = work.kind === "conflict" ? draft.ask<"work">({ kind: "work", result: event.commit, base, onto: base, message }) : work;
  return own && { work: own, by: "worker" };
};

/** Turns a result's files into the head of the step's branch. */
const deliver = (draft: Draft, at: At & { event: Resulted }): void => {
  const { execution, step, event } = at;
  const task = taskId(execution.id, step.id);
  const planned = draft.planned(execution, step.id);
  if (!planned) return;
  const carried = carry(draft, at, workMessage({ execution, step: planned, suffix: draft.snapshot.config.git.commitSuffix }));
  if (!carried) return;
  const { work, by } = carried;
  if (work.kind === "unchanged") return finish(draft, { execution, step, artifact: null });
  if (work.kind === "conflict") {
    const why = `It conflicts with what its branch or its base holds, in ${work.paths.slice(0, 5).join(", ")}.`;
    return failStep(draft, { execution, step, why: { code: "work-conflict", why, next: `/enki retry ${task}` }, log: "" });
  }
  draft.move(taskRef(task), work.commit);
  const head = { sha: work.commit, since: draft.now, by };
  draft.putStep(execution.id, { ...step, faults: 0, state: "worker_done", why: null, base: event.result.base, head });
  draft.note(`${task} delivered ${work.commit.slice(0, 12)}`);
};

/** Tries a step again after a fault, or fails it after {@link MAX_FAULTS}. */
export const workFault = (draft: Draft, { execution, step, why }: At & { why: string }): void => {
  const faults = step.faults + 1;
  const task = taskId(execution.id, step.id);
  if (faults > MAX_FAULTS) {
    return failStep(draft, {
      execution,
      step: { ...step, faults },
      why: { code: "work-faults", why: `Its job ended badly ${faults} times: ${why}`, next: `/enki retry ${task}` },
      log: why,
    });
  }
  draft.putStep(execution.id, { ...step, faults, state: "ready", until: null, notBefore: draft.now + backOff(faults), lastFailure: why });
  draft.note(`${task}: fault ${faults}: ${why}`);
};

export const failStep = (draft: Draft, { execution, step, why, log }: At & { why: Refusal; log: string }): void => {
  draft.putStep(execution.id, { ...step, state: "failed", why, until: null, lastFailure: log || why.why });
  draft.note(`${taskId(execution.id, step.id)} failed: ${why.code}`);
};

const verified = (draft: Draft, job: Job, result: JobResult): void => {
  for (const [base, queue] of Object.entries(draft.ledger().queues)) {
    const at = queue.candidates.findIndex((each) => each.commit === job.target && each.attempt === job.attempt && each.verdict === null);
    const candidate = queue.candidates[at];
    if (!candidate) continue;
    const next = judge(draft, candidate, result);
    draft.putQueue(base, { ...queue, candidates: queue.candidates.with(at, next) });
    draft.note(`candidate ${short(candidate.commit)}: ${result.end}`);
  }
};

const short = (commit: Sha): string => commit.slice(0, 12);

const judge = (draft: Draft, candidate: Candidate, result: JobResult): Candidate => {
  if (result.end === "success") return { ...candidate, verdict: "green", until: null };
  if (result.end === "failed") return { ...candidate, verdict: "red", until: null, log: result.output };
  return faultCandidate(draft, candidate, result.why || result.end);
};

/** A verify job that ended badly is started again with a back-off: faults are never held against a step. */
export const faultCandidate = (draft: Draft, candidate: Candidate, why: string): Candidate => {
  const attempt = candidate.attempt + 1;
  return { ...candidate, attempt, until: null, notBefore: draft.now + backOff(attempt), log: why };
};
