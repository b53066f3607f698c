import type { ExecutionId, Login, StepId } from "./ids.ts";

/**
 * Why Enki waits for a person. `plan`: a plan needs an approval. `question`: an agent asks. `review`: a checkpoint needs a review.
 * `report`: a report needs an approval. `confirmation`: a step found nothing to do. `approval`: the approval of the plan is gone.
 * `failure`: a step failed. `stop`: the whole execution failed. `refusal`: a requested change of the plan was refused.
 * `freeze`: nothing lands on the base. `budget`: the execution's budget is spent. `nothing`: nothing was changed, so the issue stays open.
 * `answer`: a question is answered.
 */
export type NoticeKind =
  | "plan"
  | "question"
  | "review"
  | "report"
  | "confirmation"
  | "approval"
  | "failure"
  | "stop"
  | "refusal"
  | "freeze"
  | "budget"
  | "nothing"
  | "answer";

/** A person must act. The id stays the same as long as the reason does, so that the person is notified once. */
export type Notice = {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly person: Login;
  readonly step: StepId | null;
  /** The pull request to review; null for a notice on the issue. */
  readonly pull: number | null;
  /** The reason in one sentence; empty if the kind says everything. */
  readonly reason: string;
  /** The code of the reason, which stays the same if its sentence changes; absent in decisions of earlier versions. */
  readonly code?: string;
};

/** The codes of notices whose reason has no refusal. */
export const NOTICE_CODES: Readonly<Record<NoticeKind, string>> = {
  plan: "awaits-approval",
  question: "asked",
  review: "checkpoint",
  report: "checkpoint",
  confirmation: "awaits-person",
  approval: "approval-gone",
  failure: "failed",
  stop: "failed",
  refusal: "awaits-person",
  freeze: "awaits-person",
  budget: "budget-spent",
  nothing: "nothing-changed",
  answer: "answered",
};

/** A notice as a webhook receives it. Chat systems show `text`. */
export type NoticeMessage = {
  readonly text: string;
  /** The same for a repeated post of the same notices. */
  readonly id: string;
  readonly kinds: readonly NoticeKind[];
  /** See {@link Notice}. */
  readonly code?: string;
  readonly execution: ExecutionId;
  readonly issue: number;
  readonly pull: number | null;
  readonly person: Login;
  readonly url: string;
};
