import { refuseUncheckedResult, refuseConflictingWork } from "../../messages/refusals/steps.ts";
import { awaitApproval, finish as finishStep, publish } from "../../domain/step-lifecycle.ts";
import type { Event } from "../../domain/event.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { listNeededSteps, listNeededTasks, type PlannedStep } from "../../domain/plan.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { ThreadReply } from "../../domain/outcome.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { type TaskHead, NOTHING_TO_DO_CODE, type Step } from "../../domain/step.ts";
import { formatWorkMessage } from "../../messages/commit-messages.ts";
import { buildStartingCommit } from "../step-base.ts";
import type { DecisionTransaction, DecisionReader, LedgerReader, StepWriter, EffectWriter, TextWriter } from "../decision-transaction.ts";
import { createPersonHead } from "../base-rewinds.ts";
import { postFeedbackReplies, isAnsweringFeedback } from "./feedback-replies.ts";
import { refuseResetBranch } from "../../messages/refusals/steps.ts";
import { failLostBranch, isBranchReset } from "../reset-branch.ts";
import { failStep } from "./fail-step.ts";
import { type StepContext } from "../find-step.ts";
import { type Known, mapKnown, UNKNOWN } from "../../domain/known.ts";

type WorkResultEvent = Extract<Event, { kind: "resulted" }>;

type FinishedStep = StepContext & { readonly artifact: string | null; readonly remark: string; readonly replies: readonly ThreadReply[] };

/** Finishes an attempt without files: with a report, or with nothing to do. */
export const finishWithoutFiles = (
  tx: StepWriter & EffectWriter & TextWriter,
  { execution, step, artifact, remark, replies }: FinishedStep,
): void => {
  const tip = tx.ref(toTaskRef(toTaskId(execution.id, step.id)));
  if (artifact === null && tip !== null) return keepExistingBranch(tx, { execution, step, tip, remark, replies });
  if (artifact !== null) tx.putArtifact(execution.id, step.id, artifact);
  completeWithoutChanges(tx, { execution, step: { ...step, faults: 0, artifact: artifact !== null }, remark });
};

/**
 * Finishes a step that has nothing to land. A checkpoint, and a needed step that found nothing to do, wait for `/enki approve
 * <task>@<result>` instead.
 */
export const completeWithoutChanges = (tx: StepWriter, { execution, step, remark }: StepContext & { remark: string }): void => {
  const checkpoint = tx.planned(execution, step.id)?.checkpoint === true;
  const task = toTaskId(execution.id, step.id);
  const idle = step.outcome === "nothing-to-do" && !step.artifact;
  const held = idle && isNeededByOpenSteps(tx, execution, step);
  const said = remark === "" ? null : { code: idle ? NOTHING_TO_DO_CODE : "remark", message: remark, next: "" };
  if (!checkpoint && !held) {
    tx.putStep(execution.id, finishStep(step, said));
    tx.note(`${task} done: ${step.artifact ? "artifact" : "nothing to land"}`);
    return;
  }
  const next = `/enki approve ${task}@${(step.result ?? "").slice(0, 12)}`;
  const waits = refuseUncheckedResult(next);
  const why = said ? { ...said, next } : waits;
  tx.putStep(execution.id, awaitApproval(step, why, tx.now));
  tx.note(`${task} waits for ${held ? "a person to confirm that there is nothing to do" : "an approval"}`);
};

/**
 * Whether dependents would continue without this step's work although no one allowed that. In a workflow, the author's edges decide what
 * follows.
 */
const isNeededByOpenSteps = (tx: LedgerReader, execution: Execution, { id }: Step): boolean => {
  if (execution.workflow || tx.planned(execution, id)?.optional === true) return false;
  const task = toTaskId(execution.id, id);
  return tx.executions().some((each) => {
    if (hasEnded(each)) return false;
    const own = each.id === execution.id;
    return tx.order(each).some((planned) => {
      const state = each.steps[planned.id]?.state ?? "pending";
      if (state === "done" || state === "skipped" || state === "cancelled") return false;
      return (own && listNeededSteps(planned).includes(id)) || listNeededTasks(planned).includes(task);
    });
  });
};

type UnchangedBranch = Omit<FinishedStep, "artifact"> & { readonly tip: Sha };

/**
 * Finishes an attempt that added nothing to an existing branch. A person's push counts as the work. A head that people commented on stays
 * unchanged if the agent answered them. Otherwise the step fails: an earlier attempt's work does not count as done.
 */
const keepExistingBranch = (tx: StepWriter & EffectWriter, { execution, step, tip, remark, replies }: UnchangedBranch): void => {
  const task = toTaskId(execution.id, step.id);
  const answers = isAnsweringFeedback(tx, { execution, step });
  if (answers) postFeedbackReplies(tx, { execution, step, head: null, replies });
  if (answers && tip === step.head?.sha && step.baseCommit === tip) {
    tx.putStep(execution.id, publish(step, { answers: true }));
    return tx.note(`${task} answers what people said, and leaves ${tip.slice(0, 12)} as it is`);
  }
  if (tip !== step.head?.sha || step.head.by === "person") return publishPersonWork(tx, { execution, step, tip, answers });
  const because = remark === "" ? "" : ` (${remark.replace(/[.\s]+$/, "")})`;
  const text = `Its new attempt changed nothing${because}; the work of an earlier attempt is still on its branch.`;
  failStep(tx, { execution, step, refusal: { code: "work-unchanged", message: text, next: `/enki retry ${task}` }, log: step.output });
};

