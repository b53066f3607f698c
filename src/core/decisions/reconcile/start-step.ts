import { startAttempt } from "../../domain/step-lifecycle.ts";
import { type Millis, toTaskId } from "../../domain/ids.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { MAX_UNREAD_REMARKS, type Step } from "../../domain/step.ts";
import { type At, failStep } from "../apply/fail-step.ts";
import { buildBase, type Built, isStale, isWaiting, publishBase } from "../step-base.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { nextFeedback } from "../next-feedback.ts";
import { isStranded } from "../base-rewinds.ts";

type Beginning = At & { readonly planned: PlannedStep; readonly until: Millis };

/** Starts the next attempt of a step with the feedback on the last one. */
export const beginStep = (tx: DecisionTransaction, { execution, step, planned, until }: Beginning): void => {
  const attempt = step.attempt + 1;
  const task = toTaskId(execution.id, step.id);
  const feedback = nextFeedback(tx, { execution, step });
  if (feedback === undefined) return;
  const answers = feedback === null ? 0 : feedback.items.length;
  const built = groundOf(tx, { execution, step, planned, isAnswer: answers > 0 });
  if (!built || isWaiting(built)) return;
  if ("why" in built) return failStep(tx, { execution, step, why: built.why, log: "" });
  if (built.commit !== step.head?.sha) publishBase(tx, execution.baseBranch, built);
  if (feedback) tx.putFeedback(task, attempt, feedback);
  const unreadRemarks = (feedback?.unreadRemarks ?? []).slice(0, MAX_UNREAD_REMARKS);
  tx.putStep(execution.id, startOn(step, built, { attempt, deadline: until, unreadRemarks }));
  tx.note(`${task}: attempt ${attempt}${answers === 0 ? "" : `, with ${answers} of what people said`}`);
};

type AttemptTerms = Pick<Parameters<typeof startAttempt>[1], "attempt" | "deadline" | "unreadRemarks">;

const startOn = (step: Step, { commit, on, baseTip }: Extract<Built, { commit: string }>, terms: AttemptTerms): Step =>
  startAttempt(step, { ...terms, baseCommit: commit, baseTip, builtOn: on, headResults: madeOf(step) });

/** The results that make up the head; ledgers from earlier versions know only the last result. */
const madeOf = ({ headResults, head, result, baseCommit }: Step): Step["headResults"] =>
  headResults ?? (head?.by === "worker" && result !== null && baseCommit !== null ? [{ result, baseCommit }] : undefined);

type Ground = At & {
  readonly planned: PlannedStep;
  /** Whether the attempt answers feedback on the branch's work. */ readonly isAnswer: boolean;
};

/**
 * The commit that an attempt starts from: a person's head; the step's own head if the attempt answers feedback on it and all of its work
 * may land; else the newest base.
 */
const groundOf = (tx: DecisionTransaction, { execution, step, planned, isAnswer }: Ground): Built | undefined => {
  const { head } = step;
  if (head?.by === "person") return { commit: head.sha, on: [], baseTip: head.baseTip };
  if (!head || !isAnswer) return buildBase(tx, execution, planned);
  const lost = [isStale(tx, step), isStranded(tx, execution.baseBranch, step)];
  if (lost.includes(true)) return buildBase(tx, execution, planned);
  return lost.includes(undefined) ? undefined : { commit: head.sha, on: step.builtOn, baseTip: head.baseTip };
};
