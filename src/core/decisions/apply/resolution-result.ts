import { explainRejectedResolution } from "../../messages/refusals/conflicts.ts";
import { replaceHead } from "../../domain/step-lifecycle.ts";
import type { Event } from "../../domain/event.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { Job, JobResult } from "../../domain/job.ts";
import { findQuotaWait, type QuotaWait } from "../../domain/quota-wait.ts";
import { isInterruption } from "../../domain/retry-policy.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict, type Step } from "../../domain/step.ts";
import { matchesGlob } from "../../policy/glob.ts";
import { formatResolutionMessage, formatWorkMessage } from "../../messages/commit-messages.ts";
import type { DecisionReader, LedgerReader, StepWriter, ExecutionWriter, RefWriter } from "../decision-transaction.ts";
import { type OpenResolution, retryResolution } from "./retry-resolution.ts";
import { findStep } from "../find-step.ts";
import { type Known, mapKnown, UNKNOWN } from "../../domain/known.ts";

type ResolutionResultEvent = Extract<Event, { kind: "resulted" }>;

/** Applies a resolution once, if its head is still the step's head and its job was requested. */
export const applyResolutionResult = (tx: StepWriter & ExecutionWriter & RefWriter, job: Job, event: ResolutionResultEvent): void => {
  const found = findStep(tx, job.target);
  const resolution = found && findOpenConflict(found.step);
  if (!found || resolution?.attempt !== job.attempt || resolution.deadline === null) return;
  const { execution, step } = found;
  const { baseCommit, end, spent } = event.result;
  if (baseCommit !== resolution.onto) return tx.note(`${job.target}: a resolution on another commit was left aside`);
  if (spent > 0) tx.putExecution({ ...execution, spent: execution.spent + spent });
  const { quota, ...open } = resolution;
  const at = { execution, step, resolution: open };
  const wait = findQuotaWait(event.result, tx.now, quota);
  if (wait !== null) return awaitResolutionQuota(tx, at, wait);
  if (isInterruption(event.result, open.attempt)) return repeatResolution(tx, at);
  if (end === "success" || end === "unchanged") return acceptResolution(tx, at, event);
  retryResolution(tx, at, toResolutionFailure(event.result));
};

const toResolutionFailure = ({ end, reason, output }: JobResult): Parameters<typeof retryResolution>[2] =>
  end === "timed-out" || end === "crashed"
    ? { reason: reason || end, fault: true }
    : { reason: reason || `the job ended as ${end}`, fault: false, output };

/** Starts again after an interruption, which counts as no attempt. */
const repeatResolution = (tx: StepWriter, { execution, step, resolution }: OpenResolution): void => {
  tx.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null, notBefore: 0 } });
  tx.note(`${toTaskId(execution.id, step.id)}: the resolution of its conflict was interrupted`);
};

/** Waits until the quota of the merger's model is renewed, which counts as no attempt. */
const awaitResolutionQuota = (tx: StepWriter, { execution, step, resolution }: OpenResolution, quota: QuotaWait): void => {
  tx.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null, notBefore: quota.until, quota } });
  tx.note(`${toTaskId(execution.id, step.id)}: its conflict waits for a quota until ${new Date(quota.until).toISOString()}`);
};

/** Makes a resolution the head of its branch. If more work landed meanwhile, the refinery merges the new head like any other. */
const acceptResolution = (tx: StepWriter & RefWriter, at: OpenResolution, event: ResolutionResultEvent): void => {
  const { execution, step, resolution } = at;
  const task = toTaskId(execution.id, step.id);
  const leave = (): void => tx.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null } });
  // The heads pass adopts a person's commit; a resolution of the commit before is useless.
  if (tx.ref(toTaskRef(task)) !== resolution.head) return leave();
  const grown = isResolvedBaseKept(tx, at);
  if (grown === UNKNOWN) return;
  if (!grown) return leave();
  const outside = listForbiddenChanges(tx, at, event);
  if (outside.length > 0) return retryResolution(tx, at, { reason: explainRejectedResolution("outside", outside), fault: false });
  const made = requestResolutionCommit(tx, at, event);
  if (made === UNKNOWN) return;
  if (made.kind !== "commit") return retryResolution(tx, at, { reason: explainRejectedResolution(made.kind, made.paths), fault: false });
  const commit = linearizeResolution(tx, at, made.commit);
  if (commit !== UNKNOWN) publishResolution(tx, at, { commit, said: event.result.output });
};

