import type { Execution } from "../../model/execution.ts";
import { type ExecutionId, type Millis, taskId } from "../../model/ids.ts";
import { type Address, openQuestions, workerAddress } from "../../model/mail.ts";
import { refuse, type Refusal } from "../../model/refusal.ts";
import type { Step } from "../../model/step.ts";
import type { Draft } from "../draft.ts";
import { PERSON_WAIT } from "../faults.ts";

/** What an agent waits for, and until when; null where nothing that it asked is open. */
const question = (draft: Draft, from: Address, execution: ExecutionId): { why: Refusal; until: Millis } | null => {
  const [first, ...more] = openQuestions(draft.mails(), from, execution);
  if (!first) return null;
  const others = more.length > 0 ? ` and ${more.length} more` : "";
  const until = Math.min(draft.now + PERSON_WAIT, ...[first, ...more].flatMap(({ expires }) => expires ?? []));
  const why = `It asked a person: ${first.subject}${others}.`;
  return { why: refuse("asked", why, `/enki reply ${first.id} <your answer>`).refusal, until };
};

/** Lets a step wait for a person's answer; false where it asked nothing. */
export const waitForAnswer = (draft: Draft, execution: Execution, step: Step): boolean => {
  const task = taskId(execution.id, step.id);
  const asked = question(draft, workerAddress(task), execution.id);
  if (!asked) return false;
  draft.putStep(execution.id, { ...step, faults: 0, state: "waiting", ...asked });
  draft.note(`${task} waits for an answer`);
  return true;
};

/** The same for the planner of an execution. */
export const planWaits = (draft: Draft, execution: Execution): boolean => {
  const asked = question(draft, "coordinator", execution.id);
  if (!asked) return false;
  draft.putExecution({ ...execution, state: "asking", why: asked.why, planning: { ...execution.planning, faults: 0, until: asked.until } });
  draft.note(`the planner of ${execution.id} waits for an answer`);
  return true;
};
