import { startAttempt } from "../../domain/step-lifecycle.ts";
import { type Millis, toTaskId } from "../../domain/ids.ts";
import { toJobKey } from "../../domain/job.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { MAX_UNREAD_REMARKS, type Step } from "../../domain/step.ts";
import { failStep } from "../apply/fail-step.ts";
import { buildStartingCommit, type StartingCommit, isStaleWork, isWaitingForBase, publishStartingCommit } from "../step-base.ts";
import type { DecisionTransaction, DecisionReader } from "../decision-transaction.ts";
import { composeNextFeedback } from "../next-feedback.ts";
import { reserveAttempt } from "../budget-room.ts";
import { isStrandedHead } from "../base-rewinds.ts";
import { type StepContext } from "../find-step.ts";
import { isAnyTrue, type Known, UNKNOWN } from "../../domain/known.ts";

type AttemptInput = StepContext & { readonly planned: PlannedStep; readonly deadline: Millis };

/** Starts the next attempt of a step with the feedback on the last one. */
export const startStep = (tx: DecisionTransaction, { execution, step, planned, deadline }: AttemptInput): void => {
  const attempt = step.attempt + 1;
  const task = toTaskId(execution.id, step.id);
  const feedback = composeNextFeedback(tx, { execution, step });
  if (feedback === UNKNOWN) return;
  const answers = feedback === null ? 0 : feedback.items.length;
  const built = chooseStartingCommit(tx, { execution, step, planned, isAnswer: answers > 0 });
  if (built === UNKNOWN || isWaitingForBase(built)) return;
  if ("refusal" in built) return failStep(tx, { execution, step, refusal: built.refusal, log: "" });
  if (built.commit !== step.head?.sha) publishStartingCommit(tx, execution.baseBranch, built);
  if (feedback) tx.putFeedback(task, attempt, feedback);
  const unreadRemarks = (feedback?.unreadRemarks ?? []).slice(0, MAX_UNREAD_REMARKS);
  tx.putStep(execution.id, toStartedStep(step, built, { attempt, deadline, unreadRemarks }));
  reserveAttempt(tx, execution.id, toJobKey({ kind: "work", target: task, attempt }));
  tx.note(`${task}: attempt ${attempt}${countComments(answers)}`);
};

const countComments = (count: number): string => (count === 0 ? "" : `, to address ${count} ${count === 1 ? "comment" : "comments"}`);

type AttemptTerms = Pick<Parameters<typeof startAttempt>[1], "attempt" | "deadline" | "unreadRemarks">;

const toStartedStep = (step: Step, { commit, builtOn, baseTip }: Extract<StartingCommit, { commit: string }>, terms: AttemptTerms): Step =>
  startAttempt(step, { ...terms, baseCommit: commit, baseTip, builtOn, headResults: inferHeadResults(step) });

/** The results that make up the head; ledgers from earlier versions know only the last result. */
const inferHeadResults = ({ headResults, head, result, baseCommit }: Step): Step["headResults"] =>
  headResults ?? (head?.by === "worker" && result !== null && baseCommit !== null ? [{ result, baseCommit }] : undefined);

type AttemptBase = StepContext & {
  readonly planned: PlannedStep;
  /** Whether the attempt answers feedback on the branch's work. */ readonly isAnswer: boolean;
};

/**
 * The commit that an attempt starts from: a person's head; the step's own head if the attempt continues it and all of its work may
 * land; else the newest base.
 */
const chooseStartingCommit = (tx: DecisionReader, { execution, step, planned, isAnswer }: AttemptBase): Known<StartingCommit> => {
  const { head } = step;
  if (head?.by === "person") return { commit: head.sha, builtOn: [], baseTip: head.baseTip };
  // An agent continues a revert that git made.
  if (!head || (!isAnswer && execution.undoes === undefined)) return buildStartingCommit(tx, execution, planned);
  const isLost = isAnyTrue([isStaleWork(tx, step), isStrandedHead(tx, execution.baseBranch, step)]);
  if (isLost === UNKNOWN) return UNKNOWN;
  return isLost ? buildStartingCommit(tx, execution, planned) : { commit: head.sha, builtOn: step.builtOn, baseTip: head.baseTip };
};
