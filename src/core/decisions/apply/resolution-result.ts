import { replaceHead } from "../../domain/step-lifecycle.ts";
import type { Event } from "../../domain/event.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { Job } from "../../domain/job.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict } from "../../domain/step.ts";
import { matchesGlob } from "../../policy/glob.ts";
import { formatResolutionMessage, formatWorkMessage } from "../../messages/commit-messages.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { findStep } from "./fail-step.ts";
import { type Resolving, tryAgain } from "./retry-resolution.ts";

type Resulted = Extract<Event, { kind: "resulted" }>;

/** Applies a resolution once, if its head is still the step's head and its job was requested. */
export const resolved = (tx: DecisionTransaction, job: Job, event: Resulted): void => {
  const found = findStep(tx, job.target);
  const resolution = found && findOpenConflict(found.step);
  if (!found || resolution?.attempt !== job.attempt || resolution.deadline === null) return;
  const { execution, step } = found;
  const { baseCommit, end, spent, reason, output } = event.result;
  if (baseCommit !== resolution.onto) return tx.note(`${job.target}: a resolution on another commit was left aside`);
  if (spent > 0) tx.putExecution({ ...execution, spent: execution.spent + spent });
  const at = { execution, step, resolution };
  switch (end) {
    case "success":
    case "unchanged":
      return take(tx, at, event);
    case "timed-out":
    case "crashed":
      return tryAgain(tx, at, { why: reason || end, fault: true });
    case "failed":
    case "refused":
    case "cancelled":
    case "asked":
    case "artifact":
      return tryAgain(tx, at, { why: reason || `the job ended as ${end}`, fault: false, output });
  }
};

/** Makes a resolution the head of its branch. If more work landed meanwhile, the refinery merges the new head like any other. */
const take = (tx: DecisionTransaction, at: Resolving, event: Resulted): void => {
  const { execution, step, resolution } = at;
  const task = toTaskId(execution.id, step.id);
  const leave = (): void => tx.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null } });
  // The heads pass adopts a person's commit; a resolution of the commit before is useless.
  if (tx.ref(toTaskRef(task)) !== resolution.head) return leave();
  const grown = isGrown(tx, at);
  if (grown === undefined) return;
  if (!grown) return leave();
  const outside = outsideOf(tx, at, event);
  if (outside.length > 0)
    return tryAgain(tx, at, { why: `it changed files that do not conflict: ${outside.slice(0, 5).join(", ")}`, fault: false });
  const made = build(tx, at, event);
  if (!made) return;
  if (made.kind !== "commit") return tryAgain(tx, at, { why: `${FAULTS[made.kind]} ${made.paths.slice(0, 5).join(", ")}`, fault: false });
  const commit = straightened(tx, at, made.commit);
  if (commit !== undefined) become(tx, at, { commit, said: event.result.output });
};

const build = (tx: DecisionTransaction, at: Resolving, event: Resulted): QueryAnswers["resolution"] | undefined => {
  const { execution, step, resolution } = at;
  const { head, onto, regenerated, forkPoint } = resolution;
  const message = formatResolutionMessage({ execution, step: step.id, onto, suffix: tx.snapshot.config.git.commitSuffix });
  const generated = generatedOf(tx, at, event);
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
const become = (
  tx: DecisionTransaction,
  { execution, step, resolution }: Resolving,
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
      head: { sha: commit, since: tx.now, by, baseTip: onto },
      builtOn: forkPoint === undefined ? step.builtOn : [],
      pastConflicts: resolution.conflicts.map(({ path }) => path),
      resolution: { ...resolution, deadline: null, resolvedHead: commit, summary: said, log: "" },
    }),
  );
  tx.note(`${task}: its conflict is resolved as ${commit.slice(0, 12)}`);
};

/**
 * The resolution as one commit on the base, if GitHub rebases landings and no person's commits would be lost. Undefined while facts are
 * missing.
 */
const straightened = (tx: DecisionTransaction, { execution, step, resolution }: Resolving, made: Sha): Sha | undefined => {
  const planned = tx.planned(execution, step.id);
  if (tx.queue(execution.baseBranch).landingTerms?.method !== "rebase" || step.head?.by === "person" || !planned) return made;
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const one = tx.readFact<"reattach">({ kind: "reattach", head: made, excludedHeads: [], onto: resolution.onto, message, linear: true });
  return one && (one.kind === "commit" ? one.commit : made);
};

/** Why a resolution is rejected; the paths follow. */
const FAULTS = {
  markers: "it left conflict markers in",
  deletions: "it deleted files that neither side deleted:",
  clash: "a file and a folder have the same path:",
} as const;

/** Deleted files that a regenerate command may delete: they match `regenerate`, and one of its commands ran. */
const generatedOf = (tx: DecisionTransaction, { resolution }: Resolving, { result }: Resulted): string[] => {
  const globs = resolution.regenerateCommands.length > 0 ? Object.keys(tx.snapshot.config.refinery.regenerate) : [];
  return result.files.flatMap(({ path, mode }) => (mode === null && globs.some((glob) => matchesGlob(glob, path)) ? [path] : []));
};

/**
 * Whether the base commit of the resolution is still in the base: a rewound commit must not return with a resolution. Undefined while facts
 * are missing.
 */
const isGrown = (tx: DecisionTransaction, { execution, resolution }: Resolving): boolean | undefined => {
  const tip = tx.baseTip(execution.baseBranch);
  if (tip === null) return false;
  return tip === resolution.onto || tx.readFact<"contains">({ kind: "contains", commit: resolution.onto, tip });
};

/** Changed files that had no conflict and that a resolution may not change. */
const outsideOf = (tx: DecisionTransaction, { resolution }: Resolving, { result }: Resulted): string[] => {
  const { resolveAlso, regenerate } = tx.snapshot.config.refinery;
  const own = new Set(resolution.conflicts.map(({ path }) => path));
  const globs = [...resolveAlso, ...(resolution.regenerateCommands.length > 0 ? Object.keys(regenerate) : [])];
  return result.files.map(({ path }) => path).filter((path) => !own.has(path) && !globs.some((glob) => matchesGlob(glob, path)));
};