const requestResolutionCommit = (
  tx: DecisionReader,
  at: OpenResolution,
  event: ResolutionResultEvent,
): Known<QueryAnswers["resolution"]> => {
  const { execution, step, resolution } = at;
  const { head, onto, regenerated, forkPoint } = resolution;
  const message = formatResolutionMessage({ execution, step: step.id, onto, suffix: tx.snapshot.config.git.commitSuffix });
  const generated = listRemovedGeneratedFiles(tx, at, event);
  return tx.readFact<"resolution">({
    kind: "resolution",
    result: event.commit,
    onto,
    head,
    regenerated,
    message,
    ...(generated.length > 0 && { generated }),
    ...(forkPoint !== undefined && { forkPoint }),
  });
};

/**
 * Makes a resolution the head. A resolution of own changes alone contains neither the earlier head nor the landed work that the head was
 * built on.
 */
const publishResolution = (
  tx: StepWriter & RefWriter,
  { execution, step, resolution }: OpenResolution,
  { commit, said }: { commit: Sha; said: string },
): void => {
  const task = toTaskId(execution.id, step.id);
  const { head, onto, forkPoint } = resolution;
  const by = step.head?.by ?? "worker";
  tx.moveRef(toTaskRef(task), commit);
  if (forkPoint !== undefined && by === "person") tx.retainResult(head);
  tx.putStep(
    execution.id,
    replaceHead(step, {
      head: { sha: commit, since: tx.now, by, baseTip: resolution.line?.baseTip ?? onto },
      builtOn: forkPoint === undefined ? joinHeads(step.builtOn, resolution.line?.ahead ?? []) : [],
      pastConflicts: resolution.conflicts.map(({ path }) => path),
      resolution: { ...resolution, deadline: null, resolvedHead: commit, summary: said, log: "" },
    }),
  );
  tx.note(`${task}: its conflict is resolved as ${commit.slice(0, 12)}`);
};

/** Heads of both lists; of two heads of the same task, the newer head from the second list. */
const joinHeads = (first: Step["builtOn"], second: Step["builtOn"]): Step["builtOn"] => {
  const tasks = new Set(second.map(({ task }) => task));
  return [...first.filter(({ task }) => !tasks.has(task)), ...second];
};

/** The resolution as one commit on the base, if GitHub rebases landings and no person's commits would be lost. */
const linearizeResolution = (tx: DecisionReader, { execution, step, resolution }: OpenResolution, made: Sha): Known<Sha> => {
  const planned = tx.planned(execution, step.id);
  if (tx.queue(execution.baseBranch).landingTerms?.method !== "rebase" || step.head?.by === "person" || !planned) return made;
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const one = tx.readFact<"reattach">({ kind: "reattach", head: made, excludedHeads: [], onto: resolution.onto, message, linear: true });
  return mapKnown(one, (commit) => (commit.kind === "commit" ? commit.commit : made));
};

/** Deleted files that a regenerate command may delete: they match `regenerate`, and a command of `regenerate` ran. */
const listRemovedGeneratedFiles = (tx: LedgerReader, { resolution }: OpenResolution, { result }: ResolutionResultEvent): string[] => {
  const globs = resolution.regenerateCommands.length > 0 ? Object.keys(tx.snapshot.config.refinery.regenerate) : [];
  return result.files.flatMap(({ path, mode }) => (mode === null && globs.some((glob) => matchesGlob(glob, path)) ? [path] : []));
};

/** Whether the base commit of the resolution is still in the base: a rewound commit must not return with a resolution. */
const isResolvedBaseKept = (tx: DecisionReader, { execution, resolution }: OpenResolution): Known<boolean> => {
  const tip = tx.baseTip(execution.baseBranch);
  if (tip === null) return false;
  const base = resolution.line?.baseTip ?? resolution.onto;
  return tip === base || tx.readFact<"contains">({ kind: "contains", commit: base, tip });
};

/** Changed files without a conflict, outside of the files that every resolution may change. */
const listForbiddenChanges = (tx: LedgerReader, { resolution }: OpenResolution, { result }: ResolutionResultEvent): string[] => {
  const { resolveAlso, regenerate } = tx.snapshot.config.refinery;
  const own = new Set(resolution.conflicts.map(({ path }) => path));
  const globs = [...resolveAlso, ...(resolution.regenerateCommands.length > 0 ? Object.keys(regenerate) : [])];
  return result.files.map(({ path }) => path).filter((path) => !own.has(path) && !globs.some((glob) => matchesGlob(glob, path)));
};
