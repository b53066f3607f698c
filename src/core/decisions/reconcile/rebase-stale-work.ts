import { replaceHead } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import { toTaskRef } from "../../domain/refs.ts";
import type { Step } from "../../domain/step.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { formatReattachMessage, formatWorkMessage } from "../../messages/commit-messages.ts";
import { failStep } from "../apply/fail-step.ts";
import { completeWithoutChanges } from "../apply/deliver-work.ts";
import { buildStartingCommit, rebuildFormerBase, isOnlyRewritten, isStaleWork, isWaitingForBase } from "../step-base.ts";
import type { DecisionReader, StepWriter, RefWriter } from "../decision-transaction.ts";
import { isStrandedHead } from "../base-rewinds.ts";
import { isPlainRevert } from "../undo-state.ts";
import { publishLandingRevert } from "./reverts.ts";
import { type StepContext } from "../find-step.ts";
import { type Known, UNKNOWN } from "../../domain/known.ts";

/** Rebases work on top of heads that will not land as they were. */
export const reconcileStaleWork = (tx: StepWriter & RefWriter): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running") continue;
    for (const step of tx.steps(execution.id)) {
      if (!hasStackedHead(step) || isStrandedHead(tx, execution.baseBranch, step) !== false || isStaleWork(tx, step) !== true) continue;
      const planned = tx.planned(execution, step.id);
      const apart = isOnlyRewritten(tx, step);
      if (!planned || apart === UNKNOWN) continue;
      if (apart) reattachOwnChanges(tx, { execution, step, planned });
      else rebaseStaleWork(tx, { execution, step, planned });
    }
  }
};

const hasStackedHead = ({ builtOn, head, state }: Step): boolean =>
  builtOn.length > 0 && head !== null && (state === "published" || state === "waiting");

/** Withdraws a step whose rebased diff is empty; its pull request is closed. */
const endEmptyWork = (tx: StepWriter, execution: Execution, step: Step): void => {
  const remark = "What it was built on changed, and without that its work changes nothing: there is nothing to land.";
  completeWithoutChanges(tx, { execution, step: { ...step, head: null, builtOn: [] }, remark });
};

type StaleWork = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep };

/**
 * Reattaches a step's own changes to a base that contains the work below as other commits, after a squash or a rebase. The refinery handles
 * conflicts, with both sides.
 */
const reattachOwnChanges = (tx: StepWriter & RefWriter, { execution, step, planned }: StaleWork): void => {
  const task = toTaskId(execution.id, step.id);
  const linear = tx.queue(execution.baseBranch).landingTerms?.method === "rebase";
  if (!step.head) return;
  const built = rebuildFormerBase(tx, execution, { planned, step });
  if (built === UNKNOWN || isWaitingForBase(built)) return;
  if ("refusal" in built) return failStep(tx, { execution, step, refusal: built.refusal, log: "" });
  const message = (linear ? formatWorkMessage : formatReattachMessage)({
    execution,
    step: planned,
    suffix: tx.snapshot.config.git.commitSuffix,
  });
  const without = step.builtOn.map(({ head }) => head);
  // A person's commits are never replaced: if the history must be linear, that person merges or rebases them.
  const lasting = step.head.by === "person" || !linear;
  const work = tx.readFact<"reattach">({
    kind: "reattach",
    head: step.head.sha,
    excludedHeads: without,
    onto: built.commit,
    message,
    linear: !lasting,
  });
  if (work === UNKNOWN) return;
  if (work.kind === "unchanged") return endEmptyWork(tx, execution, step);
  if (work.kind === "conflict") return tx.putStep(execution.id, { ...step, builtOn: built.builtOn });
  publishRebasedHead(tx, { execution, step }, { ...built, commit: work.commit });
  tx.note(`${task} rejoined with ${execution.baseBranch} as ${work.commit.slice(0, 12)}`);
};

type HeadResultList = NonNullable<Step["headResults"]>;

/** The results in a head, each built on the result before. */
const listHeadResults = ({ headResults, result, baseCommit }: Step): HeadResultList =>
  headResults ?? (result !== null && baseCommit !== null ? [{ result, baseCommit }] : []);

/** Applies results one after the other to another base. */
const rebaseResults = (
  tx: DecisionReader,
  made: HeadResultList,
  { onto, message }: { onto: Sha; message: string },
): Known<QueryAnswers["work"]> => {
  let tip = onto;
  for (const { result, baseCommit } of made) {
    const work = tx.readFact<"work">({ kind: "work", result, baseCommit, onto: tip, message });
    if (work === UNKNOWN || work.kind === "conflict") return work;
    if (work.kind === "commit") tip = work.commit;
  }
  return tip === onto ? { kind: "unchanged" } : { kind: "commit", commit: tip };
};

const rebaseStaleWork = (tx: StepWriter & RefWriter, { execution, step, planned }: StaleWork): void => {
  if (isPlainRevert(execution, step)) return publishLandingRevert(tx, { execution, step });
  const task = toTaskId(execution.id, step.id);
  const fail = (code: string, text: string): void =>
    failStep(tx, { execution, step, refusal: { code, message: text, next: `/enki retry ${task}` }, log: "" });
  const made = listHeadResults(step);
  if (step.head?.by === "person" || made.length === 0)
    return fail(
      "stale-base",
      "A person pushed to its branch, and what that is built on was skipped or replaced: only a person can untangle it.",
    );
  const built = buildStartingCommit(tx, execution, planned);
  if (built === UNKNOWN || isWaitingForBase(built)) return;
  if ("refusal" in built) return failStep(tx, { execution, step, refusal: built.refusal, log: "" });
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const work = rebaseResults(tx, made, { onto: built.commit, message });
  if (work === UNKNOWN) return;
  if (work.kind === "unchanged") return endEmptyWork(tx, execution, step);
  if (work.kind === "conflict")
    return fail("work-conflict", `What it was built on changed, and it conflicts with that in ${work.paths.slice(0, 5).join(", ")}.`);
  publishRebasedHead(tx, { execution, step }, { ...built, commit: work.commit });
  tx.note(`${task} carried over to ${work.commit.slice(0, 12)}`);
};

type RebasedHead = { readonly commit: Sha; readonly builtOn: Step["builtOn"]; readonly baseTip?: Sha | undefined };

const publishRebasedHead = (
  tx: StepWriter & RefWriter,
  { execution, step }: StepContext,
  { commit, builtOn, baseTip }: RebasedHead,
): void => {
  const task = toTaskId(execution.id, step.id);
  tx.moveRef(toTaskRef(task), commit);
  const head = { sha: commit, since: tx.now, by: step.head?.by ?? "worker", ...(baseTip !== undefined && { baseTip }) };
  tx.putStep(execution.id, replaceHead(step, { head, builtOn }));
};
