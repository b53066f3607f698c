import { createExecution, propose } from "../../domain/execution-lifecycle.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { findExecutionIssue, findStepByPull, findTarget, type FoundTarget } from "../../domain/find-target.ts";
import { deriveExecutionId, readTaskId, type StepId, toTaskId } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { accept, type Refusal, type Result } from "../../domain/refusal.ts";
import { type RevertedLanding, toRevertedLanding } from "../../domain/reverted-landing.ts";
import {
  refuseRepeatedUndo,
  refuseUndoOfNothing,
  refuseUndoUnderway,
  refuseUndoWhileLanding,
  refuseUndoWhileRunning,
} from "../../messages/refusals/undo.ts";
import { describeUndo, toRevertStep } from "../../messages/undo-text.ts";
import type { DecisionReader, LedgerReader, StepWriter, ExecutionWriter, TextWriter } from "../decision-transaction.ts";
import { checkLandable } from "../landing-terms.ts";
import { findForeignDependent, listDependents } from "../step-dependents.ts";
import { findTaskUndo } from "../undo-state.ts";
import { type ExecutionReader, readWithArchive } from "../read-with-archive.ts";
import type { CommandAnswer } from "./answer.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { checkExecutionLimit } from "./hourly-limits.ts";
import { findCommandBrief } from "./find-command-brief.ts";
import { renewApproval } from "./renew-approval.ts";
import { startApprovedPlan } from "./start-approved-plan.ts";
import { checkConfigUsable } from "./start-request.ts";
import { collectKnown, type Known, mapKnown, replaceUnknown, UNKNOWN } from "../../domain/known.ts";

/** A landed step whose work is in place. */
type LandedWork = { readonly planned: PlannedStep; readonly landing: RevertedLanding; readonly at: number };

/**
 * Starts an execution that reverts what a request landed, or a step with everything landed that depends on it, in reverse order. The command
 * approves the execution, and is read again right before each revert lands.
 */
export const undoTarget = (tx: StepWriter & ExecutionWriter & TextWriter, event: CommandedEvent, target: string | null): CommandAnswer => {
  const reader = readWithArchive(tx, event.issue, target);
  if (reader === UNKNOWN) return null;
  const found = findUndoTarget(reader, event.issue, target);
  if (!found.ok) return found.refusal;
  const { execution } = found.value;
  const refused = checkUndoable(tx, found.value) ?? checkConfigUsable(tx) ?? checkExecutionLimit(tx, event.by);
  if (refused) return refused;
  const landed = listLandedWork(reader, found.value);
  if (!landed.ok) return renewUndo(tx, event, found.value) ? null : landed.refusal;
  const issue = findExecutionIssue(reader.executions(), event.issue);
  return replaceUnknown(checkLandable(tx, execution.baseBranch), null) ?? startUndo(tx, event, { execution, issue, landed: landed.value });
};

/** Without a target, the newest request except for undos; on the pull request of a step, the step. */
const findUndoTarget = (tx: ExecutionReader, issue: number, target: string | null): Result<FoundTarget<Execution>> => {
  const all = tx.executions();
  const isNamed = target !== null || findStepByPull(all, issue)?.execution.undoes !== undefined;
  return findTarget(isNamed ? all : all.filter(({ undoes }) => undoes === undefined), issue, target);
};

/** Refusal: `undo-while-running`. */
const checkUndoable = (tx: LedgerReader, { execution }: FoundTarget<Execution>): Refusal | null => {
  const { id, state, baseBranch } = execution;
  if (!hasEnded(execution)) return refuseUndoWhileRunning(id, state);
  const landing = tx.queue(baseBranch).landing?.candidate.items ?? [];
  return landing.some(({ task }) => readTaskId(task)?.execution === id) ? refuseUndoWhileLanding(id) : null;
};

/** The landed steps to revert, in the order of the plan. Refusals: `nothing-landed`, `already-undone`, `undo-needed`. */
const listLandedWork = (tx: ExecutionReader, { execution, step }: FoundTarget<Execution>): Result<readonly LandedWork[]> => {
  const wanted = step === null ? null : new Set([step.id, ...listDependents(tx, execution, step.id)]);
  const landed = tx.order(execution).flatMap((planned): LandedWork[] => {
    const each = wanted === null || wanted.has(planned.id) ? execution.steps[planned.id] : undefined;
    const landing = each ? toRevertedLanding(toTaskId(execution.id, planned.id), each) : null;
    return landing && each?.landed ? [{ planned, landing, at: each.landed.at }] : [];
  });
  const name = step === null ? execution.id : toTaskId(execution.id, step.id);
  const isTargetLanded = step === null ? landed.length > 0 : step.landed !== null;
  if (!isTargetLanded) return { ok: false, refusal: refuseUndoOfNothing(name) };
  const open = landed.filter(({ landing }) => findTaskUndo(tx, landing.task) === null);
  if (open.length === 0) return { ok: false, refusal: refuseUndone(tx, name, landed) };
  const needer = findForeignDependent(
    tx,
    open.map(({ landing }) => landing.task),
  );
  return needer ? { ok: false, refusal: needer } : accept(open);
};

