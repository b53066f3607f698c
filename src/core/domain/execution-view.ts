import type { Execution, ExecutionState } from "./execution.ts";
import type { ExecutionId, Millis, StepId } from "./ids.ts";
import type { Ledger } from "./ledger.ts";
import type { PlannedStep } from "./plan.ts";
import type { StepState } from "./step.ts";

/** What tools see of a step. */
export type StepView = Pick<PlannedStep, "id" | "title" | "tier" | "needs" | "checkpoint"> & { readonly state: StepState };

/** What tools see of an execution: how it stands, without what its workers are told. */
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

/** All executions of the ledger as tools see them, oldest first. */
export const listExecutionViews = ({ executions, plans }: Pick<Ledger, "executions" | "plans">): ExecutionView[] =>
  Object.values(executions)
    .toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    .map((execution) => toExecutionView(execution, plans));
