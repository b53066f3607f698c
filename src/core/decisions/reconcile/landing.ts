import { land as landStep } from "../../domain/step-lifecycle.ts";
import { type BranchName, readTaskId, type Sha, type TaskId } from "../../domain/ids.ts";
import { toJobKey } from "../../domain/job.ts";
import { type Candidate, isGreen, type Queue } from "../../domain/queue.ts";
import { toBranchRef, toCandidateRef, readCandidateRef, toTaskRef } from "../../domain/refs.ts";
import { refuse } from "../../domain/refusal.ts";
import { planQueue } from "../../refinery/plan-queue.ts";
import { type QueueEntrant, toChainMerge, type RefineryEffect, type RefineryPlan } from "../../refinery/refinery-state.ts";
import { renderFailedTogether } from "../../messages/failed-together.ts";
import { failStep, findStep } from "../apply/failing.ts";
import { heldBases, liveBases } from "../bases.ts";
import { newLanding, startAfter, tellChecks, tellReused } from "../landings.ts";
import { withTerms } from "../terms.ts";
import { IN_QUEUE } from "./giving-up.ts";
import type { Draft } from "../draft.ts";
import { JOB_SLACK_MS, MAX_FAULTS } from "../../domain/retry-policy.ts";
import { entrants } from "./entrants.ts";
import { blameResolution, meetConflict } from "./resolving.ts";
import { jobsAskedFor, wantJob } from "./scheduling.ts";
import { stopRun } from "./stopping.ts";

/** Lands what is verified and allowed, and verifies what comes next. Landing and recording it are one push. */
export const reconcileLanding = (draft: Draft): void => {
  for (const base of liveBases(draft)) landOn(draft, base);
};

const landOn = (draft: Draft, base: BranchName): void => {
  const tip = draft.base(base);
  const before = draft.queue(base);
  const queue = tip === null ? missing(before, base) : before;
  const entering = enter(draft, base, { queue, tip });
  if (entering === undefined) return;
  const { ready, coming } = entering;
  const { refinery } = draft.snapshot.config;
  const planned = planQueue({
    now: draft.now,
    baseBranch: base,
    tip: tip ?? "",
    queue: ready,
    entrants: coming,
    parallel: refinery.parallel,
    retries: refinery.retries,
    maxFaults: MAX_FAULTS + 1,
    timeoutMs: refinery.timeoutMs + JOB_SLACK_MS,
    reusesVerdicts: ready.landingTerms?.requiresExactCommit !== true,
    landsTogether: ready.landingTerms?.mode !== "each" && ready.landingTerms?.mode !== "queue",
    mergedByGitHub: (ready.landingTerms?.mode ?? "exact") !== "exact",
    isReported: (candidate) => ready.landingTerms?.mode !== "exact" || tellChecks(draft, ready, { candidate, commit: candidate.commit }),
    attemptsOf: (commit) => jobsAskedFor(draft, "verify", commit),
    mergeChain: (query) => draft.ask<"merge-chain">(query),
  });
  for (const effect of planned.effects) carryOut(draft, base, effect);
  publish(draft, base, planned.refs);
  const mergeRequest = planned.effects.find((effect) => effect.kind === "request-merge");
  const next = mergeRequest ? offered(draft, planned.queue, mergeRequest.candidate) : planned.queue;
  write(draft, base, next);
  tidy(draft, base, next);
};

/** The queue with its terms, and what wants to land under these. Undefined while they are not known. */
const enter = (draft: Draft, base: BranchName, { queue, tip }: { queue: Queue; tip: Sha | null }) => {
  const coming = entrants(draft, base, queue).map((each) => inQueue(queue, each));
  const termed = tip === null ? queue : withTerms(draft, base, { queue, tip, wanted: coming.length > 0 });
  const ready = termed && tip !== null ? asMade(draft, { queue: termed, tip, coming }) : termed;
  // Other rules may ask for reviews of what nobody minded before.
  return (
    ready && {
      ready,
      coming: ready.landingTerms === queue.landingTerms ? coming : entrants(draft, base, ready).map((each) => inQueue(ready, each)),
    }
  );
};

/** What GitHub's merge queue holds is neither verified nor landed again, wherever the base goes meanwhile. */
const inQueue = ({ landing }: Queue, entrant: QueueEntrant): QueueEntrant =>
  landing?.mode === "queue" && entrant.refusal === null && landing.candidate.items.some(({ task }) => task === entrant.task)
    ? { ...entrant, refusal: IN_QUEUE }
    : entrant;

/**
 * Without candidates whose files are not those that GitHub would make of the pull request on the base as it is:
 * a squash or a rebase before them left the base without the commits that they were built on. They are built and verified again.
 */
const asMade = (draft: Draft, { queue, tip, coming }: { queue: Queue; tip: Sha; coming: readonly QueueEntrant[] }): Queue | undefined => {
  if (!queue.landingTerms?.method) return queue;
  const isOther = (candidate: Candidate): boolean | undefined => {
    const [item, more] = candidate.items;
    const entrant = coming.find((each) => each.task === item?.task && each.head === item.head);
    if (more || !entrant || candidate.onto !== tip || !isGreen(candidate)) return false;
    const link = draft.ask<"merge-chain">({ kind: "merge-chain", onto: tip, merges: [{ ...toChainMerge(entrant), needs: [] }] })?.[0];
    return link && (link.kind !== "merged" || link.tree !== candidate.tree);
  };
  const judged = queue.candidates.map((each) => ({ each, other: isOther(each) }));
  if (judged.some(({ other }) => other === undefined)) return undefined;
  const candidates = judged.flatMap(({ each, other }) => (other === true ? [] : [each]));
  return candidates.length === queue.candidates.length ? queue : { ...queue, candidates };
};

