import {
  BEING_REVISED_REFUSAL,
  OVERTAKEN_REFUSAL,
  refuseBadConfig,
  refuseRevisionOfNothing,
} from "../../messages/refusals/plan-commands.ts";
import { propose, proposeAmendedPlan, replan, restartAmendment } from "../../domain/execution-lifecycle.ts";
import { hasQuotedLine } from "../../commands/quoted-remark.ts";
import type { PersonCommand } from "../../domain/command.ts";
import { type Execution, hasEnded, isBeingRevised } from "../../domain/execution.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { findExecutionIssue } from "../../domain/find-target.ts";
import type { DecisionReader, LedgerReader, ExecutionWriter } from "../decision-transaction.ts";
import { renderExecutionBody } from "../execution-body.ts";
import { PERSON_WAIT_MS } from "../../domain/retry-policy.ts";
import type { CommandedEvent } from "./commanded-event.ts";

type ReviseCommand = Extract<PersonCommand, { kind: "revise" }>;

/** The number of earlier remarks for the planner besides the newest remark. */
const MAX_EARLIER_REQUESTS = 10;

/**
 * Asks the planner to change a proposed plan or amendment according to a person's remark. Refusals: `being-revised`, `nothing-to-revise`,
 * `bad-config`.
 */
export const revisePlan = (tx: ExecutionWriter, event: CommandedEvent, { text, quotes }: ReviseCommand): Refusal | null => {
  const here = listIssueExecutions(tx, event.issue);
  const open = here.findLast((each) => hasProposedPlan(each));
  if (!open) return refuseRevision(here);
  const { broken } = tx.snapshot.config;
  if (broken !== null) return refuseBadConfig(broken);
  const { revision, amendment } = open;
  // A failed revision did not change the plan, so its remark is left out.
  const before = [...(revision?.earlierRequests ?? []), ...(revision?.state === "done" ? [revision.text] : [])].slice(
    -MAX_EARLIER_REQUESTS,
  );
  const revised: Execution = {
    ...open,
    revision: {
      state: "planning",
      text,
      earlierRequests: before,
      requestedBy: event.by,
      refusal: null,
      ...(quotes && { quoted: true as const }),
    },
  };
  if (open.state === "proposed") tx.putExecution(replan(revised));
  else if (amendment) tx.putExecution(restartAmendment(revised, amendment));
  tx.note(`${event.by} asked to revise the plan of ${open.id}: ${text.slice(0, 72)}`);
  return null;
};

const listIssueExecutions = (tx: LedgerReader, number: number): Execution[] => {
  const issue = findExecutionIssue(tx.executions(), number);
  return tx
    .executions()
    .filter((each) => each.issue === issue)
    .toSorted((a, b) => a.createdAt - b.createdAt);
};

/** Quick tasks are excluded: they have no planner. */
const hasProposedPlan = ({ state, amendment, quick }: Execution): boolean =>
  !quick && (state === "proposed" || amendment?.state === "proposed");

const refuseRevision = (here: readonly Execution[]): Refusal => {
  if (here.some((each) => isBeingRevised(each))) return BEING_REVISED_REFUSAL;
  const running = here.some(({ state }) => state === "running" || state === "paused");
  const next = running ? "/enki add <request>" : "/enki status";
  return refuseRevisionOfNothing(next);
};

/**
 * The execution with the plan that a quoting reply asked to revise: whoever approves that plan overrules the reply, and the revision stops.
 * Null if no such plan has a hash with this prefix.
 */
export const withoutQuotedRevision = (tx: LedgerReader, execution: Execution, hash: string): Execution | null => {
  const { amendment, plan, revision, planning } = execution;
  const before = amendment && execution.state !== "planning" ? amendment.plan : plan;
  if (revision?.quoted !== true || before?.startsWith(hash) !== true) return null;
  const back = withoutRevision(tx, execution, OVERTAKEN_REFUSAL);
  return back && { ...back, stopping: planning.attempt };
};

/** The command of a reply that only quotes lines; undefined for any other event. */
const findQuotedRevision = ({ requests }: CommandedEvent): ReviseCommand | undefined =>
  requests.flatMap((request) => (request.ok && request.command.kind === "revise" && request.command.quotes ? [request.command] : []))[0];

/** Whether a reply quotes something other than a proposed plan. People also quote each other; replies without a match are ignored. */
export const quotesOtherText = (tx: DecisionReader, event: CommandedEvent): boolean => {
  const quoted = findQuotedRevision(event);
  if (!quoted) return false;
  const open = event.edited
    ? undefined
    : listIssueExecutions(tx, event.issue).findLast((each) => hasProposedPlan(each) && each.createdAt <= event.at);
  // The comment repeats the request, which people quote when they talk about the issue.
  return !open || !hasQuotedLine(quoted.quotes ?? [], { text: renderExecutionBody(tx, open), repeats: open.request });
};

/** Whether a reply quotes although no execution is unfinished: such a reply causes no write. */
export const isQuoteWhileIdle = (tx: LedgerReader, event: CommandedEvent): boolean =>
  isQuotedReply(event) && listIssueExecutions(tx, event.issue).every((each) => hasEnded(each));

/** Whether a reply quotes. An author who may not change the plan gets no answer, because the reply was not a command. */
export const isQuotedReply = (event: CommandedEvent): boolean => findQuotedRevision(event) !== undefined;

/** The execution with its plan open for approval again after a failed revision. Returns null if no revision is running. */
export const withoutRevision = (tx: LedgerReader, execution: Execution, why: Refusal): Execution | null => {
  const { revision, amendment, plan } = execution;
  if (!revision || !isBeingRevised(execution)) return null;
  const deadline = tx.now + PERSON_WAIT_MS;
  const back: Execution = { ...execution, revision: { ...revision, state: "refused", refusal: why } };
  const isAdded = execution.state === "running" || execution.state === "paused";
  return isAdded && amendment ? proposeAmendedPlan(back, { ...amendment, deadline }) : propose(back, { plan, deadline });
};
