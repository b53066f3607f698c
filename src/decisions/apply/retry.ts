import { needsPerson } from "../../model/conflict.ts";
import type { Execution } from "../../model/execution.ts";
import { type Base, readTaskId, taskId, type TaskId } from "../../model/ids.ts";
import { refuse } from "../../model/refusal.ts";
import { isAsking, isIdle, type Step } from "../../model/step.ts";
import { notFailed } from "../../model/targets.ts";
import type { Draft } from "../draft.ts";
import { newsOf } from "../feedback.ts";
import { neededBy } from "../needs.ts";
import { agreedQueue, isRewoundQueue } from "../rewinds.ts";
import { whyUnlandable } from "../terms.ts";
import type { OnFound, OnStep } from "./answer.ts";
import { isToResume, resume } from "./resuming.ts";

/** Tries again what failed: a step, all of an execution, its plan; or lets a frozen base go on. Refusals: `not-failed`, `blocked`. */
export const retry: OnFound = (draft, { execution, step }, event) => {
  if (isToResume(execution, step)) return resumeWorkflow(draft, { execution, step }, event);
  if (step) return retryStep(draft, { execution, step, event });
  if (execution.state === "running" && draft.queue(execution.base).frozen) {
    agree(draft, execution.base);
    draft.note(`${event.by} lets ${execution.base} go on`);
    return null;
  }
  if (execution.state !== "failed") return notFailed(execution.id, execution.state).refusal;
  if (isUnplanned(execution)) {
    const hindered = whyUnlandable(draft, execution.base);
    if (hindered) return hindered;
    draft.putExecution({
      ...execution,
      state: "planning",
      why: null,
      planning: { attempt: execution.planning.attempt + 1, faults: 0, notBefore: 0, until: null },
    });
  } else {
    for (const each of Object.values(execution.steps)) if (each.state === "failed") again(draft, execution, each);
    reopen(draft, execution);
  }
  thaw(draft, execution);
  draft.note(`${event.by} retries ${execution.id}`);
  return null;
};

/** True for a request that has no plan yet; a workflow needs none. */
const isUnplanned = ({ workflow, plan, steps }: Execution): boolean => !workflow && (plan === null || Object.keys(steps).length === 0);

const resumeWorkflow: OnFound = (draft, { execution, step }, event) => {
  if (!execution.workflow) return null;
  const answer = resume(draft, { execution, run: execution.workflow, step, again });
  if (answer !== null) return answer;
  thaw(draft, execution);
  draft.note(`${event.by} retries ${step ? taskId(execution.id, step.id) : execution.id}`);
  return null;
};

const retryStep: OnStep = (draft, { execution, step, event }) => {
  const task = taskId(execution.id, step.id);
  if (step.state === "blocked") {
    const failed = failedBefore(draft, execution, step);
    const next = failed === null ? "/enki status" : `/enki retry ${failed}`;
    return refuse("blocked", `\`${task}\` is blocked by a step that it needs; retry that step first.`, next).refusal;
  }
  if (step.state !== "failed" && !isIdle(step)) return answerPeople(draft, { execution, step, event });
  again(draft, execution, step);
  reopen(draft, execution);
  thaw(draft, execution);
  draft.note(`${event.by} retries ${task}`);
  return null;
};

/** Work that is there is worked on again where people said something new on its pull request. Refusals: `not-failed`, `nothing-new`. */
const answerPeople: OnStep = (draft, { execution, step, event }) => {
  const task = taskId(execution.id, step.id);
  const isThere = step.head !== null && (step.state === "worker_done" || step.state === "waiting") && !isAsking(step);
  if (!isThere || step.pull === null) return notFailed(task, step.state).refusal;
  const news = newsOf(draft, { execution, step });
  if (!news) return null;
  if (news.items.length === 0) {
    const why = `\`${task}\` has not failed, and nobody has commented on #${step.pull} since its last attempt.`;
    return refuse("nothing-new", why, `review or comment on #${step.pull}`).refusal;
  }
  draft.putStep(execution.id, { ...step, state: "ready", why: null, until: null, faults: 0, notBefore: 0, lastFailure: null });
  reopen(draft, execution);
  draft.note(`${event.by} retries ${task} with what was said on #${step.pull}`);
  return null;
};

/** What failed of all that a blocked step needs, however far it is; null where that is not in the ledger. */
const failedBefore = (draft: Draft, execution: Execution, step: Step): TaskId | null => {
  const seen = new Set<TaskId>();
  const stack = [{ execution, step }];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const planned = draft.planned(at.execution, at.step.id);
    for (const { task, step: needed } of planned ? neededBy(draft, at.execution, planned) : []) {
      if (needed?.state === "failed") return task;
      const other = draft.execution(readTaskId(task)?.execution ?? "");
      if (needed?.state !== "blocked" || !other || seen.has(task)) continue;
      seen.add(task);
      stack.push({ execution: other, step: needed });
    }
  }
  return null;
};

const again = (draft: Draft, execution: Execution, step: Step): void => {
  const opened = `open-pull:${taskId(execution.id, step.id)}`;
  if (draft.trace(opened)?.refused) draft.dropTrace(opened);
  const state = isMade(step) ? "worker_done" : "pending";
  const { resolution, ...rest } = step;
  const anew = resolution && { resolution: { ...resolution, tries: 0, notBefore: 0, log: "", blamed: false } };
  const lastFailure = isIdle(step) ? `It found nothing to do: ${step.why?.why ?? ""} A person asked to look again.` : step.lastFailure;
  draft.putStep(execution.id, { ...rest, ...anew, state, from: null, why: null, faults: 0, notBefore: 0, until: null, lastFailure });
};

/** True where its work is there, and only the pull request was refused, or nobody could resolve its conflict. What no agent can resolve is worked on again. */
const isMade = ({ why, head, resolution }: Step): boolean => {
  if (why?.code !== "unresolved") return why?.code === "pull-refused";
  return head?.by === "person" || resolution?.conflicts.every((each) => !needsPerson(each)) === true;
};

/** An execution that failed goes on when something in it does. */
export const reopen = (draft: Draft, { id }: Execution): void => {
  const execution = draft.execution(id);
  if (execution?.state === "failed") draft.putExecution({ ...execution, state: "running", why: null });
};

/** A person who retries something else has seen why landing failed, but did not agree that the base lost commits. */
const thaw = (draft: Draft, { base }: Execution): void => {
  if (!isRewoundQueue(draft.queue(base))) agree(draft, base);
};

/** A person who retries has seen the base as it is now. */
const agree = (draft: Draft, base: Base): void => {
  const queue = draft.queue(base);
  if (queue.frozen) draft.putQueue(base, agreedQueue(queue, draft.base(base)));
};
