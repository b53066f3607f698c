import type { Execution } from "../../domain/execution.ts";
import { type BranchName, readTaskId, toTaskId, type TaskId } from "../../domain/ids.ts";
import type { Queue } from "../../domain/queue.ts";
import { isAwaitingAnswer, type Step } from "../../domain/step.ts";
import type { QueueEntrant } from "../../refinery/refinery-state.ts";
import { formatLandingMessage } from "../../messages/commit-messages.ts";
import { isStale } from "../step-base.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { isOverFor, neededBy } from "../needs.ts";
import { isStranded } from "../base-rewinds.ts";
import { byHand, hear, isQueued, type Published } from "./review-gate.ts";

/** Steps with a published head that may land after their needs. */
export const entrants = (tx: DecisionTransaction, base: BranchName, queue: Queue): QueueEntrant[] => {
  const found = tx
    .executions()
    .filter((execution) => execution.baseBranch === base && isIn(execution, queue) && mayLandYet(tx, execution))
    .flatMap((execution) =>
      inOrder(tx, execution).flatMap((step): QueueEntrant[] => {
        const planned = tx.planned(execution, step.id);
        if (!step.head || !planned || !PUBLISHED.has(step.state) || isAwaitingAnswer(step)) return [];
        const needs = unlanded(tx, execution, { step, planned });
        if (needs === null) return [];
        const task = toTaskId(execution.id, step.id);
        const published = { execution, step, planned, queue };
        const landed = isInBase(tx, published);
        if (landed === undefined) return [];
        const said = landed ? byHand(tx, published, "its head is in the base") : hear(tx, published);
        if (said.kind === "gone") return [];
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
            refusal: said.kind === "held" ? said.why : null,
            isOpeningPull: said.kind === "opening",
          },
        ];
      }),
    );
  return withTheirNeeds(found);
};

/**
 * Whether steps of an execution may be in the queue: it is running, or paused with verification in progress, which continues without
 * landing.
 */
const isIn = ({ id, state }: Execution, { candidates }: Queue): boolean =>
  state === "running" ||
  (state === "paused" && candidates.some(({ items }) => items.some(({ task }) => readTaskId(task)?.execution === id)));

/** Whether a person merged a head by hand, read when the head appears and when the base moved. Undefined while facts are missing. */
const isInBase = (tx: DecisionTransaction, { execution, step, queue }: Published): boolean | undefined => {
  const tip = tx.baseTip(execution.baseBranch);
  const task = toTaskId(execution.id, step.id);
  const known = queue.seenTip === tip && queue.items.some((item) => item.task === task && item.head === step.head?.sha);
  // A merge by GitHub's merge queue is recorded elsewhere.
  if (known || tip === null || !step.head || isQueued(queue, task)) return false;
  return tx.readFact<"contains">({ kind: "contains", commit: step.head.sha, tip });
};

/** Removes entrants whose needs are not in the queue: those may never arrive. */
const withTheirNeeds = (found: readonly QueueEntrant[]): QueueEntrant[] => {
  let kept = [...found];
  for (;;) {
    const there = new Set(kept.map(({ task }) => task));
    const next = kept.filter(({ needs }) => needs.every((each) => there.has(each)));
    if (next.length === kept.length) return kept;
    kept = next;
  }
};

/** Whether a workflow's work may be in the queue: after a successful end, or earlier only for a person to review a checkpoint. */
const mayLandYet = (tx: DecisionTransaction, execution: Execution): boolean =>
  !execution.workflow ||
  execution.workflow.endState === "done" ||
  (execution.workflow.endState === null &&
    tx
      .steps(execution.id)
      .some(({ id, state, head }) => head !== null && PUBLISHED.has(state) && tx.planned(execution, id)?.checkpoint === true));

const PUBLISHED: ReadonlySet<Step["state"]> = new Set(["published", "waiting"]);

/**
 * Tasks that must land first: unmet needs and unlanded heads that the step builds on. Null if the step holds work that will not land as it
 * is, or while that is unknown.
 */
const unlanded = (
  tx: DecisionTransaction,
  execution: Execution,
  { step, planned }: Pick<Published, "step" | "planned">,
): readonly TaskId[] | null => {
  if (isStale(tx, step) !== false || isStranded(tx, execution.baseBranch, step) !== false) return null;
  const open = neededBy(tx, execution, planned).filter(({ state }) => !isOverFor(state));
  // A role in a loop builds on its own work.
  const own = toTaskId(execution.id, step.id);
  const held = step.builtOn.filter(({ task }) => task !== own && !isLanded(tx, task)).map(({ task }) => task);
  return [...new Set([...open.map(({ task }) => task), ...held])];
};

const isLanded = (tx: DecisionTransaction, task: TaskId): boolean => {
  const id = readTaskId(task);
  return Boolean(id && tx.execution(id.execution)?.steps[id.step]?.landed);
};

/** Steps with a published head in the order of their needs. */
const inOrder = (tx: DecisionTransaction, execution: Execution): readonly Step[] => {
  const published = tx.steps(execution.id).filter(({ head, state }) => head && (state === "published" || state === "waiting"));
  return published.length < 2 ? published : tx.order(execution).flatMap(({ id }) => execution.steps[id] ?? []);
};
