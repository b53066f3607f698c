import type { Execution } from "../domain/execution.ts";
import { readTaskId, type TaskId, toTaskId } from "../domain/ids.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { isLandingKind, type Queue, toLandingKind } from "../domain/queue.ts";
import { toTaskBranch } from "../domain/refs.ts";
import type { Step } from "../domain/step.ts";
import { toPullStateKey } from "../messages/pull-state.ts";
import { renderPullBody, renderPullTitle, renderUnfollowedPullBody } from "../messages/pull-text.ts";
import type { LedgerReader, StepWriter, EffectWriter } from "./decision-transaction.ts";
import { findCommentUrl } from "./run-links.ts";

/** After this many edits, the text links to the current state, and is edited again only at the end. */
const MAX_PULL_EDITS = 40;

type StepPull = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep };

const isEnd = ({ state }: Step): boolean => state === "done" || state === "cancelled" || state === "skipped";

const isFollowed = (step: Step): boolean => (step.announcedState?.edits ?? 0) < MAX_PULL_EDITS || isEnd(step);

const toStateKey = (step: Step): string => (isFollowed(step) ? toPullStateKey(step) : "unfollowed");

const renderBody = (tx: LedgerReader, { execution, step, planned }: StepPull): string => {
  const progressUrl = findCommentUrl(tx, execution);
  if (!isFollowed(step)) return renderUnfollowedPullBody({ execution, planned, progressUrl });
  return renderPullBody({
    execution,
    planned,
    step,
    progressUrl,
    terms: tx.queue(execution.baseBranch).landingTerms,
    commands: [...new Set([...tx.snapshot.config.refinery.verify, ...planned.verify])],
    repositoryUrl: tx.snapshot.repositoryUrl,
  });
};

/** Opens the pull request of a step. */
export const openPull = (tx: StepWriter & EffectWriter, of: StepPull): void => {
  const { execution, step, planned } = of;
  const task = toTaskId(execution.id, step.id);
  const { landingTerms } = tx.queue(execution.baseBranch);
  if (!tx.effectRecord(`open-pull:${task}`)) {
    const announcedState = { key: toStateKey(step), edits: step.announcedState?.edits ?? 0 };
    tx.recordStep(execution.id, { ...step, announcedState, ...(landingTerms && { announcedLanding: toLandingKind(landingTerms) }) });
  }
  tx.requestEffect({
    kind: "open-pull",
    key: `open-pull:${task}`,
    task,
    head: toTaskBranch(task),
    baseBranch: execution.baseBranch,
    title: renderPullTitle({ planned }),
    body: renderBody(tx, of),
  });
};

/** The landing that a text written without landing terms stands for, so that it needs no edit. */
const USUAL_LANDING = "exact";

const toAnnounced = ({ landingTerms }: Queue, step: Step): string =>
  landingTerms && !isEnd(step) ? toLandingKind(landingTerms) : (step.announcedLanding ?? USUAL_LANDING);

/** Edits the text of a step's pull request after a change of its facts. */
export const updatePullText = (tx: EffectWriter, of: StepPull): void => {
  const { execution, step } = of;
  const { pull, announcedState, announcedLanding } = step;
  // Texts of earlier versions stay once their steps have ended.
  if (pull === null || tx.lacksFacts() || (announcedState === undefined && isEnd(step))) return;
  const [landing, state] = [toAnnounced(tx.queue(execution.baseBranch), step), toStateKey(step)];
  if (state === announcedState?.key && landing === (announcedLanding ?? USUAL_LANDING)) return;
  const key = toPullEditKey(toTaskId(execution.id, step.id), { landing, state });
  tx.requestEffect({ kind: "edit-pull", key, pull, body: renderBody(tx, of) });
};

type PullText = { readonly landing: string; readonly state: string };

export const toPullEditKey = (task: TaskId, { landing, state }: PullText) => `edit-pull:${task}/${landing}/${state}` as const;

/** Records the state in the text of a pull request, so that only changes cause edits. */
export const recordPullText = (tx: StepWriter & EffectWriter, key: string): void => {
  const [task = "", landing, state] = key.slice("edit-pull:".length).split("/");
  const id = readTaskId(task);
  const step = id && tx.execution(id.execution)?.steps[id.step];
  if (id && step) {
    const announcedState = state === undefined ? step.announcedState : { key: state, edits: (step.announcedState?.edits ?? 0) + 1 };
    const stated = { ...(announcedState && { announcedState }), ...(isLandingKind(landing) && { announcedLanding: landing }) };
    tx.recordStep(id.execution, { ...step, ...stated });
  }
  tx.deleteEffectRecord(key);
};
