import { type Execution } from "../../domain/execution.ts";
import { checkPlan } from "../../domain/plan-graph.ts";
import type { ExecutionId } from "../../domain/ids.ts";
import { type TaskCreation, toQuickStep } from "../../domain/adhoc-task.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Draft } from "../draft.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";

/** On whose behalf, and where. */
export type Origin = Pick<Execution, "issue" | "onPullRequest" | "requestedBy" | "baseBranch">;

/** A task of its own: an execution with one step, proposed on the same issue. Refusals: those of checkPlan. */
export const makeTask = (draft: Draft, origin: Origin, { id, command }: { id: ExecutionId; command: TaskCreation }): Refusal | null => {
  const step = command.kind === "quick" ? toQuickStep(command.prompt) : command.step;
  const checked = checkPlan({ steps: [step] }, draft.snapshot.config.plan.maxSteps);
  if (!checked.ok) return checked.refusal;
  const { issue, onPullRequest, requestedBy, baseBranch } = origin;
  const until = draft.snapshot.config.plan.approval === "never" ? null : draft.now + PERSON_WAIT_MS;
  draft.putExecution({
    id,
    issue,
    onPullRequest,
    requestedBy,
    baseBranch,
    request: step.description,
    createdAt: draft.now,
    state: "proposed",
    refusal: null,
    planOnly: false,
    amendment: null,
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: until },
    plan: draft.putPlan(checked.value),
    approved: null,
    steps: {},
    spent: 0,
    ...(command.kind === "quick" ? { quick: true } : {}),
  });
  draft.note(`${id} proposed on #${issue}: ${step.title}`);
  return null;
};
