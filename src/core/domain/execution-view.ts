import type { Execution, ExecutionState } from "./execution.ts";
import type { ExecutionId, Millis, StepId } from "./ids.ts";
import type { Ledger } from "./ledger.ts";
import type { PlannedStep } from "./plan.ts";
import type { StepState } from "./step.ts";

/** The part of a step that tools show. */
export type StepView = Pick<PlannedStep, "id" | "title" | "tier" | "needs" | "checkpoint"> & { readonly state: StepState };

/** The part of an execution that tools show; excludes prompts. */
export type ExecutionView = {
  readonly id: ExecutionId;
  readonly issue: number;
  readonly state: ExecutionState;
  readonly createdAt: Millis;
  readonly steps: Readonly<Record<StepId, StepView>>;
};

const toExecutionView = ({ id, issue, state, createdAt, plan, steps }: Execution, plans: Ledger["plans"]): ExecutionView => ({
  id,
  issue,
  state,
  createdAt,
  steps: Object.fromEntries(
    (plans[plan ?? ""]?.steps ?? []).map((step) => [
      step.id,
      {
        id: step.id,
        title: step.title,
        tier: step.tier,
        needs: step.needs,
        checkpoint: step.checkpoint,
        state: steps[step.id]?.state ?? "pending",
      },
    ]),
  ),
});

/** Lists all executions for tools, oldest first. */
export const listExecutionViews = ({ executions, plans }: Pick<Ledger, "executions" | "plans">): ExecutionView[] =>
  Object.values(executions)
    .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    .map((execution) => toExecutionView(execution, plans));
