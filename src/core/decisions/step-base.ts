import type { Execution } from "../domain/execution.ts";
import { type BranchName, readTaskId, type Sha, toTaskId, type TaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { toCandidateRef } from "../domain/refs.ts";
import type { Refusal } from "../domain/refusal.ts";
import { isHeldButBuildable, type Step } from "../domain/step.ts";
import { formatBaseMessage } from "../messages/commit-messages.ts";
import type { WorkflowRun } from "../domain/workflow-run.ts";
import type { DecisionTransaction } from "./decision-transaction.ts";
import { linkWorkflow } from "../workflow/link-workflow.ts";
import { listStepsBefore } from "../workflow/node-step.ts";
import { neededBy } from "./needs.ts";
import { isRewound, isStranded } from "./base-rewinds.ts";

/** The commit that a step works on, the unlanded heads in it, and the tip of the base that it was made on; or why there is none. */
export type Built = { readonly commit: Sha; readonly on: Step["builtOn"]; readonly baseTip?: Sha | undefined } | { readonly why: Refusal };

/** Bases that have a queue, or that something runs for. */
export const liveBases = (tx: DecisionTransaction): BranchName[] => [
  ...new Set([
    ...Object.keys(tx.ledger().queues),
    ...tx
      .executions()
      .filter(({ state }) => state === "running")
      .map(({ baseBranch }) => baseBranch),
  ]),
];

/**
 * The base branch with the published heads of what a step needs as `completed` and what has not landed, merged in as a candidate is.
 * Undefined while that is not known. Refusals: `base-missing`, `base-conflict`; `base-waits` while a person has to agree to the base, or what it builds on
 * is carried to it.
 */
export const buildBase = (tx: DecisionTransaction, execution: Execution, planned: PlannedStep): Built | undefined =>
  buildOn(tx, { execution, planned, on: unlanded(tx, execution, planned) });

/** The same without the step's own head, which a role in a loop goes on from: what its own changes are put on. */
export const buildGround = (tx: DecisionTransaction, execution: Execution, planned: PlannedStep): Built | undefined => {
  const own = toTaskId(execution.id, planned.id);
  return buildOn(tx, { execution, planned, on: unlanded(tx, execution, planned).filter(({ task }) => task !== own) });
};

/** What it was built on before, without what the step itself did, and without what landed since in other commits. */
export const buildWithoutOwn = (
  tx: DecisionTransaction,
  execution: Execution,
  { planned, step }: { planned: PlannedStep; step: Step },
): Built | undefined => {
  const own = toTaskId(execution.id, step.id);
  return buildOn(tx, {
    execution,
    planned,
    on: step.builtOn.filter((entry) => entry.task !== own && !find(tx, entry.task)?.step.landed),
  });
};

/** True where a commit to build on is only waited for. */
export const isWaiting = (built: Built): boolean => "why" in built && built.why.code === "base-waits";

type Building = { readonly execution: Execution; readonly planned: PlannedStep; readonly on: Step["builtOn"] };

const buildOn = (tx: DecisionTransaction, { execution, planned, on }: Building): Built | undefined => {
  const task = toTaskId(execution.id, planned.id);
  const tip = tx.baseTip(execution.baseBranch);
  if (tip === null)
    return { why: { code: "base-missing", message: `The branch \`${execution.baseBranch}\` is gone.`, next: `/enki retry ${task}` } };
  const waits = mustWait(tx, execution, on);
  if (waits === undefined) return undefined;
  if (waits) return { why: { code: "base-waits", message: `\`${execution.baseBranch}\` was rewound.`, next: "" } };
  const commit = mergeOn(tx, tip, on);
  if (commit === undefined) return undefined;
  if (typeof commit === "string") return { commit, on, baseTip: tip };
  const files = commit.paths.slice(0, 5).join(", ");
  const why = `It builds on \`${commit.task}\`, which conflicts with \`${execution.baseBranch}\` or with another step that it builds on, in ${files}.`;
  return { why: { code: "base-conflict", message: why, next: `/enki retry ${task}` } };
};

/** A tip with these heads merged into it in order; where that conflicts, with which and in what. Undefined while it is not known. */
export const mergeOn = (
  tx: DecisionTransaction,
  tip: Sha,
  on: Step["builtOn"],
): Sha | { readonly task: TaskId; readonly paths: readonly string[] } | undefined => {
  if (on.length === 0) return tip;
  const merges = on.map(({ task: needed, head }) => ({ task: needed, head, message: formatBaseMessage(needed, head), needs: [] }));
  const links = tx.readFact<"merge-chain">({ kind: "merge-chain", onto: tip, merges });
  if (!links) return undefined;
  const at = links.findIndex(({ kind }) => kind === "conflict");
  const last = links[at < 0 ? links.length - 1 : at];
  if (last?.kind === "conflict") return { task: on[at]?.task ?? "-", paths: last.paths };
  return last?.kind === "merged" ? last.commit : tip;
};

/** True while a base was rewound and nobody agreed to that, or one of these heads would bring back what it lost. Undefined while that is not known. */
const mustWait = (tx: DecisionTransaction, { baseBranch }: Execution, on: Step["builtOn"]): boolean | undefined => {
  const each = [
    isRewound(tx, baseBranch),
    ...on.map(({ task }) => isStranded(tx, baseBranch, find(tx, task)?.step ?? { head: null, builtOn: [] })),
  ];
  return each.includes(true) ? true : each.includes(undefined) ? undefined : false;
};

/** Heads on the way to the same base branch that this step builds on, in the order of its needs. */
const unlanded = (tx: DecisionTransaction, execution: Execution, planned: PlannedStep): Step["builtOn"] =>
  execution.workflow ? ofWorkflow(execution, execution.workflow, planned) : ofNeeds(tx, execution, planned);

/** In a workflow all that came before, also in the rounds of a loop: a role goes on from its own work. */
const ofWorkflow = ({ id, steps }: Execution, run: WorkflowRun, planned: PlannedStep): Step["builtOn"] => {
  const path = run.nodes[planned.id];
  const flow = linkWorkflow(run);
  if (!path || !flow.ok) return [];
  return listStepsBefore(flow.value, run, { path, loops: true }).flatMap((each) => {
    const { head, landed, state } = steps[each] ?? {};
    return head && !landed && (state === "published" || each === planned.id) ? [{ task: toTaskId(id, each), head: head.sha }] : [];
  });
};

const ofNeeds = (tx: DecisionTransaction, execution: Execution, planned: PlannedStep): Step["builtOn"] =>
  neededBy(tx, execution, planned).flatMap(({ need, task, state, step }) => {
    if (need.condition !== "completed" || !step?.head || (state !== "published" && !isHeldButBuildable(step))) return [];
    return baseOf(tx, task) === execution.baseBranch ? [{ task, head: step.head.sha }] : [];
  });

const find = (tx: DecisionTransaction, task: TaskId): { execution: Execution; step: Step } | null => {
  const id = readTaskId(task);
  const execution = id && tx.execution(id.execution);
  const step = id && execution?.steps[id.step];
  return execution && step ? { execution, step } : null;
};

const baseOf = (tx: DecisionTransaction, task: TaskId): BranchName | null => find(tx, task)?.execution.baseBranch ?? null;

/** Makes a commit that only we have known to the jobs that work on it. */
export const publishBase = (tx: DecisionTransaction, base: BranchName, { commit, on }: { commit: Sha; on: Step["builtOn"] }): void => {
  const ref = toCandidateRef(base, commit);
  if (on.length > 0 && tx.ref(ref) !== commit) tx.moveRef(ref, commit);
};

/** Commits that steps work or worked on and that no branch holds: needed until their work has landed or is given up. */
export const heldBases = (tx: DecisionTransaction, base: BranchName): Sha[] =>
  tx
    .executions()
    .filter((execution) => execution.baseBranch === base)
    .flatMap(({ id }) => tx.steps(id))
    .flatMap(({ builtOn, baseCommit: commit, state, resolution }) => [
      ...(builtOn.length > 0 && commit !== null && !GONE.has(state) ? [commit] : []),
      ...(resolution?.forkPoint !== undefined && !GONE.has(state) ? [resolution.forkPoint] : []),
    ]);

const GONE: ReadonlySet<Step["state"]> = new Set(["done", "skipped", "cancelled"]);

/** True when a step holds work that will not land as it is: it was skipped, replaced by another head, or landed in other commits. Undefined while that is not known. */
export const isStale = (tx: DecisionTransaction, { builtOn }: Step): boolean | undefined => {
  const each = builtOn.map((entry) => isApart(tx, entry) || isReplaced(tx, entry));
  return each.includes(true) ? true : each.includes(undefined) ? undefined : false;
};

/** True for work that landed by a squash or a rebase: the base holds it in other commits. */
const isApart = (tx: DecisionTransaction, { task }: Step["builtOn"][number]): boolean => find(tx, task)?.step.landed?.rewritten === true;

/** True when all that will not land as it is has landed in other commits. Undefined while that is not known. */
export const isOnlyApart = (tx: DecisionTransaction, { builtOn }: Step): boolean | undefined => {
  const others = builtOn.filter((entry) => !isApart(tx, entry)).map((entry) => isReplaced(tx, entry));
  return others.includes(true) ? false : others.includes(undefined) ? undefined : true;
};

const isReplaced = (tx: DecisionTransaction, { task, head }: Step["builtOn"][number]): boolean | undefined => {
  const found = find(tx, task);
  if (!found) return false;
  const { step } = found;
  if (step.state === "skipped") return true;
  if (step.head?.sha === head) return false;
  // What is done again has no new head yet; it is waited for.
  if (step.state !== "published" && step.state !== "waiting" && step.state !== "done") return false;
  if (!step.head) return true;
  const contained = tx.readFact<"contains">({ kind: "contains", commit: head, tip: step.head.sha });
  return contained === undefined ? undefined : !contained;
};
