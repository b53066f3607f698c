import type { Refusal } from "../../domain/refusal.ts";
import { hold, land, release, requestChanges } from "../../domain/step-lifecycle.ts";
import { toTaskId } from "../../domain/ids.ts";
import { failStep } from "../apply/fail-step.ts";
import type { StepWriter, EffectWriter } from "../decision-transaction.ts";
import type { GateVerdict, PublishedStep } from "./review-gate.ts";

/** A published step in the queue: free to land, held for a reason, or without a pull request. */
export type GateOutcome = { readonly kind: "free" } | { readonly kind: "held"; readonly refusal: Refusal } | { readonly kind: "opening" };

/** Records a verdict of the review gate at its step. Returns null if the step leaves the queue: it landed, or its agent works again. */
export const applyGateVerdict = (tx: StepWriter & EffectWriter, of: PublishedStep, verdict: GateVerdict): GateOutcome | null => {
  const { execution, step } = of;
  const task = toTaskId(execution.id, step.id);
  switch (verdict.kind) {
    case "opening":
    case "held":
      return verdict;
    case "hold":
      recordHold(tx, of, verdict.refusal);
      return { kind: "held", refusal: verdict.refusal };
    case "free":
      recordFreeStep(tx, of, verdict);
      if (verdict.by !== undefined) tx.note(`${task}: approved by ${verdict.by}`);
      return { kind: "free" };
    case "rework":
      tx.putStep(execution.id, requestChanges(step, verdict.review));
      tx.note(`${task}: changes requested by ${verdict.by}`);
      return null;
    case "leave":
      failStep(tx, { execution, step, refusal: verdict.refusal, log: "" });
      return null;
    case "merged":
      landByHand(tx, of, verdict.how);
      return null;
    case "merged-earlier":
      tx.deleteEffectRecord(`open-pull:${task}`);
      tx.putStep(execution.id, { ...step, pull: null });
      return { kind: "opening" };
  }
};

/** Releases a held step, and records the reviews that opened its gate. */
const recordFreeStep = (tx: StepWriter, { execution, step }: PublishedStep, verdict: Extract<GateVerdict, { kind: "free" }>): void => {
  const approvals = verdict.reviews && step.head ? { head: step.head.sha, reviews: verdict.reviews } : step.approvals;
  const isKnown = JSON.stringify(approvals) === JSON.stringify(step.approvals);
  const approved = isKnown || !approvals ? step : { ...step, approvals };
  if (verdict.wasRead && step.state === "waiting") tx.putStep(execution.id, release(approved));
  else if (!isKnown) tx.recordStep(execution.id, approved);
};

/** Records that a person landed a step: the base contains its head, or its pull request was merged, perhaps as other commits. */
const landByHand = (tx: StepWriter, { execution, step }: PublishedStep, how: string): void => {
  const commit = tx.baseTip(execution.baseBranch);
  if (commit === null || !step.head) return;
  const whole = tx.readFact<"contains">({ kind: "contains", commit: step.head.sha, tip: commit });
  const landed = { commit, at: tx.now, ...(whole === false && { rewritten: true as const }) };
  tx.putStep(execution.id, land(step, landed));
  tx.note(`${toTaskId(execution.id, step.id)} landed by hand: ${how}`);
};

const recordHold = (tx: StepWriter, { execution, step }: PublishedStep, refusal: Refusal): void => {
  if (step.state === "waiting" && step.refusal?.code === refusal.code) return;
  const next = refusal.next === "" ? `#${step.pull}` : refusal.next;
  tx.putStep(execution.id, hold(step, { ...refusal, next }, tx.now));
  tx.note(`${toTaskId(execution.id, step.id)} is held at ${(step.head?.sha ?? "").slice(0, 12)}: ${refusal.code}`);
};
