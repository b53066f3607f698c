import { followsRules } from "../../domain/decision.ts";
import type { Execution } from "../../domain/execution.ts";
import { type BranchName, readTaskId, toTaskId, type TaskId } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import type { Queue } from "../../domain/queue.ts";
import { findOpenConflict, isAwaitingAnswer, isBeingResolved, type Step } from "../../domain/step.ts";
import { isTampering } from "../../domain/tampering.ts";
import { findRank } from "../../domain/priority.ts";
import type { QueueEntrant } from "../../refinery/refinery-state.ts";
import { findLane } from "../../refinery/step-lane.ts";
import { toVerifyKind } from "../../refinery/verify-kind.ts";
import { formatLandingMessage } from "../../messages/commit-messages.ts";
import { findBudgetHold } from "../budget-room.ts";
import { isStaleWork } from "../step-base.ts";
import type { DecisionReader, LedgerReader, StepWriter, EffectWriter } from "../decision-transaction.ts";
import { isNeedFinished, listNeedStatuses } from "../needs.ts";
import { isStrandedHead } from "../base-rewinds.ts";
import { applyGateVerdict } from "./apply-gate-verdict.ts";
import { evaluateReviewGate, isInMergeQueue, type PublishedStep } from "./review-gate.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** Puts each published step through the review gate. Returns the steps that may be in the queue; each may land after its needs. */
export const admitEntrants = (tx: StepWriter & EffectWriter, base: BranchName, queue: Queue): QueueEntrant[] => {
  const found = tx
    .executions()
    .filter((execution) => execution.baseBranch === base && mayEnterQueue(execution, queue) && mayWorkflowLand(tx, execution))
    .flatMap((execution) =>
      listPublishedSteps(tx, execution).flatMap((step): QueueEntrant[] => {
        const planned = tx.planned(execution, step.id);
        if (!step.head || !planned || !PUBLISHED_STATES.has(step.state) || isAwaitingAnswer(step)) return [];
        const needs = listUnlandedNeeds(tx, execution, { step, planned });
        if (needs === null) return [];
        const task = toTaskId(execution.id, step.id);
        // Steps with findings need an approval, as checkpoints do.
        const published = { execution, step, planned: isTampering(step) ? { ...planned, checkpoint: true } : planned, queue };
        const landed = isHeadInBase(tx, published);
        if (landed === UNKNOWN) return [];
        const verdict = landed ? ({ kind: "merged", how: "its head is in the base" } as const) : evaluateReviewGate(tx, published);
        const gate = applyGateVerdict(tx, published, verdict);
        if (gate === null) return [];
        const message = formatLandingMessage({
          execution,
          step: planned,
          head: step.head.sha,
          suffix: tx.snapshot.config.git.commitSuffix,
        });
        return [
          {
            task,
            head: step.head.sha,
            message,
            needs,
            refusal: gate.kind === "held" ? gate.refusal : null,
            rank: findRank(execution, step),
            isOpeningPull: gate.kind === "opening",
            isBeingResolved: isBeingResolved(step),
            isOutOfBudget: isOutOfBudget(tx, execution, step),
            resolvedPaths: listResolvedPaths(step),
            ...(followsRules(tx.snapshot, 3) && { verifyKind: toVerifyKind(planned) }),
            ...toLane(tx, planned),
          },
        ];
      }),
    );
  return keepWithNeeds(found);
};

const toLane = ({ snapshot: { config } }: LedgerReader, { paths }: Pick<PlannedStep, "paths">): Pick<QueueEntrant, "lane"> => {
  const lane = findLane(config.refinery.lanes ?? {}, paths);
  return lane === undefined ? {} : { lane };
};

/** Whether a conflict has to wait until a person raises the budget of its execution. */
const isOutOfBudget = (tx: DecisionReader, execution: Execution, step: Step): boolean =>
  findOpenConflict(step) !== null && findBudgetHold(tx, execution)?.kind === "execution";

