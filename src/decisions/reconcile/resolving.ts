import { type Conflict, MAX_TRIES, type Resolution } from "../../model/conflict.ts";
import type { Config } from "../../model/config.ts";
import type { Execution } from "../../model/execution.ts";
import { type Sha, taskId, type TaskId } from "../../model/ids.ts";
import { taskRef } from "../../model/refs.ts";
import { conflictOf, isBeingResolved, type Step } from "../../model/step.ts";
import { matches } from "../../policy/glob.ts";
import { conflictWords } from "../../render/conflicts.ts";
import { statusText } from "../../render/statuses.ts";
import { type At, findStep } from "../apply/failing.ts";
import { needPerson, whyPerson } from "../apply/unresolved.ts";
import type { Draft } from "../draft.ts";

/** Forgets conflicts that are none any more: what landed since, or a new head, did away with them. What runs for them is stopped first. */
export const reconcileResolving = (draft: Draft): void => {
  for (const execution of draft.executions()) {
    if (execution.state !== "running") continue;
    for (const step of draft.steps(execution.id)) if (step.resolution && isPast(draft, execution, step)) forget(draft, execution, step);
  }
};

const isPast = (draft: Draft, execution: Execution, step: Step): boolean => {
  const { resolution, head, state } = step;
  if (!resolution || resolution.made !== null || isBeingResolved(step)) return false;
  return resolution.head !== head?.sha || ((state === "worker_done" || state === "waiting") && !isWantedResolution(draft, execution, step));
};

const forget = (draft: Draft, execution: Execution, { resolution, ...step }: Step): void => {
  draft.putStep(execution.id, step);
  const commit = step.head?.sha;
  // Its status said that it is being resolved.
  if (commit !== undefined && commit === resolution?.head)
    draft.post({ kind: "set-status", key: `set-status:${commit}`, commit, state: "pending", text: statusText(step) });
};

/** True while a step's present head conflicts with the base, for all that is known. */
export const isWantedResolution = (draft: Draft, { id, base }: Execution, step: Step): boolean => {
  if (!conflictOf(step)) return false;
  const task = taskId(id, step.id);
  const item = draft.queue(base).items.find((each) => each.task === task && each.head === step.head?.sha);
  return !item || item.state === "resolving" || item.met === null;
};

/** With `from` only what the head changed since that counts. */
type Met = { readonly task: TaskId; readonly head: Sha; readonly onto: Sha; readonly from?: Sha };

/** Writes down that a head conflicts with the base; told as long as it does. A try that runs goes on, whatever lands meanwhile. */
export const meetConflict = (draft: Draft, { task, head, onto, from }: Met): void => {
  const found = findStep(draft, task);
  if (found?.step.head?.sha !== head) return;
  const { execution, step } = found;
  const known = conflictOf(step);
  if (known && (known.onto === onto || known.until !== null)) return;
  const own = from === undefined ? {} : { from };
  const conflicts = draft.ask<"conflicts">({ kind: "conflicts", onto, head, ...own });
  if (!conflicts) return;
  const { refinery, policy } = draft.snapshot.config;
  const made = anewBy(refinery.regenerate, conflicts);
  const resolution = { ...begun(step, known), head, onto, conflicts, ...made, ...own };
  const why = whyPerson(conflicts, made.anew, policy.protected);
  if (why !== null) return needPerson(draft, { execution, step, resolution }, why);
  draft.putStep(execution.id, { ...step, resolution });
  draft.note(`${task} conflicts with ${execution.base} in ${conflictWords(conflicts)}`);
};

/** A conflict of the present head that nobody tried to resolve, or what came of that so far. */
const begun = ({ head, on }: Step, known: Resolution | null): Omit<Resolution, "head" | "onto" | "conflicts" | "anew" | "commands"> => {
  const fresh = { attempt: 0, tries: 0, notBefore: 0, until: null, log: "", made: null, said: "", blamed: false };
  const { from: _, ...rest } = known ?? {};
  return { ...fresh, ...rest, before: { ...(head?.base !== undefined && { base: head.base }), on } };
};

/** Conflicting files that commands make anew. What is no file cannot be made. */
const anewBy = (regenerate: Config["refinery"]["regenerate"], conflicts: readonly Conflict[]) => {
  const made = conflicts.flatMap(({ path, kind }) => {
    const found = kind === "submodule" || kind === "link" ? undefined : Object.entries(regenerate).find(([glob]) => matches(glob, path));
    return found ? [{ path, command: found[1] }] : [];
  });
  return { anew: made.map(({ path }) => path), commands: [...new Set(made.map(({ command }) => command))] };
};

/** A resolution that is not verified is blamed before the step is, once: the head that conflicted is resolved again. False where there is none to blame. */
export const blameResolution = (draft: Draft, { execution, step, log }: At & { log: string }): boolean => {
  const { resolution, head } = step;
  if (!resolution || !head || resolution.made !== head.sha || resolution.blamed) return false;
  const task = taskId(execution.id, step.id);
  draft.move(taskRef(task), resolution.head);
  const { base: _, ...rest } = head;
  const { base, on = step.on } = resolution.before ?? {};
  const again = { ...resolution, tries: Math.min(resolution.tries, MAX_TRIES - 1), made: null, blamed: true, log };
  draft.putStep(execution.id, {
    ...step,
    state: "worker_done",
    why: null,
    until: null,
    on,
    head: { ...rest, sha: resolution.head, since: draft.now, ...(base !== undefined && { base }) },
    resolution: again,
  });
  draft.note(`${task}: its resolution is not verified; back to ${resolution.head.slice(0, 12)}, and once more`);
  return true;
};
