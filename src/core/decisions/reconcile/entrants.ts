import type { Execution } from "../../domain/execution.ts";
import { type BranchName, readTaskId, toTaskId, type TaskId } from "../../domain/ids.ts";
import type { Queue } from "../../domain/queue.ts";
import { isAwaitingAnswer, type Step } from "../../domain/step.ts";
import type { QueueEntrant } from "../../refinery/refinery-state.ts";
import { formatLandingMessage } from "../../messages/commit-messages.ts";
import { isStale } from "../bases.ts";
import type { Draft } from "../draft.ts";
import { isOverFor, neededBy } from "../needs.ts";
import { isStranded } from "../rewinds.ts";
import { byHand, hear, isQueued, type Published } from "./people.ts";

/** Steps with a published head that may land once what they need has. */
export const entrants = (draft: Draft, base: BranchName, queue: Queue): QueueEntrant[] => {
  const found = draft
    .executions()
    .filter((execution) => execution.baseBranch === base && isIn(execution, queue) && mayLandYet(draft, execution))
    .flatMap((execution) =>
      inOrder(draft, execution).flatMap((step): QueueEntrant[] => {
        const planned = draft.planned(execution, step.id);
        if (!step.head || !planned || !PUBLISHED.has(step.state) || isAwaitingAnswer(step)) return [];
        const needs = unlanded(draft, execution, { step, planned });
        if (needs === null) return [];
        const task = toTaskId(execution.id, step.id);
        const published = { execution, step, planned, queue };
        const landed = isInBase(draft, published);
        if (landed === undefined) return [];
        const said = landed ? byHand(draft, published, "its head is in the base") : hear(draft, published);
        if (said.kind === "gone") return [];
        const message = formatLandingMessage({
          execution,
          step: planned,
          head: step.head.sha,
          suffix: draft.snapshot.config.git.commitSuffix,
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

/** What runs, and what is paused with verification under way: that goes on, and nothing lands of it. */
const isIn = ({ id, state }: Execution, { candidates }: Queue): boolean =>
  state === "running" ||
  (state === "paused" && candidates.some(({ items }) => items.some(({ task }) => readTaskId(task)?.execution === id)));

/** Whether a person merged a head by hand: asked when it comes, and when the base moved. Undefined while that is not known. */
const isInBase = (draft: Draft, { execution, step, queue }: Published): boolean | undefined => {
  const tip = draft.base(execution.baseBranch);
  const task = toTaskId(execution.id, step.id);
  const known = queue.seenTip === tip && queue.items.some((item) => item.task === task && item.head === step.head?.sha);
  // What GitHub's merge queue merged is taken in as that.
  if (known || tip === null || !step.head || isQueued(queue, task)) return false;
  return draft.ask<"contains">({ kind: "contains", commit: step.head.sha, tip });
};

/** Without those that need what is not in the queue: it may never be. */
const withTheirNeeds = (found: readonly QueueEntrant[]): QueueEntrant[] => {
  let kept = [...found];
  for (;;) {
    const there = new Set(kept.map(({ task }) => task));
    const next = kept.filter(({ needs }) => needs.every((each) => there.has(each)));
    if (next.length === kept.length) return kept;
    kept = next;
  }
};

/** What a workflow makes lands when the workflow has come to a good end; before that only so that a person can look at a checkpoint in it. */
const mayLandYet = (draft: Draft, execution: Execution): boolean =>
  !execution.workflow ||
  execution.workflow.endState === "done" ||
  (execution.workflow.endState === null &&
    draft
      .steps(execution.id)
      .some(({ id, state, head }) => head !== null && PUBLISHED.has(state) && draft.planned(execution, id)?.checkpoint === true));

const PUBLISHED: ReadonlySet<Step["state"]> = new Set(["published", "waiting"]);

/** What has not landed of all that it needs or holds the work of; null where that cannot come before it, or where it holds work that will not land. */
const unlanded = (draft: Draft, execution: Execution, { step, planned }: Pick<Published, "step" | "planned">): readonly TaskId[] | null => {
  if (isStale(draft, step) !== false || isStranded(draft, execution.baseBranch, step) !== false) return null;
  const open = neededBy(draft, execution, planned).filter(({ state }) => !isOverFor(state));
  // A role in a loop builds on its own work.
  const own = toTaskId(execution.id, step.id);
  const held = step.builtOn.filter(({ task }) => task !== own && !isLanded(draft, task)).map(({ task }) => task);
  return [...new Set([...open.map(({ task }) => task), ...held])];
};

const isLanded = (draft: Draft, task: TaskId): boolean => {
  const id = readTaskId(task);
  return Boolean(id && draft.execution(id.execution)?.steps[id.step]?.landed);
};

/** Steps with a published head, each after what it needs. */
const inOrder = (draft: Draft, execution: Execution): readonly Step[] => {
  const published = draft.steps(execution.id).filter(({ head, state }) => head && (state === "published" || state === "waiting"));
  return published.length < 2 ? published : draft.order(execution).flatMap(({ id }) => execution.steps[id] ?? []);
};