/** The queue with what GitHub is asked to merge now. */
const offered = (draft: Draft, queue: Queue, candidate: Candidate): Queue => {
  draft.wake(queue.askAgainAt ?? null);
  return (queue.askAgainAt ?? 0) > draft.now ? queue : { ...queue, landing: newLanding(draft, queue, candidate) };
};

const carryOut = (draft: Draft, base: BranchName, effect: RefineryEffect): void => {
  switch (effect.kind) {
    case "land":
      return land(draft, base, effect.candidate);
    case "request-merge":
      return;
    case "eject":
      return eject(draft, effect);
    case "resolve":
      return meetConflict(draft, effect);
    case "verify":
      return verify(draft, effect);
    case "stop":
      // Nobody waits for the verdict any more.
      stopRun(draft, toJobKey({ kind: "verify", target: effect.commit, attempt: effect.attempt }));
  }
};

/** The refs of a plan, in the push that saves it: the base as it will be, and every candidate under verification. */
const publish = (draft: Draft, base: BranchName, refs: RefineryPlan["refs"]): void => {
  for (const { kind, commit } of refs) {
    const ref = kind === "base" ? toBranchRef(base) : toCandidateRef(base, commit);
    if (draft.ref(ref) !== commit) draft.move(ref, commit);
  }
};

/** A step's verify job is asked for in the name of the first step that it verifies; the base's in the name of the base. */
const verify = (draft: Draft, { commit, attempt, notBefore, tasks }: Extract<RefineryEffect, { kind: "verify" }>): void => {
  draft.wake(notBefore);
  if (notBefore > draft.now) return;
  const id = readTaskId(tasks[0] ?? "");
  wantJob(draft, { kind: "verify", execution: id?.execution ?? "", step: id?.step ?? "", target: commit, attempt });
};

const write = (draft: Draft, base: BranchName, queue: Queue): void => {
  const before = draft.queue(base);
  if (lasting(before) !== lasting(queue)) draft.putQueue(base, queue);
  else if (JSON.stringify(before) !== JSON.stringify(queue)) draft.learnQueue(base, queue);
};

/**
 * What of a queue is worth a push. Why an item is held is read again at every turn, and a change of that alone is not;
 * that it has to be merged with the base once more is, or it would be forgotten at every turn.
 */
export const lasting = ({ items, ...rest }: Queue): string =>
  JSON.stringify({
    ...rest,
    items: items.map(({ task, head, strikes, passedBefore, mergedAgainst }) => [task, head, strikes, passedBefore, mergedAgainst === null]),
  });

const missing = (queue: Queue, base: BranchName): Queue => ({
  ...queue,
  frozen: refuse("base-missing", `The branch \`${base}\` is gone.`, "/enki retry").refusal,
});

const eject = (draft: Draft, { task, head, refusal: red, log: last, failedWith }: Extract<RefineryEffect, { kind: "eject" }>): void => {
  const found = findStep(draft, task);
  if (found?.step.head?.sha !== head) return;
  draft.note(`${task} left the queue: ${red.code}`);
  const others = renderFailedTogether(failedWith.map((each) => titleOf(draft, each)));
  const why = others === "" ? red : { ...red, message: `${others}: ${red.message}` };
  const log = others === "" || last === "" ? last : `${others}.\n${last}`;
  if (!blameResolution(draft, { ...found, log })) failStep(draft, { ...found, why, log });
};

const titleOf = (draft: Draft, task: TaskId): string => {
  const found = findStep(draft, task);
  return (found && draft.planned(found.execution, found.step.id)?.title) ?? task;
};

const land = (draft: Draft, base: BranchName, candidate: Candidate): void => {
  startAfter(draft, base, candidate.commit);
  tellReused(draft, candidate, candidate.commit);
  for (const { task, head, merge } of candidate.items) {
    const id = readTaskId(task);
    const step = id && draft.execution(id.execution)?.steps[id.step];
    if (!id || !step) continue;
    // The head is named in the same push: a person's commit that arrives now keeps this step from landing without it.
    draft.guard(toTaskRef(task));
    draft.putStep(id.execution, landStep(step, { commit: merge, at: draft.now }));
    draft.note(`${task} landed on ${base} as ${merge.slice(0, 12)} (head ${head.slice(0, 12)})`);
  }
};

/** Candidates are not work: those that nobody verifies or lands any more go with the next write. */
const tidy = (draft: Draft, base: BranchName, queue: Queue): void => {
  const kept = new Set([...queue.candidates.map(({ commit }) => commit), ...heldBases(draft, base)]);
  for (const ref of Object.keys(draft.snapshot.refs)) {
    const candidate = readCandidateRef(ref);
    if (candidate?.base === base && !kept.has(candidate.commit)) draft.tidy(ref);
  }
};
