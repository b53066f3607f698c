import { isQuestion } from "../domain/adhoc-task.ts";
import { followsRules } from "../domain/decision.ts";
import { summarizeChecks } from "../messages/tampering-text.ts";
import { type Execution, hasFoundNothing } from "../domain/execution.ts";
import { hashValue } from "../domain/ids.ts";
import { type Notice, NOTICE_CODES, type NoticeKind } from "../domain/notice.ts";
import type { Refusal } from "../domain/refusal.ts";
import { isAwaitingAnswer, isAwaitingConfirmation, isHeldByPerson, type Step } from "../domain/step.ts";
import { findTrial } from "../domain/trial.ts";
import { viewBudget } from "./budget-room.ts";
import type { DecisionReader, LedgerReader } from "./decision-transaction.ts";

/** The identity of a notice: the same values give the same id. */
const toNoticeId = (...values: readonly unknown[]): string => hashValue(values).slice(0, 10);

type NoticeFacts = Partial<Pick<Notice, "person" | "step" | "pull" | "reason">> & {
  /** The reason's refusal. */
  readonly refusal?: Refusal | null | undefined;
  readonly of: readonly unknown[];
};

const createNotice = ({ requestedBy }: Execution, kind: NoticeKind, { of, refusal, ...facts }: NoticeFacts): Notice => ({
  person: requestedBy,
  step: null,
  pull: null,
  reason: "",
  ...facts,
  code: refusal?.code ?? NOTICE_CODES[kind],
  kind,
  id: toNoticeId(kind, ...of),
});

/** Every reason why an execution waits for a person now. A person who paused or held work needs no notice. */
export const listNotices = (tx: DecisionReader, execution: Execution): readonly Notice[] => {
  switch (execution.state) {
    case "planning":
      return listBudgetNotices(tx, execution);
    case "paused":
    case "cancelled":
      return [];
    case "asking":
      return [
        createNotice(execution, "question", {
          of: [execution.refusal?.next],
          reason: execution.refusal?.message ?? "",
          refusal: execution.refusal,
        }),
      ];
    case "proposed":
      return [...listPlanNotices(execution), ...listRefusedChanges(execution)];
    case "running":
      return [
        ...listPlanNotices(execution),
        ...listRefusedChanges(execution),
        ...tx.steps(execution.id).flatMap((step) => listStepNotices(tx, execution, step)),
        ...listFreezeNotices(tx, execution),
        ...listBudgetNotices(tx, execution),
      ];
    case "failed":
      return listStopNotices(tx, execution);
    case "done":
      if (isQuestion(execution)) return [createNotice(execution, "answer", { of: [] })];
      return hasFoundNothing(execution, tx.plan(execution.plan)) ? [createNotice(execution, "nothing", { of: [] })] : [];
  }
};

const listPlanNotices = (execution: Execution): readonly Notice[] => {
  const { state, plan, amendment, revision } = execution;
  const hash = state === "proposed" ? plan : amendment?.state === "proposed" ? amendment.plan : null;
  if (hash === null) return [];
  const person = revision?.state === "done" ? revision.requestedBy : (amendment?.requestedBy ?? execution.requestedBy);
  return [createNotice(execution, "plan", { of: [hash], person })];
};

/** Requests to change the plan that the planner could not fulfil. */
const listRefusedChanges = (execution: Execution): readonly Notice[] =>
  [execution.amendment, execution.revision].flatMap((change) =>
    change?.state === "refused"
      ? [
          createNotice(execution, "refusal", {
            of: [change.requestedBy, change.refusal?.message],
            person: change.requestedBy,
            reason: change.refusal?.message ?? "",
            refusal: change.refusal,
          }),
        ]
      : [],
  );

const listStepNotices = (tx: LedgerReader, execution: Execution, step: Step): readonly Notice[] => {
  const { id, state, refusal, attempt } = step;
  // A workflow itself decides what follows a failure.
  if (state === "failed" && execution.workflow) return [];
  if (state === "failed")
    return [createNotice(execution, "failure", { of: [id, attempt], step: id, reason: refusal?.message ?? "", refusal })];
  return state === "waiting" ? listWaitNotices(tx, execution, step) : [];
};

const listWaitNotices = (tx: LedgerReader, execution: Execution, step: Step): readonly Notice[] => {
  const { id, refusal, attempt } = step;
  const reason = refusal?.message ?? "";
  if (isAwaitingAnswer(step)) return [createNotice(execution, "question", { of: [refusal?.next], step: id, reason, refusal })];
  if (isAwaitingConfirmation(step)) return [createNotice(execution, "confirmation", { of: [id, attempt], step: id, reason, refusal })];
  if (refusal?.code === "approval-gone")
    return [createNotice(execution, "approval", { of: [execution.approved?.at, refusal.message], reason, refusal })];
  return isHeldByPerson(step) && refusal?.code !== "unreviewed" ? [] : listReviewNotices(tx, execution, step);
};

/** A trial that runs ends within its time limit. After its end, one request for a review comes with its verdict. */
const awaitsTrial = (tx: LedgerReader, step: Step): boolean => followsRules(tx.snapshot, 6) && findTrial(step)?.state === "running";

/** Finished work that a person must look at: a head on its pull request, or a report. */
const listReviewNotices = (tx: LedgerReader, execution: Execution, step: Step): readonly Notice[] => {
  const { id, head, pull, result, refusal } = step;
  if (!head) return [createNotice(execution, "report", { of: [id, result], step: id, refusal })];
  return pull === null || awaitsTrial(tx, step)
    ? []
    : [createNotice(execution, "review", { of: [id, head.sha], step: id, pull, reason: summarizeChecks(step), refusal })];
};

/** Notices of a frozen base, for its oldest execution only: a person releases the base for every execution. */
const listFreezeNotices = (tx: LedgerReader, execution: Execution): readonly Notice[] => {
  const { baseBranch, createdAt } = execution;
  const { frozen, freezes, landedTip } = tx.queue(baseBranch);
  if (!frozen) return [];
  const isOlder = (each: Execution): boolean => each.baseBranch === baseBranch && each.state === "running" && each.createdAt < createdAt;
  if (tx.executions().some(isOlder)) return [];
  return [
    createNotice(execution, "freeze", { of: [baseBranch, frozen.code, landedTip, freezes ?? 0], reason: frozen.message, refusal: frozen }),
  ];
};

/** The day's budget is renewed by itself, so only the execution's own budget needs a person. */
const listBudgetNotices = (tx: DecisionReader, execution: Execution): readonly Notice[] => {
  const { hold } = viewBudget(tx, execution);
  return hold?.kind === "execution" ? [createNotice(execution, "budget", { of: [hold.cap] })] : [];
};

const listStopNotices = (tx: LedgerReader, execution: Execution): readonly Notice[] => {
  const steps = tx.steps(execution.id);
  const failed = execution.workflow ? [] : steps.flatMap((step) => listStepNotices(tx, execution, step));
  if (failed.length > 0) return failed;
  const attempts = steps.reduce((sum, { attempt }) => sum + attempt, execution.planning.attempt);
  const reason = execution.refusal?.message ?? "";
  return [createNotice(execution, "stop", { of: [attempts, reason], reason, refusal: execution.refusal })];
};
