import type { Execution } from "../../model/execution.ts";
import { type Base, readTaskId, type Sha, taskId, type TaskId } from "../../model/ids.ts";
import { jobKey } from "../../model/job.ts";
import type { PlannedStep } from "../../model/plan.ts";
import type { Review } from "../../model/query.ts";
import type { Candidate, Queue } from "../../model/queue.ts";
import { branchRef, candidateRef, readCandidateRef, taskRef } from "../../model/refs.ts";
import { refuse, type Refusal } from "../../model/refusal.ts";
import { isAsking, type Step } from "../../model/step.ts";
import { type Entrant, plan } from "../../refinery/plan.ts";
import { landingMessage } from "../../render/commits.ts";
import { failStep } from "../apply/failing.ts";
import { heldBases, isStale } from "../bases.ts";
import type { Draft } from "../draft.ts";
import { JOB_SLACK, MAX_FAULTS, PERSON_WAIT } from "../faults.ts";
import { isOverFor, neededBy } from "../needs.ts";
import { wantJob } from "./scheduling.ts";
import { stopRun } from "./stopping.ts";

/** Lands what is verified and allowed, and verifies what comes next. Landing and recording it are one push. */
export const reconcileLanding = (draft: Draft): void => {
  for (const base of bases(draft)) landOn(draft, base);
};

const bases = (draft: Draft): Base[] => [
  ...new Set([
    ...Object.keys(draft.ledger().queues),
    ...draft
      .executions()
      .filter(({ state }) => state === "running")
      .map(({ base }) => base),
  ]),
];

const landOn = (draft: Draft, base: Base): void => {
  const tip = draft.base(base);
  const before = draft.queue(base);
  const queue = tip === null ? missing(before, base) : guardAgainstRewind(draft, { ...before }, tip);
  if (queue === undefined) return;
  const planned = plan({
    now: draft.now,
    base,
    tip: tip ?? "",
    queue,
    entrants: entrants(draft, base, queue),
    parallel: draft.snapshot.config.refinery.parallel,
    maxAttempts: MAX_FAULTS + 1,
    attempts: (commit) => attemptsOf(draft, commit),
    merged: (query) => draft.ask<"candidate">(query),
  });
  for (const each of planned.ejected) eject(draft, each);
  if (planned.land) land(draft, base, planned.land);
  // While nothing lands nothing new is verified either; a run that is on its way goes on.
  const starts = ({ until }: Candidate): boolean => until !== null || !planned.queue.frozen;
  const candidates = planned.queue.candidates.map((candidate) => (starts(candidate) ? begin(draft, base, candidate) : candidate));
  const started = { ...planned.queue, candidates };
  for (const candidate of queue.candidates) if (!candidates.some(({ commit }) => commit === candidate.commit)) drop(draft, candidate);
  write(draft, base, started);
  tidy(draft, base, started);
};

/** Verify jobs that were asked for on a commit: the same candidate may come again after a retry, and needs a run of its own. */
const attemptsOf = (draft: Draft, commit: Sha): number => {
  let count = 0;
  while (draft.trace(`start-job:${jobKey({ kind: "verify", target: commit, attempt: count + 1 })}`)) count += 1;
  return count;
};

/** Why an item is held is read again at every turn: a change of that alone is not worth a push. */
const write = (draft: Draft, base: Base, queue: Queue): void => {
  const before = draft.queue(base);
  const lasting = ({ items, ...rest }: Queue): string =>
    JSON.stringify({ ...rest, items: items.map(({ task, head, strikes }) => [task, head, strikes]) });
  if (lasting(before) !== lasting(queue)) draft.putQueue(base, queue);
  else if (JSON.stringify(before) !== JSON.stringify(queue)) draft.learnQueue(base, queue);
};

const missing = (queue: Queue, base: Base): Queue => ({
  ...queue,
  frozen: refuse("base-missing", `The branch \`${base}\` is gone.`, "/enki retry").refusal,
});

/** A base that no longer contains what landed was rewound: nothing is landed on it, or again, before a person says so. Undefined while that is not known. */
const guardAgainstRewind = (draft: Draft, queue: Queue, tip: Sha): Queue | undefined => {
  if (queue.frozen?.code === "base-missing") return { ...queue, frozen: null };
  if (queue.landed === null || queue.landed === tip || queue.frozen) return queue;
  const contained = draft.ask<"contains">({ kind: "contains", commit: queue.landed, tip });
  if (contained === undefined) return undefined;
  if (contained) return queue;
  const why = `The base no longer contains ${queue.landed.slice(0, 12)}, which landed: it was rewound.`;
  return { ...queue, frozen: refuse("base-rewound", why, "/enki retry").refusal };
};