type PersonWork = StepContext & { readonly tip: Sha; readonly answers: boolean };

const publishPersonWork = (tx: StepWriter & EffectWriter, { execution, step, tip, answers }: PersonWork): void => {
  const task = toTaskId(execution.id, step.id);
  const reset = tip !== step.head?.sha && isBranchReset(tx, execution, { step, tip });
  if (reset === UNKNOWN) return;
  if (reset) return failLostBranch(tx, { execution, step }, refuseResetBranch(task));
  const head = createPersonHead(tx, execution, { sha: tip, before: step.head });
  if (head === UNKNOWN) return;
  tx.putStep(execution.id, publish(step, { head, headResults: step.headResults, answers }));
  tx.note(`${task} adds nothing to ${tip.slice(0, 12)}, which a person pushed`);
};

type WorkTarget = {
  readonly commit: Sha;
  readonly builtOn: Step["builtOn"];
  readonly by: TaskHead["by"];
  readonly baseTip?: Sha | undefined;
};
type AppliedWork = Omit<WorkTarget, "commit"> & { readonly work: QueryAnswers["work"] };

type DeliveredWork = StepContext & { readonly event: WorkResultEvent; readonly planned: PlannedStep };

/** The commit to apply work on: a person's push to the task branch, else the answered head, else the newest base with the needed heads. */
const chooseWorkTarget = (tx: DecisionReader, { execution, step, event, planned }: DeliveredWork): Known<WorkTarget> => {
  const tip = tx.ref(toTaskRef(toTaskId(execution.id, step.id)));
  const own = { commit: event.result.baseCommit, builtOn: step.builtOn, baseTip: step.baseTip };
  if (tip !== null && (tip !== step.head?.sha || step.head.by === "person")) {
    const head = tip === step.head?.sha ? step.head : createPersonHead(tx, execution, { sha: tip, before: step.head });
    return mapKnown(head, ({ baseTip }) => ({ commit: tip, builtOn: step.builtOn, by: "person", baseTip }));
  }
  const answered = findAnsweredHead(step, own.commit);
  if (answered) return { commit: answered.sha, builtOn: step.builtOn, by: "worker", baseTip: answered.baseTip };
  const newest = buildStartingCommit(tx, execution, planned);
  return mapKnown(newest, (built) => ({ ...("refusal" in built ? own : built), by: "worker" }));
};

/** Turns a result's files into a commit. */
const applyWork = (tx: DecisionReader, at: DeliveredWork, message: string): Known<AppliedWork> => {
  const { step, event } = at;
  const { baseCommit } = event.result;
  const onto = chooseWorkTarget(tx, at);
  if (onto === UNKNOWN) return UNKNOWN;
  const query = { kind: "work", result: event.commit, baseCommit, message } as const;
  const work = tx.readFact<"work">({ ...query, onto: onto.commit });
  if (work === UNKNOWN) return UNKNOWN;
  if (onto.by === "person" || work.kind !== "conflict") return { work, by: onto.by, builtOn: onto.builtOn, baseTip: onto.baseTip };
  // Work that conflicts with the newest base stays on its own base commit; the refinery then finds the conflict with both sides.
  const own = tx.readFact<"work">({ ...query, onto: baseCommit });
  return mapKnown(own, (kept) => ({ work: kept, by: "worker", builtOn: step.builtOn, baseTip: step.baseTip }));
};

/** The step's head if the attempt started from it: answers to comments on a head are added to that head. */
const findAnsweredHead = ({ head }: Step, base: Sha): TaskHead | null => (head?.sha === base ? head : null);

/** The results in the new head: those of the extended head, and the latest. Returns undefined if they are unknown. */
const appendHeadResult = (
  before: Step["headResults"],
  { step, event }: Pick<StepContext, "step"> & { event: WorkResultEvent },
): Step["headResults"] => {
  const own = { result: event.commit, baseCommit: event.result.baseCommit };
  if (!findAnsweredHead(step, event.result.baseCommit)) return [own];
  return before && [...before, own];
};

/** Publishes a result's files as the head of the step's branch. */
export const deliverWork = (tx: DecisionTransaction, at: StepContext & { event: WorkResultEvent }): void => {
  const { execution, step, event } = at;
  const task = toTaskId(execution.id, step.id);
  const planned = tx.planned(execution, step.id);
  if (!planned) return;
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const carried = applyWork(tx, { ...at, planned }, message);
  if (carried === UNKNOWN) return;
  const { work, by, builtOn, baseTip } = carried;
  const { replies } = event.result;
  if (work.kind === "unchanged")
    return finishWithoutFiles(tx, {
      execution,
      step,
      artifact: null,
      remark: `\`${execution.baseBranch}\` already contains its changes.`,
      replies,
    });
  if (work.kind === "conflict") return failStep(tx, { execution, step, refusal: refuseConflictingWork(task, work.paths), log: "" });
  tx.moveRef(toTaskRef(task), work.commit);
  const head = { sha: work.commit, since: tx.now, by, ...(baseTip !== undefined && { baseTip }) };
  const headResults = by === "person" ? undefined : appendHeadResult(step.headResults, { step, event });
  tx.putStep(execution.id, publish(step, { head, headResults, baseCommit: event.result.baseCommit, builtOn, answers: true }));
  postFeedbackReplies(tx, { execution, step, head: work.commit, replies });
  tx.note(`${task} delivered ${work.commit.slice(0, 12)}`);
};
