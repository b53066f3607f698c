import { createExecution, propose } from "../../domain/execution-lifecycle.ts";
import { type Execution } from "../../domain/execution.ts";
import { checkPlan } from "../../domain/plan-graph.ts";
import type { ExecutionId } from "../../domain/ids.ts";
import { type TaskCreation, toAnswerStep, toQuickStep } from "../../domain/adhoc-task.ts";
import type { PersonCommand } from "../../domain/command.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { ExecutionWriter } from "../decision-transaction.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";

/** The issue, requester and base branch of a task. */
export type TaskOrigin = Pick<Execution, "issue" | "onPullRequest" | "requestedBy" | "baseBranch">;

type QuestionCommand = Extract<PersonCommand, { kind: "ask" }>;

const toOnlyStep = (command: TaskCreation | QuestionCommand): PlannedStep => {
  switch (command.kind) {
    case "quick":
      return toQuickStep(command.prompt);
    case "ask":
      return toAnswerStep(command.question);
    case "create-task":
      return command.step;
  }
};

/** Creates an ad-hoc task: an execution with one step, proposed on the same issue. Refusals: those of checkPlan. */
export const createAdhocTask = (
  tx: ExecutionWriter,
  origin: TaskOrigin,
  { id, command }: { id: ExecutionId; command: TaskCreation | QuestionCommand },
): Refusal | null => {
  const step = toOnlyStep(command);
  const checked = checkPlan({ steps: [step] }, tx.snapshot.config.plan.maxSteps);
  if (!checked.ok) return checked.refusal;
  const { issue, onPullRequest, requestedBy, baseBranch } = origin;
  const until = tx.snapshot.config.plan.approval === "never" ? null : tx.now + PERSON_WAIT_MS;
  const request = { issue, onPullRequest, requestedBy, baseBranch, request: step.description };
  const execution = createExecution({ id, ...request, createdAt: tx.now, ...(command.kind === "create-task" ? {} : { quick: true }) });
  tx.putExecution(propose(execution, { plan: tx.putPlan(checked.value), deadline: until }));
  tx.note(`${id} proposed on #${issue}: ${step.title}`);
  return null;
};
