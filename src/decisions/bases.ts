import type { Execution } from "../model/execution.ts";
import { type Base, readTaskId, type Sha, taskId, type TaskId } from "../model/ids.ts";
import type { PlannedStep } from "../model/plan.ts";
import { candidateRef } from "../model/refs.ts";
import type { Refusal } from "../model/refusal.ts";
import { isOffered, type Step } from "../model/step.ts";
import { baseMessage } from "../render/commits.ts";
import type { WorkflowRun } from "../model/workflow-run.ts";
import type { Draft } from "./draft.ts";
import { openFlow } from "../workflow/open-flow.ts";
import { stepsBefore } from "../workflow/pieces.ts";
import { neededBy } from "./needs.ts";

/** The commit that a step works on, and the unlanded heads in it; or why there is none. */
export type Built = { readonly commit: Sha; readonly on: Step["on"] } | { readonly why: Refusal };

/**
 * The base branch with the published heads of what a step needs as `completed` and what has not landed, merged in as a candidate is.
 * Undefined while that is not known. Refusals: `base-missing`, `base-conflict`.
 */
export const buildBase = (draft: Draft, execution: Execution, planned: PlannedStep): Built | undefined =>
  buildOn(draft, { execution, planned, on: unlanded(draft, execution, planned) });

/** The same without what the step itself did before, and without what landed since in other commits. */
export const buildWithoutOwn = (
  draft: Draft,
  execution: Execution,
  { planned, step }: { planned: PlannedStep; step: Step },
): Built | undefined => {
  const own = taskId(execution.id, step.id);
  return buildOn(draft, { execution, planned, on: step.on.filter((entry) => entry.task !== own && !find(draft, entry.task)?.step.landed) });
};

type Building = { readonly execution: Execution; readonly planned: PlannedStep; readonly on: Step["on"] };

const buildOn = (draft: Draft, { execution, planned, on }: Building): Built | undefined => {
  const task = taskId(execution.id, planned.id);
  const tip = draft.base(execution.base);
  if (tip === null) return { why: { code: "base-missing", why: `The branch \`${execution.base}\` is gone.`, next: `/enki retry ${task}` } };
  if (on.length === 0) return { commit: tip, on };
  const merges = on.map(({ task: needed, head }) => ({ task: needed, head, message: baseMessage(needed, head), needs: [] }));
  const links = draft.ask<"chain">({ kind: "chain", onto: tip, merges });
  if (!links) return undefined;
  const at = links.findIndex(({ kind }) => kind === "conflict");
  const last = links[at < 0 ? links.length - 1 : at];
  if (last?.kind !== "conflict") return { commit: last?.kind === "merged" ? last.commit : tip, on };
  const files = last.paths.slice(0, 5).join(", ");
  const why = `It builds on \`${on[at]?.task}\`, which conflicts with \`${execution.base}\` or with what else it builds on, in ${files}.`;
  return { why: { code: "base-conflict", why, next: `/enki retry ${task}` } };
};

/** Heads on the way to the same base branch that this step builds on, in the order of its needs. */
const unlanded = (draft: Draft, execution: Execution, planned: PlannedStep): Step["on"] =>
  execution.workflow ? ofWorkflow(execution, execution.workflow, planned) : ofNeeds(draft, execution, planned);

/** In a workflow all that came before, also in the rounds of a loop: a role goes on from its own work. */
const ofWorkflow = ({ id, steps }: Execution, run: WorkflowRun, planned: PlannedStep): Step["on"] => {
  const path = run.pieces[planned.id];
  const flow = openFlow(run);
  if (!path || !flow.ok) return [];
  return stepsBefore(flow.value, run, { path, loops: true }).flatMap((each) => {
    const { head, landed, state } = steps[each] ?? {};
    return head && !landed && (state === "worker_done" || each === planned.id) ? [{ task: taskId(id, each), head: head.sha }] : [];
  });
};

const ofNeeds = (draft: Draft, execution: Execution, planned: PlannedStep): Step["on"] =>
  neededBy(draft, execution, planned).flatMap(({ need, task, state, step }) => {
    if (need.condition !== "completed" || !step?.head || (state !== "worker_done" && !isOffered(step))) return [];
    return baseOf(draft, task) === execution.base ? [{ task, head: step.head.sha }] : [];
  });

const find = (draft: Draft, task: TaskId): { execution: Execution; step: Step } | null => {
  const id = readTaskId(task);
  const execution = id && draft.execution(id.execution);
  const step = id && execution?.steps[id.step];
  return execution && step ? { execution, step } : null;
};

const baseOf = (draft: Draft, task: TaskId): Base | null => find(draft, task)?.execution.base ?? null;

/** Makes a commit that only we have known to the jobs that work on it. */
export const publishBase = (draft: Draft, base: Base, { commit, on }: { commit: Sha; on: Step["on"] }): void => {
  const ref = candidateRef(base, commit);
  if (on.length > 0 && draft.ref(ref) !== commit) draft.move(ref, commit);
};

/** Commits that steps work or worked on and that no branch holds: needed until their work has landed or is given up. */
export const heldBases = (draft: Draft, base: Base): Sha[] =>
  draft
    .executions()
    .filter((execution) => execution.base === base)
    .flatMap(({ id }) => draft.steps(id))
    .flatMap(({ on, base: commit, state }) => (on.length > 0 && commit !== null && !GONE.has(state) ? [commit] : []));

const GONE: ReadonlySet<Step["state"]> = new Set(["done", "skipped", "cancelled"]);

/** True when a step holds work that will not land as it is: it was skipped, replaced by another head, or landed in other commits. Undefined while that is not known. */
export const isStale = (draft: Draft, { on }: Step): boolean | undefined => {
  const each = on.map((entry) => isApart(draft, entry) || isReplaced(draft, entry));
  return each.includes(true) ? true : each.includes(undefined) ? undefined : false;
};

/** True for work that landed by a squash or a rebase: the base holds it in other commits. */
const isApart = (draft: Draft, { task }: Step["on"][number]): boolean => find(draft, task)?.step.landed?.apart === true;

/** True when all that will not land as it is has landed in other commits. Undefined while that is not known. */
export const isOnlyApart = (draft: Draft, { on }: Step): boolean | undefined => {
  const others = on.filter((entry) => !isApart(draft, entry)).map((entry) => isReplaced(draft, entry));
  return others.includes(true) ? false : others.includes(undefined) ? undefined : true;
};

const isReplaced = (draft: Draft, { task, head }: Step["on"][number]): boolean | undefined => {
  const found = find(draft, task);
  if (!found) return false;
  const { step } = found;
  if (step.state === "skipped") return true;
  if (step.head?.sha === head) return false;
  // What is done again has no new head yet; it is waited for.
  if (step.state !== "worker_done" && step.state !== "waiting" && step.state !== "done") return false;
  if (!step.head) return true;
  const contained = draft.ask<"contains">({ kind: "contains", commit: head, tip: step.head.sha });
  return contained === undefined ? undefined : !contained;
};