/**
 * Whether steps of an execution may be in the queue: it is running, or paused with verification in progress, which continues without
 * landing. A paused pull request of a person keeps its place, because the person may merge it by hand.
 */
const mayEnterQueue = ({ id, state, landsPull }: Execution, { candidates }: Queue): boolean =>
  state === "running" ||
  (state === "paused" && landsPull !== undefined) ||
  (state === "paused" && candidates.some(({ items }) => items.some(({ task }) => readTaskId(task)?.execution === id)));

/** Whether a person merged a head by hand, read when the head appears and when the base moved. */
const isHeadInBase = (tx: DecisionReader, { execution, step, queue }: PublishedStep): Known<boolean> => {
  const tip = tx.baseTip(execution.baseBranch);
  const task = toTaskId(execution.id, step.id);
  const known = queue.seenTip === tip && queue.items.some((item) => item.task === task && item.head === step.head?.sha);
  // A merge by GitHub's merge queue is recorded elsewhere.
  if (known || tip === null || !step.head || isInMergeQueue(queue, task)) return false;
  return tx.readFact<"contains">({ kind: "contains", commit: step.head.sha, tip });
};

/** Removes entrants with a need outside of the queue, because the need may never arrive. */
const keepWithNeeds = (found: readonly QueueEntrant[]): QueueEntrant[] => {
  let kept = [...found];
  for (;;) {
    const there = new Set(kept.map(({ task }) => task));
    const next = kept.filter(({ needs }) => needs.every((each) => there.has(each)));
    if (next.length === kept.length) return kept;
    kept = next;
  }
};

/** Whether a workflow's work may be in the queue: after a successful end, or earlier only for a person to review a checkpoint. */
const mayWorkflowLand = (tx: LedgerReader, execution: Execution): boolean =>
  !execution.workflow ||
  execution.workflow.endState === "done" ||
  (execution.workflow.endState === null &&
    tx
      .steps(execution.id)
      .some(({ id, state, head }) => head !== null && PUBLISHED_STATES.has(state) && tx.planned(execution, id)?.checkpoint === true));

const PUBLISHED_STATES: ReadonlySet<Step["state"]> = new Set(["published", "waiting"]);

/**
 * Tasks that must land first: unmet needs and unlanded heads that the step builds on. Returns null if the step holds work that will not land as it
 * is, or while that is unknown.
 */
const listUnlandedNeeds = (
  tx: DecisionReader,
  execution: Execution,
  { step, planned }: Pick<PublishedStep, "step" | "planned">,
): readonly TaskId[] | null => {
  if (isStaleWork(tx, step) !== false || isStrandedHead(tx, execution.baseBranch, step) !== false) return null;
  const open = listNeedStatuses(tx, execution, planned).filter(({ state }) => !isNeedFinished(state));
  // A role in a loop builds on its own work.
  const own = toTaskId(execution.id, step.id);
  const held = step.builtOn.filter(({ task }) => task !== own && !isTaskLanded(tx, task)).map(({ task }) => task);
  return [...new Set([...open.map(({ task }) => task), ...held])];
};

/** The files in which the present head had a conflict that was resolved. */
const listResolvedPaths = ({ head, resolution }: Step): readonly string[] =>
  resolution && resolution.resolvedHead === head?.sha ? resolution.conflicts.map(({ path }) => path) : [];

const isTaskLanded = (tx: LedgerReader, task: TaskId): boolean => {
  const id = readTaskId(task);
  return Boolean(id && tx.execution(id.execution)?.steps[id.step]?.landed);
};

/** Steps with a published head in the order of their needs. */
const listPublishedSteps = (tx: LedgerReader, execution: Execution): readonly Step[] => {
  const published = tx.steps(execution.id).filter(({ head, state }) => head && (state === "published" || state === "waiting"));
  return published.length < 2 ? published : tx.order(execution).flatMap(({ id }) => execution.steps[id] ?? []);
};
