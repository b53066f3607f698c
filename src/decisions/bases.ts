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
import { isRewound, isStranded } from "./rewinds.ts";

/** The commit that a step works on, the unlanded heads in it, and the tip of the base that it was made on; or why there is none. */
export type Built = { readonly commit: Sha; readonly on: Step["on"]; readonly tip?: Sha | undefined } | { readonly why: Refusal };

/** Bases that have a queue, or that something runs for. */
export const liveBases = (draft: Draft): Base[] => [
  ...new Set([
    ...Object.keys(draft.ledger().queues),
    ...draft
      .executions()
      .filter(({ state }) => state === "running")
      .map(({ base }) => base),
  ]),
];

/**
 * The base branch with the published heads of what a step needs as `completed` and what has not landed, merged in as a candidate is.
 * Undefined while that is not known. Refusals: `base-missing`, `base-conflict`; `base-waits` while a person has to agree to the base, or what it builds on
 * is carried to it.
 */
export const buildBase = (draft: Draft, execution: Execution, planned: PlannedStep): Built | undefined =>
  buildOn(draft, { execution, planned, on: unlanded(draft, execution, planned) });

/** The same without the step's own head, which a role in a loop goes on from: what its own changes are put on. */
export const buildGround = (draft: Draft, execution: Execution, planned: PlannedStep): Built | undefined => {
  const own = taskId(execution.id, planned.id);
  return buildOn(draft, { execution, planned, on: unlanded(draft, execution, planned).filter(({ task }) => task !== own) });
};

/** What it was built on before, without what the step itself did, and without what landed since in other commits. */
export const buildWithoutOwn = (
  draft: Draft,
  execution: Execution,
  { planned, step }: { planned: PlannedStep; step: Step },
): Built | undefined => {
  const own = taskId(execution.id, step.id);
  return buildOn(draft, { execution, planned, on: step.on.filter((entry) => entry.task !== own && !find(draft, entry.task)?.step.landed) });
};

/** True where a commit to build on is only waited for. */
export const isWaiting = (built: Built): boolean => "why" in built && built.why.code === "base-waits";

type Building = { readonly execution: Execution; readonly planned: PlannedStep; readonly on: Step["on"] };

const buildOn = (draft: Draft, { execution, planned, on }: Building): Built | undefined => {
  const task = taskId(execution.id, planned.id);
  const tip = draft.base(execution.base);
  if (tip === null) return { why: { code: "base-missing", why: `The branch \`${execution.base}\` is gone.`, next: `/enki retry ${task}` } };
  const waits = mustWait(draft, execution, on);
  if (waits === undefined) return undefined;
  if (waits) return { why: { code: "base-waits", why: `\`${execution.base}\` was rewound.`, next: "" } };
  const commit = mergeOn(draft, tip, on);
  if (commit === undefined) return undefined;
  if (typeof commit === "string") return { commit, on, tip };
  const files = commit.paths.slice(0, 5).join(", ");
  const why = `It builds on \`${commit.task}\`, which conflicts with \`${execution.base}\` or with another step that it builds on, in ${files}.`;
  return { why: { code: "base-conflict", why, next: `/enki retry ${task}` } };
};

/** A tip with these heads merged into it in order; where that conflicts, with which and in what. Undefined while it is not known. */
export const mergeOn = (
  draft: Draft,
  tip: Sha,
  on: Step["on"],
): Sha | { readonly task: TaskId; readonly paths: readonly string[] } | undefined => {
  if (on.length === 0) return tip;
  const merges = on.map(({ task: needed, head }) => ({ task: needed, head, message: baseMessage(needed, head), needs: [] }));
  const links = draft.ask<"chain">({ kind: "chain", onto: tip, merges });
  if (!links) return undefined;
  const at = links.findIndex(({ kind }) => kind === "conflict");
  const last = links[at < 0 ? links.length - 1 : at];
  if (last?.kind === "conflict") return { task: on[at]?.task ?? "-", paths: last.paths };
  return last?.kind === "merged" ? last.commit : tip;
};

/** True while a base was rewound and nobody agreed to that, or one of these heads would bring back what it lost. Undefined while that is not known. */
const mustWait = (draft: Draft, { base }: Execution, on: Step["on"]): boolean | undefined => {
  const each = [
    isRewound(draft, base),
    ...on.map(({ task }) => isStranded(draft, base, find(draft, task)?.step ?? { head: null, on: [] })),
  ];
  return each.includes(true) ? true : each.includes(undefined) ? undefined : false;
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
    .flatMap(({ on, base: commit, state, resolution }) => [
      ...(on.length > 0 && commit !== null && !GONE.has(state) ? [commit] : []),
      ...(resolution?.from !== undefined && !GONE.has(state) ? [resolution.from] : []),
    ]);

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
