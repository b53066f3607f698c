import { refuseUntilAnswer } from "../../messages/refusals/questions.ts";
import { askPerson } from "../../domain/execution-lifecycle.ts";
import { awaitAnswer } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { type ExecutionId, type Millis, toTaskId } from "../../domain/ids.ts";
import { type MailAddress, listOpenQuestions, toWorkerAddress } from "../../domain/mail.ts";
import { type Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import type { LedgerReader, StepWriter, ExecutionWriter } from "../decision-transaction.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";

/** Describes the open questions of an agent and when they expire; null if the agent has none. */
const findOpenQuestion = (tx: LedgerReader, from: MailAddress, execution: ExecutionId): { refusal: Refusal; deadline: Millis } | null => {
  const [first, ...more] = listOpenQuestions(tx.mails(), from, execution);
  if (!first) return null;
  const deadline = Math.min(tx.now + PERSON_WAIT_MS, ...[first, ...more].flatMap(({ expires }) => expires ?? []));
  return { refusal: refuseUntilAnswer(first, more.length), deadline };
};

/** Makes a step wait for a person's answer. Reports false if its agent has no open question. */
export const waitForAnswer = (tx: StepWriter, execution: Execution, step: Step): boolean => {
  const task = toTaskId(execution.id, step.id);
  const asked = findOpenQuestion(tx, toWorkerAddress(task), execution.id);
  if (!asked) return false;
  tx.putStep(execution.id, awaitAnswer(step, asked));
  tx.note(`${task} waits for an answer`);
  return true;
};

/** Makes an execution wait for a person's answer to its planner. Reports false if the planner has no open question. */
export const waitForPlannerAnswer = (tx: ExecutionWriter, execution: Execution): boolean => {
  const asked = findOpenQuestion(tx, "coordinator", execution.id);
  if (!asked) return false;
  tx.putExecution(askPerson(execution, asked));
  tx.note(`the planner of ${execution.id} waits for an answer`);
  return true;
};
