import { refuseOwnBranch, refuseReplacedHead, refuseUnlandedPull } from "../../messages/refusals/pull-commands.ts";
import { approve, createExecution, propose } from "../../domain/execution-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import type { PersonCommand } from "../../domain/command.ts";
import { deriveExecutionId, type Sha } from "../../domain/ids.ts";
import type { Pull } from "../../domain/github-facts.ts";
import { createPullStep, findQueuedPull, PULL_STEP_ID, toPullStep } from "../../domain/queued-pull.ts";
import { findStepByPull } from "../../domain/find-target.ts";
import { toBranchRef, toPullHeadRef } from "../../domain/refs.ts";
import { toTaskId } from "../../domain/ids.ts";
import { accept, type Refusal, type Result } from "../../domain/refusal.ts";
import {
  ALREADY_QUEUED,
  NOT_A_PULL,
  NOT_QUEUED,
  DRAFT,
  refuseEndedPull,
  refuseEnkiPull,
  refuseHeadUnseen,
  refuseOtherHead,
  refuseUnseenPull,
} from "../../messages/pull-refusals.ts";
import type { DecisionReader, LedgerReader, StepWriter, ExecutionWriter, RefWriter } from "../decision-transaction.ts";
import { checkLandable } from "../landing-terms.ts";
import type { CommandAnswer } from "./answer.ts";
import { isEnkiBranch } from "./find-command-base.ts";
import { abandonExecution } from "./cancel.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { renewApproval } from "./renew-approval.ts";
import { checkConfigUsable } from "./start-request.ts";
import { type Known, replaceUnknown, UNKNOWN } from "../../domain/known.ts";

type LandCommand = Extract<PersonCommand, { kind: "land" }>;

/** Puts a person's pull request into the merge queue, at its present head. */
export const landPull = (
  tx: StepWriter & ExecutionWriter & RefWriter,
  event: CommandedEvent,
  { head: wanted }: LandCommand,
): CommandAnswer => {
  if (!event.onPullRequest) return NOT_A_PULL;
  const found = findLandableHead(tx, event.issue);
  if (found === UNKNOWN) return null;
  if (!found.ok) return found.refusal;
  const { pull, head } = found.value;
  if (wanted !== null && !head.startsWith(wanted)) return refuseOtherHead({ wanted, head });
  const open = findQueuedPull(tx.executions(), event.issue);
  if (open && isQueuedHead(open, { pull, head })) return keepQueued(tx, event, open);
  if (open) abandonExecution(tx, open, refuseReplacedHead(event.by));
  return enterQueue(tx, event, { pull, head });
};

type PullHead = { readonly pull: Pull; readonly head: Sha };

/** A pull request that may land, and its present head. */
const findLandableHead = (tx: DecisionReader, issue: number): Known<Result<PullHead>> => {
  const pulls = tx.readFact<"pulls">({ kind: "pulls" });
  if (pulls === UNKNOWN) return UNKNOWN;
  const pull = pulls.find(({ number }) => number === issue);
  if (!pull) return { ok: false, refusal: refuseUnseenPull(issue) };
  const refusal = checkPull(tx, pull) ?? checkConfigUsable(tx) ?? replaceUnknown(checkLandable(tx, pull.baseBranch), null);
  if (refusal) return { ok: false, refusal };
  const head = findHead(tx, pull);
  if (head === UNKNOWN) return UNKNOWN;
  return head === null ? { ok: false, refusal: refuseHeadUnseen(issue) } : accept({ pull, head });
};

const isQueuedHead = ({ steps, baseBranch }: Execution, { pull, head }: PullHead): boolean =>
  steps[PULL_STEP_ID]?.head?.sha === head && baseBranch === pull.baseBranch;

/**
 * Keeps the place of a queued head: the new command replaces a command that GitHub no longer shows. Refuses the new command if the earlier
 * command still counts.
 */
const keepQueued = (tx: StepWriter & ExecutionWriter, { by, at, source }: CommandedEvent, open: Execution): Refusal | null =>
  renewApproval(tx, open, { by, at, source }) ? null : ALREADY_QUEUED;

const checkPull = (tx: LedgerReader, { number, state, draft, baseBranch, headRef }: Pull): Refusal | null => {
  if (state !== "open") return refuseEndedPull(state);
  const own = findStepByPull(
    tx.executions().filter(({ landsPull }) => !landsPull),
    number,
  );
  if (own && own.step.state !== "cancelled" && own.step.state !== "skipped") return refuseEnkiPull(toTaskId(own.execution.id, own.step.id));
  for (const branch of [baseBranch, headRef]) if (isEnkiBranch(tx, branch)) return refuseOwnBranch(branch).refusal;
  return draft ? DRAFT : null;
};

const isFork = ({ headRef }: Pull): boolean => headRef.includes(":");

/** The head: git's word for a branch of this repository, GitHub's for a fork. Null without a head. */
const findHead = (tx: DecisionReader, pull: Pull): Known<Sha | null> =>
  isFork(pull) ? tx.readFact<"pull-head">({ kind: "pull-head", pull: pull.number }) : tx.ref(toBranchRef(pull.headRef));

/** The execution is approved by the command itself, which is read again right before the landing. */
const enterQueue = (tx: ExecutionWriter & RefWriter, event: CommandedEvent, { pull, head }: PullHead): null => {
  const { issue, by, at, source } = event;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const step = toPullStep(issue, pull.title ?? "");
  const plan = tx.putPlan({ steps: [step] });
  const branch = isFork(pull) ? null : pull.headRef;
  const request = { id, issue, onPullRequest: true, requestedBy: by, request: step.title, baseBranch: pull.baseBranch, createdAt: at };
  const proposed = propose(createExecution({ ...request, landsPull: { pull: issue, branch } }), { plan, deadline: null });
  tx.putExecution(approve(proposed, { approved: { plan, by, at, source }, steps: { [PULL_STEP_ID]: createPullStep(issue, head) } }));
  // A fork's commits are in no branch, so a ref of Enki's keeps them for every clone.
  if (branch === null) tx.moveRef(toPullHeadRef(toTaskId(id, PULL_STEP_ID)), head);
  tx.note(`${by} put #${issue} into the queue of ${pull.baseBranch} at ${head.slice(0, 12)}`);
  return null;
};

/** Takes a pull request out of the merge queue. */
export const unlandPull = (tx: StepWriter & ExecutionWriter, { issue, by }: CommandedEvent): CommandAnswer => {
  const open = findQueuedPull(tx.executions(), issue);
  if (!open) return NOT_QUEUED;
  abandonExecution(tx, open, refuseUnlandedPull(by));
  tx.note(`${by} took #${issue} out of the queue`);
  return null;
};
