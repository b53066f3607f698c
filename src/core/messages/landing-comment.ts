import type { Execution, QueuedPull } from "../domain/execution.ts";
import { toTaskId } from "../domain/ids.ts";
import type { Queue } from "../domain/queue.ts";
import { PULL_STEP_ID } from "../domain/queued-pull.ts";
import { findFailureLog, isHeldByPerson, type Step } from "../domain/step.ts";
import { renderCapacityNote, type ShownCapacity } from "./capacity-note.ts";
import { writeMarker } from "./comment-marker.ts";
import { escapeInline, toInlineCode } from "./escape.ts";
import { findFailureAction } from "./failure-action.ts";
import { describeLanding } from "./landing-words.ts";
import { formatCopyBlock, renderNextOwnStep } from "./next-command.ts";
import { renderReason } from "./refusal-page.ts";
import { renderFailureLog } from "./step-details.ts";

type LandingCommentInput = {
  readonly execution: Execution;
  readonly landsPull: QueuedPull;
  readonly queue: Queue;
  readonly capacity?: ShownCapacity;
};

/** The comment on a person's pull request in the merge queue: where it stands, and how to take it out. Edited in place. */
export const renderLandingComment = ({ execution, landsPull, queue, capacity }: LandingCommentInput): string => {
  const step = execution.steps[PULL_STEP_ID];
  const { id, baseBranch, requestedBy, state } = execution;
  const head = toInlineCode((step?.head?.sha ?? "").slice(0, 12));
  return [
    writeMarker({ kind: "execution", id }),
    `### ${renderHeadline(execution, landsPull, step)}`,
    renderState({ execution, step, queue }),
    state === "running" && queue.landingTerms ? describeLanding(baseBranch, queue.landingTerms) : "",
    renderCapacityNote(state, queue, capacity),
    state === "running" || state === "paused" ? `To take it out of the queue, comment:\n\n${formatCopyBlock("/enki unland")}` : "",
    `<sub>#${landsPull.pull} at ${head}, for ${toInlineCode(baseBranch)}, requested by ${escapeInline(requestedBy)}</sub>`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};

const renderHeadline = ({ state, baseBranch }: Execution, { pull }: QueuedPull, step: Step | undefined): string => {
  const base = toInlineCode(baseBranch);
  if (step?.landed) return `Done: #${pull} landed on ${base} as ${toInlineCode(step.landed.commit.slice(0, 12))}`;
  if (state === "cancelled") return `Cancelled: #${pull} is not in the queue`;
  if (state === "failed" || step?.state === "failed") return `Stopped: #${pull} left the queue`;
  if (state === "paused") return `Paused: #${pull} waits in the queue of ${base}`;
  return step && isHeldByPerson(step) ? `Waiting for you: #${pull} is held in the queue of ${base}` : `#${pull} is in the queue of ${base}`;
};

type ShownState = { readonly execution: Execution; readonly step: Step | undefined; readonly queue: Queue };

const renderState = ({ execution, step, queue }: ShownState): string => {
  if (!step || step.landed) return "";
  if (execution.state === "running" && queue.frozen) return `> [!WARNING]\n> **Nothing lands for now.** ${renderReason(queue.frozen)}`;
  if (step.state === "failed") return renderFailure(execution, step);
  if (step.refusal) return [renderReason(step.refusal, 1_000), renderNextOwnStep(step.refusal)].filter((part) => part !== "").join("\n\n");
  if (execution.refusal) return renderReason(execution.refusal);
  const ahead = queue.items.findIndex(({ task }) => task === toTaskId(execution.id, PULL_STEP_ID));
  const place = ahead <= 0 ? "" : ` ${ahead === 1 ? "One item is" : `${ahead} items are`} ahead of it.`;
  return `Enki verifies this head together with what is ahead of it, and lands it once it is green. A new commit takes it out of the queue.${place}`;
};

const renderFailure = (execution: Execution, step: Step & { readonly state: "failed" }): string => {
  const { advice, command } = findFailureAction(execution, [step]);
  return [
    renderReason(step.refusal, 1_000),
    renderFailureLog(findFailureLog(step)),
    advice === "" ? "" : renderNextOwnStep(step.refusal),
    command === "" || advice !== "" ? "" : `To put it into the queue again, comment:\n\n${formatCopyBlock(command)}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
};