const refuseUndone = (tx: ExecutionReader, name: string, landed: readonly LandedWork[]): Refusal => {
  const undos = landed.flatMap(({ landing }) => findTaskUndo(tx, landing.task) ?? []);
  const open = undos.find(({ isOver }) => !isOver);
  if (open) return refuseUndoUnderway(name, open.execution.id);
  const [undo] = undos;
  return refuseRepeatedUndo(name, undos.length === 1 && undo ? undo.task : (undo?.execution.id ?? name));
};

/** A repeated command replaces a command that GitHub no longer shows. */
const renewUndo = (
  tx: StepWriter & ExecutionWriter,
  { by, at, source }: CommandedEvent,
  { execution, step }: FoundTarget<Execution>,
): boolean => {
  const tasks = step === null ? Object.keys(execution.steps) : [step.id];
  const undos = tasks.flatMap((id) => findTaskUndo(tx, toTaskId(execution.id, id))?.execution ?? []);
  return [...new Map(undos.map((each) => [each.id, each])).values()].some((each) => renewApproval(tx, each, { by, at, source }));
};

/**
 * Newest landing first. Of steps that landed together, those whose commit contains that of another come first; otherwise the order of the
 * plan decides.
 */
const sortByLanding = (tx: DecisionReader, landed: readonly LandedWork[]): Known<readonly LandedWork[]> => {
  const findDepth = ({ landing, at }: LandedWork): Known<number> => {
    const together = landed.filter((other) => other.at === at && other.landing.commit !== landing.commit);
    const below = together.map((other) => tx.readFact<"contains">({ kind: "contains", commit: other.landing.commit, tip: landing.commit }));
    return mapKnown(collectKnown(below), (known) => known.filter((contained) => contained).length);
  };
  const depths = collectKnown(landed.map((each) => findDepth(each)));
  if (depths === UNKNOWN) return UNKNOWN;
  return landed
    .map((each, index) => ({ each, index, depth: depths[index] ?? 0 }))
    .toSorted((one, other) => other.each.at - one.each.at || other.depth - one.depth || other.index - one.index)
    .map(({ each }) => each);
};

/** `issue`: where the undo belongs. */
type UndoStart = { readonly execution: Execution; readonly issue: number; readonly landed: readonly LandedWork[] };

/** Does nothing while facts are missing. Refusal: `issue-unreadable`. */
const startUndo = (tx: ExecutionWriter & TextWriter, event: CommandedEvent, { execution, issue, landed }: UndoStart): CommandAnswer => {
  const ordered = sortByLanding(tx, landed);
  const brief = findCommandBrief(tx, event);
  if (brief === UNKNOWN || ordered === UNKNOWN) return null;
  if (!brief.ok) return brief.refusal;
  const { by, at, source } = event;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const { steps, undoes } = planReverts(execution, ordered);
  const onPullRequest = issue === event.issue ? event.onPullRequest : execution.onPullRequest;
  const request = describeUndo(ordered.map(({ landing }) => landing));
  const origin = { id, issue, onPullRequest, requestedBy: by, request, baseBranch: execution.baseBranch, createdAt: at };
  tx.putBrief(id, brief.value);
  const proposed = propose(createExecution({ ...origin, undoes }), { plan: tx.putPlan({ steps }), deadline: null });
  startApprovedPlan(tx, proposed, { by, at, source });
  return null;
};

/** Plans a step for each landing, built on the step before. */
const planReverts = (execution: Execution, ordered: readonly LandedWork[]) => {
  const steps: PlannedStep[] = [];
  const undoes: Record<StepId, RevertedLanding> = {};
  for (const { planned, landing } of ordered) {
    const step = toRevertStep(
      { id: planned.id, title: planned.title, isUndo: execution.undoes !== undefined },
      { landing, after: steps.at(-1)?.id ?? null },
    );
    steps.push(step);
    undoes[step.id] = landing;
  }
  return { steps, undoes };
};
