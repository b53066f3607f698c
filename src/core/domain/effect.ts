import { type BranchName, hashValue, type Hash, type Millis, type Sha, type TaskId } from "./ids.ts";
import type { JobKey, JobKind } from "./job.ts";

type EffectOf<K extends string, T> = Readonly<T> & {
  readonly kind: K;
  /** Natural key: the same effect asked twice has the same key. */
  readonly key: `${K}:${string}`;
};

/**
 * What we do to GitHub beside moving refs. Each may happen twice and does no harm.
 * `start-job`, `open-pull`, `open-side-pull`, `merge-pull`, `enqueue-pull`, `open-issue`, `reply-review-comment` and `write-comment` make something new: they are recorded as asked before they are performed, and looked up when a record is found.
 */
export type Effect =
  | EffectOf<"start-job", { job: JobKey; inputs: Readonly<JobInputs> }>
  | EffectOf<"stop-job", { run: number }>
  | EffectOf<"open-pull", { task: TaskId; head: string; baseBranch: BranchName; title: string; body: string }>
  /** A pull request of no step: all of a candidate at once, or the way back from a merge. */
  | EffectOf<"open-side-pull", { head: string; baseBranch: BranchName; title: string; body: string }>
  /** Merges a pull request with exactly this head: by a merge commit, or as `how` says. */
  | EffectOf<"merge-pull", { pull: number; head: Sha; squashOrRebase?: SquashOrRebase }>
  /** Adds a pull request with exactly this head to GitHub's merge queue, or takes it out again. */
  | EffectOf<"enqueue-pull", { pull: number; head: Sha }>
  | EffectOf<"dequeue-pull", { pull: number }>
  | EffectOf<"start-workflow", { workflow: string; branch: string }>
  /** Gives a step's pull request another text; the key ends with the landing mode that this tells. */
  | EffectOf<"edit-pull", { pull: number; body: string }>
  | EffectOf<"close-pull", { pull: number; comment: string }>
  /** Our own status where `context` names no other. */
  | EffectOf<"set-status", { commit: Sha; state: "pending" | "success" | "failure"; text: string; context?: string }>
  | EffectOf<
      "write-comment",
      {
        issue: number;
        marker: string;
        body: string;
        /** Our comment's id, when it is known: then it is edited. */ comment: number | null;
      }
    >
  /** An answer in the thread that a comment on a line begins. */
  | EffectOf<"reply-review-comment", { pull: number; comment: number; marker: string; body: string }>
  | EffectOf<"react", { target: ReactionTarget; reaction: ReactionName }>
  | EffectOf<"close-issue", { issue: number }>
  /** A new issue of the backlog. */
  | EffectOf<"open-issue", { marker: string; title: string; body: string }>
  | EffectOf<"edit-issue", { issue: number; title: string; body: string }>
  /** Closes an issue of the backlog. */
  | EffectOf<"close-backlog-issue", { issue: number; reason: "completed" | "not_planned" }>;

/** What GitHub lets people and Apps react to by its REST API. A review is not among it. */
export type ReactionTarget =
  | { readonly kind: "comment" | "review-comment"; readonly id: number }
  | { readonly kind: "issue"; readonly number: number };
/** By another way than a merge commit. A squash has the words that are given; a rebase keeps those of its commits. */
export type SquashOrRebase =
  | { readonly method: "squash"; readonly title: string; readonly message: string }
  | { readonly method: "rebase" };

export type ReactionName = "eyes" | "rocket" | "confused";

/** The inputs of `enki-step.yml`: ids only. */
export type JobInputs = {
  kind: JobKind;
  execution: string;
  step: string;
  attempt: string;
  target: string;
};

/** What is known after an effect was done. */
type EffectAnswers = {
  "start-job": { readonly run: number | null };
  "stop-job": null;
  "open-pull": { readonly pull: number };
  "open-side-pull": { readonly pull: number };
  "merge-pull": null;
  "enqueue-pull": null;
  "dequeue-pull": null;
  "start-workflow": null;
  "edit-pull": null;
  "close-pull": null;
  "set-status": null;
  "write-comment": { readonly comment: number };
  "reply-review-comment": { readonly comment: number };
  react: null;
  "close-issue": null;
  "open-issue": { readonly issue: number };
  "edit-issue": null;
  "close-backlog-issue": null;
};

export type EffectKind = Effect["kind"];

/** `later`: a limit or a fault of the other side, try again at that time. `refused`: GitHub said no, with its reason. */
export type EffectEnding<K extends EffectKind> =
  | { readonly kind: "done"; readonly answer: EffectAnswers[K] }
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  | { readonly kind: "later"; readonly retryAt: Millis; readonly reason: string };

export type EffectOutcome = {
  [K in EffectKind]: {
    readonly kind: K;
    readonly key: Effect["key"];
    /** Hash of what was performed, so that a changed text is performed again. */
    readonly digest: string;
    readonly ending: EffectEnding<K>;
  };
}[EffectKind];

/** Requests are short: land and start first, words last. */
export const rankEffect = (kind: EffectKind): number => {
  switch (kind) {
    case "start-job":
    case "stop-job":
    case "merge-pull":
    case "enqueue-pull":
    case "dequeue-pull":
    case "start-workflow":
      return 0;
    case "react":
      return 1;
    case "open-pull":
    case "open-side-pull":
    case "set-status":
      return 2;
    case "edit-pull":
    case "close-pull":
    case "close-issue":
    case "open-issue":
    case "edit-issue":
    case "close-backlog-issue":
    case "write-comment":
    case "reply-review-comment":
      return 3;
  }
};

/** True where performing makes something new, so that it is recorded before it is performed. */
export const isCreation = (effect: Effect): boolean =>
  effect.kind === "start-job" ||
  effect.kind === "open-pull" ||
  effect.kind === "open-side-pull" ||
  effect.kind === "merge-pull" ||
  effect.kind === "enqueue-pull" ||
  effect.kind === "open-issue" ||
  effect.kind === "reply-review-comment" ||
  (effect.kind === "write-comment" && effect.comment === null);

/** What an outcome is compared with: everything that the effect would do, so that a changed text is performed again. */
export const digestEffect = (effect: Effect): Hash =>
  hashValue(effect.kind === "write-comment" ? { ...effect, comment: null } : effect).slice(0, 16);
