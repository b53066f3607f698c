import type { Execution } from "../../model/execution.ts";
import { type Base, readTaskId, taskId, type TaskId } from "../../model/ids.ts";
import type { PlannedStep } from "../../model/plan.ts";
import type { Review } from "../../model/query.ts";
import type { Queue } from "../../model/queue.ts";
import { refuse, type Refusal } from "../../model/refusal.ts";
import { isAsking, type Step } from "../../model/step.ts";
import type { Entrant } from "../../refinery/state.ts";
import { landingMessage } from "../../render/commits.ts";
import { isStale } from "../bases.ts";
import type { Draft } from "../draft.ts";
import { PERSON_WAIT } from "../faults.ts";
import { isOverFor, neededBy } from "../needs.ts";

/** Steps with a published head that may land once what they need has. */
export const entrants = (draft: Draft, base: Base, queue: Queue): Entrant[] => {
  const found = draft
    .executions()
    .filter((execution) => execution.base === base && execution.state === "running" && mayLandYet(draft, execution))
    .flatMap((execution) =>
      inOrder(draft, execution).flatMap((step): Entrant[] => {
        const planned = draft.planned(execution, step.id);
        if (!step.head || !planned || !PUBLISHED.has(step.state) || isAsking(step)) return [];
        const needs = unlanded(draft, execution, { step, planned });
        if (needs === null) return [];
        const task = taskId(execution.id, step.id);
        const message = landingMessage({ execution, step: planned, head: step.head.sha, suffix: draft.snapshot.config.git.commitSuffix });
        const held = step.pull === null ? opening : planned.checkpoint ? gate(draft, { execution, step, queue }) : null;
        return held === reworked ? [] : [{ task, head: step.head.sha, message, needs, held }];
      }),
    );
  return withTheirNeeds(found);
};

/** Without those that need what is not in the queue: it may never be. */
const withTheirNeeds = (found: readonly Entrant[]): Entrant[] => {
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
  execution.workflow.over === "done" ||
  (execution.workflow.over === null &&
    draft
      .steps(execution.id)
      .some(({ id, state, head }) => head !== null && PUBLISHED.has(state) && draft.planned(execution, id)?.checkpoint === true));

const PUBLISHED: ReadonlySet<Step["state"]> = new Set(["worker_done", "waiting"]);

type Published = { readonly step: Step; readonly planned: PlannedStep };

/** What has not landed of all that it needs or holds the work of; null where that cannot come before it, or where it holds work that will not land. */
const unlanded = (draft: Draft, execution: Execution, { step, planned }: Published): readonly TaskId[] | null => {
  if (isStale(draft, step) !== false) return null;
  const open = neededBy(draft, execution, planned).filter(({ state }) => !isOverFor(state));
  // A role in a loop builds on its own work.
  const own = taskId(execution.id, step.id);
  const held = step.on.filter(({ task }) => task !== own && !isLanded(draft, task)).map(({ task }) => task);
  return [...new Set([...open.map(({ task }) => task), ...held])];
};

const isLanded = (draft: Draft, task: TaskId): boolean => {
  const id = readTaskId(task);
  return Boolean(id && draft.execution(id.execution)?.steps[id.step]?.landed);
};

const opening: Refusal = refuse("no-pull", "Its pull request is being opened.").refusal;
const unapproved: Refusal = refuse(
  "checkpoint",
  "A person with write permission has not approved this head yet.",
  "approve the pull request",
).refusal;
const hasty: Refusal = refuse(
  "hasty-review",
  "It was approved in the very second in which this head appeared, so the review may speak of another head: approve it once more.",
  "approve the pull request",
).refusal;
const SECOND = 1_000;
const reworked: Refusal = refuse("changes-requested", "A person asked for changes.").refusal;

/** Steps with a published head, each after what it needs. */
const inOrder = (draft: Draft, execution: Execution): readonly Step[] => {
  const published = draft.steps(execution.id).filter(({ head, state }) => head && (state === "worker_done" || state === "waiting"));
  return published.length < 2 ? published : draft.order(execution).flatMap(({ id }) => execution.steps[id] ?? []);
};

type Gate = { readonly execution: Execution; readonly step: Step; readonly queue: Queue };

/**
 * The gate of a checkpoint: opened by an approving review of a person with write permission on exactly this head, read again each time.
 * It is looked at once the candidate is green, so that a person reviews what works.
 */
const gate = (draft: Draft, { execution, step, queue }: Gate): Refusal | null => {
  const task = taskId(execution.id, step.id);
  if (step.pull === null || !isCleared(queue, task, step)) return unapproved;
  const reviews = draft.ask<"reviews">({ kind: "reviews", pull: step.pull });
  if (!reviews) return unapproved;
  const verdicts = latest(reviews).filter((review) => isOfHead(review, step) && mayReview(draft, review));
  const rework = verdicts.find((review) => review.verdict === "changes-requested");
  if (rework) {
    draft.putStep(execution.id, {
      ...step,
      state: "ready",
      why: null,
      until: null,
      lastFailure: `A reviewer asked for changes: ${rework.text}`,
    });
    draft.note(`${task}: changes requested by ${rework.by}`);
    return reworked;
  }
  const approval = verdicts.find((review) => review.verdict === "approved");
  if (approval) {
    if (step.state === "waiting") draft.putStep(execution.id, { ...step, state: "worker_done", why: null, until: null });
    draft.note(`${task}: approved by ${approval.by}`);
    return null;
  }
  const why = latest(reviews).some((review) => isHasty(review, step)) ? hasty : unapproved;
  if (step.state !== "waiting" || step.why?.code !== why.code) {
    const until = step.state === "waiting" ? step.until : draft.now + PERSON_WAIT;
    draft.putStep(execution.id, { ...step, state: "waiting", why: { ...why, next: `#${step.pull}` }, until });
  }
  return why;
};

/** True once this head was part of a green candidate. */
const isCleared = ({ items }: Queue, task: TaskId, { head }: Step): boolean =>
  items.some((item) => item.task === task && item.head === head?.sha && item.cleared);

/** GitHub points a review to the new head after a force-push: what was submitted before the head was known speaks of another. */
const isOfHead = (review: Review, { head }: Step): boolean => head !== null && review.head === head.sha && review.at >= head.since;

/** GitHub's times have whole seconds: of a review in the very second in which the head was known nobody can tell which head it speaks of. */
const isHasty = (review: Review, { head }: Step): boolean =>
  head !== null && review.verdict === "approved" && review.head === head.sha && review.at < head.since && head.since - review.at < SECOND;

/** The last review of each person that says something. */
const latest = (reviews: readonly Review[]): Review[] => {
  const byPerson = new Map<string, Review>();
  for (const review of [...reviews].sort((a, b) => a.at - b.at || a.id - b.id)) {
    if (!review.bot && review.verdict !== "commented") byPerson.set(review.by, review);
  }
  return [...byPerson.values()];
};

const mayReview = (draft: Draft, review: Review): boolean => {
  if (review.verdict === "dismissed") return false;
  const permission = draft.ask<"permission">({ kind: "permission", login: review.by });
  return permission === "write" || permission === "admin";
};