/** Steps with a published head, in an order that follows the graph. */
const entrants = (draft: Draft, base: Base, queue: Queue): Entrant[] =>
  draft
    .executions()
    .filter((execution) => execution.base === base && execution.state === "running" && mayLandYet(draft, execution))
    .flatMap((execution) =>
      inOrder(draft, execution).flatMap((step): Entrant[] => {
        const planned = draft.planned(execution, step.id);
        if (!step.head || !planned || (step.state !== "worker_done" && step.state !== "waiting")) return [];
        if (isAsking(step) || !isNext(draft, execution, { step, planned })) return [];
        const task = taskId(execution.id, step.id);
        const message = landingMessage({ execution, step: planned, head: step.head.sha, suffix: draft.snapshot.config.git.commitSuffix });
        const held = step.pull === null ? opening : planned.checkpoint ? gate(draft, { execution, step, queue }) : null;
        return held === reworked ? [] : [{ task, head: step.head.sha, message, held }];
      }),
    );

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

/** Nothing is queued before all that it needs landed: what has landed is closed under needs. Nor what holds work that will not land. */
const isNext = (draft: Draft, execution: Execution, { step, planned }: Published): boolean =>
  neededBy(draft, execution, planned).every(({ state }) => isOverFor(state)) && isStale(draft, step) === false;

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
  const green = queue.candidates.some(
    ({ items, verdict }) => verdict === "green" && items.some((item) => item.task === task && item.head === step.head?.sha),
  );
  if (!green || step.pull === null) return unapproved;
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

type Ejected = { readonly task: TaskId; readonly head: Sha; readonly why: Refusal; readonly log: string };

const eject = (draft: Draft, { task, head, why, log }: Ejected): void => {
  const id = readTaskId(task);
  const execution = id && draft.execution(id.execution);
  const step = id && execution?.steps[id.step];
  if (!execution || !step || step.head?.sha !== head) return;
  draft.note(`${task} left the queue: ${why.code}`);
  // The log of a conflict is the list of its paths.
  const conflicted = why.code === "conflict" ? { conflicted: log.split("\n") } : {};
  failStep(draft, { execution, step: { ...step, ...conflicted }, why, log });
};

const land = (draft: Draft, base: Base, candidate: Candidate): void => {
  draft.move(branchRef(base), candidate.commit);
  for (const { task, head, merge } of candidate.items) {
    const id = readTaskId(task);
    const step = id && draft.execution(id.execution)?.steps[id.step];
    if (!id || !step) continue;
    // The head is named in the same push: a person's commit that arrives now keeps this step from landing without it.
    draft.guard(taskRef(task));
    draft.putStep(id.execution, { ...step, state: "done", why: null, until: null, landed: { commit: merge, at: draft.now } });
    draft.note(`${task} landed on ${base} as ${merge.slice(0, 12)} (head ${head.slice(0, 12)})`);
  }
};

/** Publishes a candidate's commit and asks for its verify job. */
const begin = (draft: Draft, base: Base, candidate: Candidate): Candidate => {
  if (candidate.verdict !== null) return candidate;
  const ref = candidateRef(base, candidate.commit);
  if (draft.ref(ref) !== candidate.commit) draft.move(ref, candidate.commit);
  if (candidate.until === null) {
    draft.wake(candidate.notBefore);
    if (candidate.notBefore > draft.now) return candidate;
  }
  const id = readTaskId(candidate.items[0]?.task ?? "");
  if (id) wantJob(draft, { kind: "verify", execution: id.execution, step: id.step, target: candidate.commit, attempt: candidate.attempt });
  return { ...candidate, until: candidate.until ?? draft.now + draft.snapshot.config.refinery.timeout + JOB_SLACK };
};

/** Nobody waits for the verdict any more. */
const drop = (draft: Draft, { commit, attempt, until, verdict }: Candidate): void => {
  if (verdict === null && until !== null) stopRun(draft, jobKey({ kind: "verify", target: commit, attempt }));
};

/** Candidates are not work: those that nobody verifies or lands any more go with the next write. */
const tidy = (draft: Draft, base: Base, queue: Queue): void => {
  const kept = new Set([...queue.candidates.map(({ commit }) => commit), ...heldBases(draft, base)]);
  for (const ref of Object.keys(draft.snapshot.refs)) {
    const candidate = readCandidateRef(ref);
    if (candidate?.base === base && !kept.has(candidate.commit)) draft.tidy(ref);
  }
};
