import {
  refuseBadConfig,
  refuseSecondAddition,
  refuseStepsForIdle,
  refuseUnapprovedAddition,
} from "../../messages/refusals/plan-commands.ts";
import { dropAmendment, proposeAmendedPlan, startAmendment } from "../../domain/execution-lifecycle.ts";
import type { Execution, PlanApproval } from "../../domain/execution.ts";
import { appendSteps } from "../../domain/plan-graph.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { createStep } from "../../domain/step.ts";
import { checkTaskNeeds, withLocalNeeds } from "../task-needs.ts";
import type { ExecutionWriter } from "../decision-transaction.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";
import { findTarget, findExecutionIssue } from "../../domain/find-target.ts";
import { checkLandable } from "../landing-terms.ts";
import type { CommandAnswer } from "./answer.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { replaceUnknown, UNKNOWN } from "../../domain/known.ts";

/**
 * Starts planning of more steps for the issue's newest execution. Refusals: `not-running`, `already-adding`, `bad-config`, and those of a
 * base on which nothing can land.
 */
export const requestAmendment = (tx: ExecutionWriter, event: CommandedEvent, request: string): CommandAnswer => {
  const found = findTarget(tx.executions(), event.issue, null);
  if (!found.ok) return found.refusal;
  const { execution } = found.value;
  const { id, state, amendment } = execution;
  if (state !== "running" && state !== "paused") {
    const next = state === "proposed" ? `/enki approve ${(execution.plan ?? "").slice(0, 12)}` : "/enki fix <what to do>";
    return refuseStepsForIdle(id, state, next);
  }
  if (amendment?.state === "planning") return refuseSecondAddition(id);
  const { broken } = tx.snapshot.config;
  if (broken !== null) return refuseBadConfig(broken);
  const hindered = replaceUnknown(checkLandable(tx, execution.baseBranch), null);
  if (hindered) return hindered;
  tx.putExecution(startAmendment(execution, { request, requestedBy: event.by }));
  tx.note(`${event.by} asked to add to ${id}: ${request.slice(0, 72)}`);
  return null;
};

type ProposedSteps = { readonly steps: readonly PlannedStep[]; readonly by: string; readonly byAgent?: true };

/**
 * Proposes more steps for a running execution; they wait for a person's approval. Refusals: `not-running`, `already-adding`, those of
 * appendSteps and checkTaskNeeds.
 */
export const proposeAmendment = (tx: ExecutionWriter, execution: Execution, { steps, by, byAgent }: ProposedSteps): Refusal | null => {
  const { id, state, amendment } = execution;
  const there = tx.plan(execution.plan);
  if ((state !== "running" && state !== "paused") || !there) return refuseStepsForIdle(id, state, "/enki status");
  if (amendment && amendment.state !== "refused") return refuseUnapprovedAddition(id);
  const grown = appendSteps(withLocalNeeds(id, there), withLocalNeeds(id, { steps }).steps, tx.snapshot.config.plan.maxSteps);
  const checked = grown.ok ? checkTaskNeeds(tx, execution, grown.value) : grown;
  if (checked === UNKNOWN) return null;
  if (!checked.ok) return checked.refusal;
  const plan = tx.putPlan(checked.value);
  const deadline = tx.now + PERSON_WAIT_MS;
  tx.putExecution(proposeAmendedPlan(execution, { plan, request: "", requestedBy: by, deadline, ...(byAgent && { byAgent }) }));
  tx.note(`plan ${plan.slice(0, 12)} proposed for ${id}`);
  return null;
};

/**
 * Discards proposed steps if `target` is a prefix of the amended plan's hash; the execution keeps its plan. Reports whether a proposal was
 * discarded.
 */
export const discardAmendment = (tx: ExecutionWriter, event: CommandedEvent, target: string | null): boolean => {
  if (target === null || target.length < 7) return false;
  const of = tx
    .executions()
    .find(
      ({ issue, amendment }) =>
        issue === findExecutionIssue(tx.executions(), event.issue) &&
        amendment?.state === "proposed" &&
        amendment.plan?.startsWith(target) === true,
    );
  if (!of) return false;
  tx.putExecution(dropAmendment(of));
  tx.note(`${event.by} adds nothing to ${of.id}`);
  return true;
};

/** Replaces the running plan by the approved one; existing steps keep their state. */
export const applyAmendment = (tx: ExecutionWriter, execution: Execution, approved: Omit<PlanApproval, "plan">): void => {
  const hash = execution.amendment?.plan ?? null;
  const plan = tx.plan(hash);
  if (!plan || hash === null) return;
  const added = plan.steps.flatMap(({ id }) => (execution.steps[id] ? [] : [[id, createStep(id)] as const]));
  const steps = { ...execution.steps, ...Object.fromEntries(added) };
  tx.putExecution({ ...dropAmendment(execution), plan: hash, approved: { plan: hash, ...approved }, steps });
  tx.note(`${approved.by} approved plan ${hash.slice(0, 12)} of ${execution.id}: ${added.length} steps added`);
};
