import { replaceHead } from "../../domain/step-lifecycle.ts";
import type { Event } from "../../domain/event.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import type { Job } from "../../domain/job.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { findOpenConflict } from "../../domain/step.ts";
import { matchesGlob } from "../../policy/glob.ts";
import { formatResolutionMessage, formatWorkMessage } from "../../messages/commit-messages.ts";
import type { Draft } from "../draft.ts";
import { findStep } from "./failing.ts";
import { type Resolving, tryAgain } from "./unresolved.ts";

type Resulted = Extract<Event, { kind: "resulted" }>;

/** Takes a resolution in, once, while the head that it is for is the head, and a job of this number was asked for. */
export const resolved = (draft: Draft, job: Job, event: Resulted): void => {
  const found = findStep(draft, job.target);
  const resolution = found && findOpenConflict(found.step);
  if (!found || resolution?.attempt !== job.attempt || resolution.deadline === null) return;
  const { execution, step } = found;
  const { baseCommit, end, spent, reason, output } = event.result;
  if (baseCommit !== resolution.onto) return draft.note(`${job.target}: a resolution on another commit was left aside`);
  if (spent > 0) draft.putExecution({ ...execution, spent: execution.spent + spent });
  const at = { execution, step, resolution };
  switch (end) {
    case "success":
    case "unchanged":
      return take(draft, at, event);
    case "timed-out":
    case "crashed":
      return tryAgain(draft, at, { why: reason || end, fault: true });
    case "failed":
    case "refused":
    case "cancelled":
    case "asked":
    case "artifact":
      return tryAgain(draft, at, { why: reason || `the job ended as ${end}`, fault: false, output });
  }
};

/** Makes a resolution the head of its branch. What landed meanwhile is merged, or resolved, next: the refinery looks at the new head as at any other. */
const take = (draft: Draft, at: Resolving, event: Resulted): void => {
  const { execution, step, resolution } = at;
  const task = toTaskId(execution.id, step.id);
  const leave = (): void => draft.putStep(execution.id, { ...step, resolution: { ...resolution, deadline: null } });
  // A person's commit is followed by the pass for heads; a resolution of what was before it is of no use.
  if (draft.ref(toTaskRef(task)) !== resolution.head) return leave();
  const grown = isGrown(draft, at);
  if (grown === undefined) return;
  if (!grown) return leave();
  const outside = outsideOf(draft, at, event);
  if (outside.length > 0)
    return tryAgain(draft, at, { why: `it changed files that do not conflict: ${outside.slice(0, 5).join(", ")}`, fault: false });
  const made = build(draft, at, event);
  if (!made) return;
  if (made.kind !== "commit")
    return tryAgain(draft, at, { why: `${FAULTS[made.kind]} ${made.paths.slice(0, 5).join(", ")}`, fault: false });
  const commit = straightened(draft, at, made.commit);
  if (commit !== undefined) become(draft, at, { commit, said: event.result.output });
};

const build = (draft: Draft, at: Resolving, event: Resulted): QueryAnswers["resolution"] | undefined => {
  const { execution, step, resolution } = at;
  const { head, onto, regenerated, forkPoint } = resolution;
  const message = formatResolutionMessage({ execution, step: step.id, onto, suffix: draft.snapshot.config.git.commitSuffix });
  const generated = generatedOf(draft, at, event);
  return draft.ask<"resolution">({
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

/** Makes a resolution the head. One of own changes alone has neither the head before nor what that was built on in it, which has landed. */
const become = (draft: Draft, { execution, step, resolution }: Resolving, { commit, said }: { commit: Sha; said: string }): void => {
  const task = toTaskId(execution.id, step.id);
  const { head, onto, forkPoint } = resolution;
  const by = step.head?.by ?? "worker";
  draft.move(toTaskRef(task), commit);
  if (forkPoint !== undefined && by === "person") draft.keep(head);
  draft.putStep(
    execution.id,
    replaceHead(step, {
      head: { sha: commit, since: draft.now, by, baseTip: onto },
      builtOn: forkPoint === undefined ? step.builtOn : [],
      pastConflicts: resolution.conflicts.map(({ path }) => path),
      resolution: { ...resolution, deadline: null, resolvedHead: commit, summary: said, log: "" },
    }),
  );
  draft.note(`${task}: its conflict is resolved as ${commit.slice(0, 12)}`);
};

/** Where GitHub rebases what lands, one commit on the base with the files of the resolution; what a person pushed stays below a merge. Undefined while it is not known. */
const straightened = (draft: Draft, { execution, step, resolution }: Resolving, made: Sha): Sha | undefined => {
  const planned = draft.planned(execution, step.id);
  if (draft.queue(execution.baseBranch).landingTerms?.method !== "rebase" || step.head?.by === "person" || !planned) return made;
  const message = formatWorkMessage({ execution, step: planned, suffix: draft.snapshot.config.git.commitSuffix });
  const one = draft.ask<"reattach">({ kind: "reattach", head: made, excludedHeads: [], onto: resolution.onto, message, linear: true });
  return one && (one.kind === "commit" ? one.commit : made);
};

/** Why a resolution is not taken, in words that go on with the paths. */
const FAULTS = {
  markers: "it left conflict markers in",
  deletions: "it deleted files that neither side deleted:",
  clash: "a file and a folder have the same path:",
} as const;

/** Files that a command may make anew, and so remove: those that `regenerate` names, where one of its commands ran. */
const generatedOf = (draft: Draft, { resolution }: Resolving, { result }: Resulted): string[] => {
  const globs = resolution.regenerateCommands.length > 0 ? Object.keys(draft.snapshot.config.refinery.regenerate) : [];
  return result.files.flatMap(({ path, mode }) => (mode === null && globs.some((glob) => matchesGlob(glob, path)) ? [path] : []));
};

/** True while the base that was resolved onto is still in the base: a rewound one must not come back with a resolution. Undefined while that is not known. */
const isGrown = (draft: Draft, { execution, resolution }: Resolving): boolean | undefined => {
  const tip = draft.base(execution.baseBranch);
  if (tip === null) return false;
  return tip === resolution.onto || draft.ask<"contains">({ kind: "contains", commit: resolution.onto, tip });
};

/** Files that neither conflict nor may be changed along. */
const outsideOf = (draft: Draft, { resolution }: Resolving, { result }: Resulted): string[] => {
  const { resolveAlso, regenerate } = draft.snapshot.config.refinery;
  const own = new Set(resolution.conflicts.map(({ path }) => path));
  const globs = [...resolveAlso, ...(resolution.regenerateCommands.length > 0 ? Object.keys(regenerate) : [])];
  return result.files.map(({ path }) => path).filter((path) => !own.has(path) && !globs.some((glob) => matchesGlob(glob, path)));
};
