import { refuseRewoundWork, refuseWorkWithoutBase, refuseBaseConflict } from "../messages/refusals/steps.ts";
import type { Execution } from "../domain/execution.ts";
import { type BranchName, type Sha, toTaskId, type TaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { toCandidateRef } from "../domain/refs.ts";
import type { Refusal } from "../domain/refusal.ts";
import { isHeldButBuildable, type Step } from "../domain/step.ts";
import { formatBaseMessage } from "../messages/commit-messages.ts";
import type { DecisionReader, LedgerReader, RefWriter } from "./decision-transaction.ts";
import { listStepsBefore } from "../workflow/node-step.ts";
import { listNeedStatuses } from "./needs.ts";
import { isBaseRewound, isStrandedHead } from "./base-rewinds.ts";
import { findStep } from "./find-step.ts";
import { isAnyTrue, type Known, negate, UNKNOWN } from "../domain/known.ts";

/** A step's starting commit with its unlanded heads and its base tip; or the reason why no commit exists. */
export type StartingCommit =
  | { readonly commit: Sha; readonly builtOn: Step["builtOn"]; readonly baseTip?: Sha | undefined }
  | { readonly refusal: Refusal };

/** Bases with a queue or a running execution. */
export const listActiveBases = (tx: LedgerReader): BranchName[] => [
  ...new Set([
    ...Object.keys(tx.ledger().queues),
    ...tx
      .executions()
      .filter(({ state }) => state === "running")
      .map(({ baseBranch }) => baseBranch),
  ]),
];

/**
 * The base branch with the published, unlanded heads that a step needs as `completed` merged in like a candidate. Refusals:
 * `base-missing`, `base-conflict`; `base-waits` until a person accepts a rewound base and the needed work is rebased.
 */
export const buildStartingCommit = (tx: DecisionReader, execution: Execution, planned: PlannedStep): Known<StartingCommit> =>
  buildOnHeads(tx, { execution, planned, builtOn: listUnlandedHeads(tx, execution, planned) });

/** The same without the step's own head, which a role in a loop otherwise builds on: the commit to rebase its own changes onto. */
export const buildWithoutOwnHead = (tx: DecisionReader, execution: Execution, planned: PlannedStep): Known<StartingCommit> => {
  const own = toTaskId(execution.id, planned.id);
  return buildOnHeads(tx, { execution, planned, builtOn: listUnlandedHeads(tx, execution, planned).filter(({ task }) => task !== own) });
};

/** The commit under the step's work, without the step's earlier work and without heads landed since. */
export const rebuildFormerBase = (
  tx: DecisionReader,
  execution: Execution,
  { planned, step }: { planned: PlannedStep; step: Step },
): Known<StartingCommit> => {
  const own = toTaskId(execution.id, step.id);
  return buildOnHeads(tx, {
    execution,
    planned,
    builtOn: step.builtOn.filter((entry) => entry.task !== own && !findStep(tx, entry.task)?.step.landed),
  });
};

/** Whether the starting commit only has to be waited for. */
export const isWaitingForBase = (built: StartingCommit): boolean => "refusal" in built && built.refusal.code === "base-waits";

type StartingCommitInput = { readonly execution: Execution; readonly planned: PlannedStep; readonly builtOn: Step["builtOn"] };

const buildOnHeads = (tx: DecisionReader, { execution, planned, builtOn }: StartingCommitInput): Known<StartingCommit> => {
  const task = toTaskId(execution.id, planned.id);
  const tip = tx.baseTip(execution.baseBranch);
  if (tip === null) return { refusal: refuseWorkWithoutBase(execution.baseBranch, task) };
  const waits = mustWaitForBase(tx, execution, builtOn);
  if (waits === UNKNOWN) return UNKNOWN;
  if (waits) return { refusal: refuseRewoundWork(execution.baseBranch) };
  const commit = mergeHeads(tx, tip, builtOn);
  if (commit === UNKNOWN) return UNKNOWN;
  if (typeof commit === "string") return { commit, builtOn, baseTip: tip };
  return { refusal: refuseBaseConflict(task, commit.task, { base: execution.baseBranch, paths: commit.paths }) };
};

/** A tip after merging the heads in order, or the first conflicting head and its paths. */
export const mergeHeads = (
  tx: DecisionReader,
  tip: Sha,
  on: Step["builtOn"],
): Known<Sha | { readonly task: TaskId; readonly paths: readonly string[] }> => {
  if (on.length === 0) return tip;
  const merges = on.map(({ task: needed, head }) => ({ task: needed, head, message: formatBaseMessage(needed, head), needs: [] }));
  const links = tx.readFact<"merge-chain">({ kind: "merge-chain", onto: tip, merges });
  if (links === UNKNOWN) return UNKNOWN;
  const at = links.findIndex(({ kind }) => kind === "conflict");
  const last = links[at < 0 ? links.length - 1 : at];
  if (last?.kind === "conflict") return { task: on[at]?.task ?? "-", paths: last.paths };
  return last?.kind === "merged" ? last.commit : tip;
};

/** Whether the base was rewound without consent, or a head would restore lost commits. */
const mustWaitForBase = (tx: DecisionReader, { baseBranch }: Execution, on: Step["builtOn"]): Known<boolean> =>
  isAnyTrue([
    isBaseRewound(tx, baseBranch),
    ...on.map(({ task }) => isStrandedHead(tx, baseBranch, findStep(tx, task)?.step ?? { head: null, builtOn: [] })),
  ]);

/** The unlanded heads for the same base branch that this step builds on, in the order of its needs. */
const listUnlandedHeads = (tx: DecisionReader, execution: Execution, planned: PlannedStep): Step["builtOn"] =>
  execution.workflow ? listEarlierHeads(tx, execution, planned) : listNeededHeads(tx, execution, planned);

/** All steps before a node run in a workflow, earlier rounds of a loop included: a role builds on its own earlier work. */
const listEarlierHeads = (tx: LedgerReader, { id, steps, workflow: run }: Execution, planned: PlannedStep): Step["builtOn"] => {
  const path = run?.nodes[planned.id];
  const flow = run && tx.linkWorkflow(run);
  if (!path || !flow?.ok) return [];
  return listStepsBefore(flow.value, run, { path, loops: true }).flatMap((each) => {
    const { head, landed, state } = steps[each] ?? {};
    return head && !landed && (state === "published" || each === planned.id) ? [{ task: toTaskId(id, each), head: head.sha }] : [];
  });
};

const listNeededHeads = (tx: DecisionReader, execution: Execution, planned: PlannedStep): Step["builtOn"] =>
  listNeedStatuses(tx, execution, planned).flatMap(({ need, task, state, step }) => {
    if (need.condition !== "completed" || !step?.head || (state !== "published" && !isHeldButBuildable(step))) return [];
    return findTaskBase(tx, task) === execution.baseBranch ? [{ task, head: step.head.sha }] : [];
  });

const findTaskBase = (tx: LedgerReader, task: TaskId): BranchName | null => findStep(tx, task)?.execution.baseBranch ?? null;

/** Pushes a candidate ref for a starting commit that exists only in Enki's clone, so that jobs can fetch the commit. */
export const publishStartingCommit = (
  tx: RefWriter,
  base: BranchName,
  { commit, builtOn }: { commit: Sha; builtOn: Step["builtOn"] },
): void => {
  const ref = toCandidateRef(base, commit);
  if (builtOn.length > 0 && tx.ref(ref) !== commit) tx.moveRef(ref, commit);
};

/** Commits under steps' work, present or past, that no branch contains: needed until the work lands or is cancelled. */
export const listHeldBases = (tx: LedgerReader, base: BranchName): Sha[] =>
  tx
    .executions()
    .filter((execution) => execution.baseBranch === base)
    .flatMap(({ id }) => tx.steps(id))
    .flatMap(({ builtOn, baseCommit: commit, state, resolution }) => [
      ...(builtOn.length > 0 && commit !== null && !ENDED_STEP_STATES.has(state) ? [commit] : []),
      ...(resolution?.line && !ENDED_STEP_STATES.has(state) ? [resolution.onto] : []),
      ...(resolution?.forkPoint !== undefined && !ENDED_STEP_STATES.has(state) ? [resolution.forkPoint] : []),
    ]);

const ENDED_STEP_STATES: ReadonlySet<Step["state"]> = new Set(["done", "skipped", "cancelled"]);

/** Whether a step contains work that will not land as it is: skipped, replaced by another head, or landed as other commits. */
export const isStaleWork = (tx: DecisionReader, { builtOn }: Step): Known<boolean> =>
  isAnyTrue(builtOn.map((entry) => isRewrittenLanding(tx, entry) || isReplacedHead(tx, entry)));

/** Whether work landed by a squash or a rebase, so that the base contains it as other commits. */
const isRewrittenLanding = (tx: LedgerReader, { task }: Step["builtOn"][number]): boolean =>
  findStep(tx, task)?.step.landed?.rewritten === true;

/** Whether all stale work below a step is stale only because it landed as other commits. */
export const isOnlyRewritten = (tx: DecisionReader, { builtOn }: Step): Known<boolean> => {
  const others = builtOn.filter((entry) => !isRewrittenLanding(tx, entry));
  return negate(isAnyTrue(others.map((entry) => isReplacedHead(tx, entry))));
};

const isReplacedHead = (tx: DecisionReader, { task, head }: Step["builtOn"][number]): Known<boolean> => {
  const found = findStep(tx, task);
  if (!found) return false;
  const { step } = found;
  if (step.state === "skipped") return true;
  if (step.head?.sha === head) return false;
  // A step that runs again has no new head yet; wait for it.
  if (step.state !== "published" && step.state !== "waiting" && step.state !== "done") return false;
  if (!step.head) return true;
  return negate(tx.readFact<"contains">({ kind: "contains", commit: head, tip: step.head.sha }));
};
