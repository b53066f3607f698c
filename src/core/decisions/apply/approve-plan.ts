import { isBeingRevised, type PlanApproval } from "../../domain/execution.ts";
import { findExecutionIssue } from "../../domain/find-target.ts";
import {
  BEING_REVISED_REFUSAL,
  NO_OPEN_PLAN_REFUSAL,
  refuseOtherPlan,
  refuseRepeatedApproval,
} from "../../messages/refusals/plan-commands.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { applyAmendment } from "./amend-plan.ts";
import type { CommandAnswer } from "./answer.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { renewApproval } from "./renew-approval.ts";
import { withoutQuotedRevision } from "./revise-plan.ts";
import { startApprovedPlan } from "./start-approved-plan.ts";

const toApproval = ({ by, at, source }: CommandedEvent): Omit<PlanApproval, "plan"> => ({ by, at, source });

/** Approves a proposed plan or amendment, or renews a lost approval. */
export const approvePlan = (tx: DecisionTransaction, event: CommandedEvent, text: string): CommandAnswer => {
  const issue = findExecutionIssue(tx.executions(), event.issue);
  const here = tx.executions().filter((each) => each.issue === issue);
  const proposed = here.filter((each) => each.state === "proposed");
  const wanted = proposed.find((each) => each.plan?.startsWith(text) === true);
  if (wanted) {
    startApprovedPlan(tx, wanted, toApproval(event));
    return null;
  }
  const growing = here.filter((each) => each.amendment?.state === "proposed");
  const grown = growing.find((each) => each.amendment?.plan?.startsWith(text) === true);
  if (grown) {
    applyAmendment(tx, grown, toApproval(event));
    return null;
  }
  const replied = here.map((each) => withoutQuotedRevision(tx, each, text)).find((each) => each !== null);
  if (replied) {
    const begin = replied.state === "proposed" ? startApprovedPlan : applyAmendment;
    begin(tx, replied, toApproval(event));
    return null;
  }
  const done = here.find((each) => each.approved?.plan.startsWith(text) === true);
  if (done && renewApproval(tx, done, toApproval(event))) return null;
  if (done) return refuseRepeatedApproval(done.approved?.by ?? "", done.state);
  if (here.some((each) => isBeingRevised(each))) return BEING_REVISED_REFUSAL;
  const [open] = [...proposed.map((each) => each.plan), ...growing.map((each) => each.amendment?.plan)];
  if (!open) return NO_OPEN_PLAN_REFUSAL;
  return refuseOtherPlan(text, open.slice(0, 12));
};
