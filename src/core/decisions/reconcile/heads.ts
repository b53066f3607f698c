import { followsRules } from "../../domain/decision.ts";
import { refuseLostBranch, refuseResetBranch } from "../../messages/refusals/steps.ts";
import { replaceHead } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { toTaskId } from "../../domain/ids.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { isAwaitingAnswer, type Step } from "../../domain/step.ts";
import { reopenExecution } from "../apply/retry.ts";
import type { DecisionTransaction, StepWriter, ExecutionWriter, RefWriter, EffectWriter } from "../decision-transaction.ts";
import { syncPullHead } from "./queued-pulls.ts";
import { createPersonHead } from "../base-rewinds.ts";
import { failLostBranch, isBranchReset } from "../reset-branch.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** Follows changes by people on task branches: adopts their commits as the step's new head and restores deleted branches. */
export const reconcileHeads = (tx: DecisionTransaction): void => {
  for (const execution of tx.executions()) {
    for (const step of tx.steps(execution.id)) if (step.state === "failed") adoptConflictFix(tx, execution, step);
    if (execution.state !== "running") continue;
    for (const step of tx.steps(execution.id)) {
      if (isPublishedWork(step)) syncTaskHead(tx, execution, step);
      else if (isBeforeAttempt(step)) adoptEarlierPush(tx, execution, step);
    }
  }
};

/** Adopts a person's push that resolves a conflict; no command is needed. */
const adoptConflictFix = (tx: StepWriter & ExecutionWriter, execution: Execution, step: Step): void => {
  const task = toTaskId(execution.id, step.id);
  const tip = tx.ref(toTaskRef(task));
  if (step.refusal?.code !== "unresolved" || execution.workflow?.endState === "failed") return;
  if (tip === null || tip === step.head?.sha) return;
  const reset = isBranchReset(tx, execution, { step, tip });
  if (reset === UNKNOWN || reset) return;
  const head = createPersonHead(tx, execution, { sha: tip, before: step.head });
  if (head === UNKNOWN) return;
  tx.putStep(execution.id, replaceHead(step, { head }));
  reopenExecution(tx, execution);
  tx.note(`${task}: a person pushed ${tip.slice(0, 12)}`);
};

const isPublishedWork = (step: Step): boolean =>
  step.state === "published" || (step.state === "waiting" && step.head !== null && !isAwaitingAnswer(step));

const isBeforeAttempt = ({ state, head }: Step): boolean => head !== null && (state === "pending" || state === "ready");

/** Adopts what a person pushed during the last attempt: the next attempt starts there, since its result must fit the branch. */
const adoptEarlierPush = (tx: StepWriter & EffectWriter, execution: Execution, step: Step): void => {
  const task = toTaskId(execution.id, step.id);
  const tip = tx.ref(toTaskRef(task));
  if (execution.landsPull || !followsRules(tx.snapshot, 5) || tip === null || tip === step.head?.sha) return;
  const reset = isBranchReset(tx, execution, { step, tip });
  if (reset === UNKNOWN) return;
  if (reset) return failLostBranch(tx, { execution, step }, refuseResetBranch(task));
  const head = createPersonHead(tx, execution, { sha: tip, before: step.head });
  if (head === UNKNOWN) return;
  tx.putStep(execution.id, { ...step, head });
  tx.note(`${task}: a person pushed ${tip.slice(0, 12)}`);
};

const syncTaskHead = (tx: StepWriter & RefWriter & EffectWriter, execution: Execution, step: Step): void => {
  if (!step.head) return;
  if (execution.landsPull) return syncPullHead(tx, execution, step);
  const task = toTaskId(execution.id, step.id);
  const tip = tx.ref(toTaskRef(task));
  if (tip === step.head.sha) return;
  if (tip === null) {
    const there = tx.readFact<"contains">({ kind: "contains", commit: step.head.sha, tip: step.head.sha });
    if (there === UNKNOWN) return;
    if (!there) return failLostBranch(tx, { execution, step }, refuseLostBranch(task));
    tx.moveRef(toTaskRef(task), step.head.sha);
    tx.note(`${task}: its branch was deleted before it landed; put back`);
    return;
  }
  const reset = isBranchReset(tx, execution, { step, tip });
  if (reset === UNKNOWN) return;
  if (reset) return failLostBranch(tx, { execution, step }, refuseResetBranch(task));
  const head = createPersonHead(tx, execution, { sha: tip, before: step.head });
  if (head === UNKNOWN) return;
  tx.putStep(execution.id, replaceHead(step, { head }));
  tx.note(`${task}: a person pushed ${tip.slice(0, 12)}`);
};
