import { type BranchName, hashValue, type Hash, type Login, type Millis, type Sha, type TaskId } from "./ids.ts";
import type { JobKey, JobKind } from "./job.ts";
import type { NoticeMessage } from "./notice.ts";

type EffectOf<K extends string, T> = Readonly<T> & {
  readonly kind: K;
  /** Natural key: requesting the same effect twice yields the same key. */
  readonly key: `${K}:${string}`;
};

/**
 * Writes to GitHub besides refs. Performing an effect twice does no harm.
 * Effects that create an object (see {@link isCreation}) are recorded before they are performed, and looked up if a record already exists.
 */
export type Effect =
  | EffectOf<"start-job", { job: JobKey; inputs: Readonly<JobInputs> }>
  | EffectOf<"stop-job", { run: number }>
  | EffectOf<"open-pull", { task: TaskId; head: string; baseBranch: BranchName; title: string; body: string }>
  /** A pull request without a step: a whole candidate, or the revert of a merge. */
  | EffectOf<"open-side-pull", { head: string; baseBranch: BranchName; title: string; body: string }>
  /** Merges a pull request at exactly this head; by a merge commit unless `squashOrRebase` is given. */
  | EffectOf<"merge-pull", { pull: number; head: Sha; squashOrRebase?: SquashOrRebase }>
  /** Adds a pull request at exactly this head to GitHub's merge queue. */
  | EffectOf<"enqueue-pull", { pull: number; head: Sha }>
  | EffectOf<"dequeue-pull", { pull: number }>
  | EffectOf<"start-workflow", { workflow: string; branch: string }>
  /** Replaces the text of a step's pull request. The key ends with the announced landing kind and state. */
  | EffectOf<"edit-pull", { pull: number; body: string }>
  | EffectOf<"close-pull", { pull: number; comment: string }>
  /** Without `context`, sets Enki's own status. */
  | EffectOf<"set-status", { commit: Sha; state: "pending" | "success" | "failure"; text: string; context?: string; url?: string }>
  | EffectOf<
      "write-comment",
      {
        issue: number;
        marker: string;
        body: string;
        /** Id of Enki's comment to edit; null if unknown. */ comment: number | null;
      }
    >
  /** Asks a person to review a pull request, which notifies the person. */
  | EffectOf<"request-review", { pull: number; login: Login }>
  /** Posts a notice to the webhook of `[notify]`. */
  | EffectOf<"post-notice", { webhook: string; secret: string | null; message: NoticeMessage }>
  /** Replies in the thread of a line comment. */
  | EffectOf<"reply-review-comment", { pull: number; comment: number; marker: string; body: string }>
  | EffectOf<"react", { target: ReactionTarget; reaction: ReactionName }>
  | EffectOf<"close-issue", { issue: number }>
  /** Opens a backlog issue. */
  | EffectOf<"open-issue", { marker: string; title: string; body: string }>
  | EffectOf<"edit-issue", { issue: number; title: string; body: string }>
  | EffectOf<"close-backlog-issue", { issue: number; reason: "completed" | "not_planned" }>;

/** Objects with reactions in GitHub's REST API; reviews have none. */
export type ReactionTarget =
  | { readonly kind: "comment" | "review-comment"; readonly id: number }
  | { readonly kind: "issue"; readonly number: number };
/** A squash takes the given title and message; a rebase keeps the messages of its commits. */
export type SquashOrRebase =
  | { readonly method: "squash"; readonly title: string; readonly message: string }
  | { readonly method: "rebase" };

export type ReactionName = "eyes" | "rocket" | "confused";

/** Inputs of `enki-step.yml`: ids, and a title that only the run's name shows. */
export type JobInputs = {
  kind: JobKind;
  execution: string;
  step: string;
  attempt: string;
  target: string;
  title?: string;
};

/** Results of effects, by kind. */
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
  "request-review": null;
  "post-notice": null;
  "reply-review-comment": { readonly comment: number };
  react: null;
  "close-issue": null;
  "open-issue": { readonly issue: number };
  "edit-issue": null;
  "close-backlog-issue": null;
};

export type EffectKind = Effect["kind"];

/** `later`: a rate limit or a fault of GitHub; retry at `retryAt`. `refused`: GitHub rejected the request. */
export type EffectEnding<K extends EffectKind> =
  | { readonly kind: "done"; readonly answer: EffectAnswers[K] }
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  | { readonly kind: "later"; readonly retryAt: Millis; readonly reason: string };

export type EffectOutcome = {
  [K in EffectKind]: {
    readonly kind: K;
    readonly key: Effect["key"];
    /** Hash of the performed effect: a changed text is performed again. */
    readonly digest: string;
    readonly ending: EffectEnding<K>;
  };
}[EffectKind];

/** Request budgets are limited: landings and job starts come first, texts last. */
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
    case "request-review":
      return 2;
    case "edit-pull":
    case "close-pull":
    case "close-issue":
    case "open-issue":
    case "edit-issue":
    case "close-backlog-issue":
    case "write-comment":
    case "reply-review-comment":
    case "post-notice":
      return 3;
  }
};

/** Whether the effect creates an object. Creations are recorded before they are performed. */
export const isCreation = (effect: Effect): boolean =>
  effect.kind === "start-job" ||
  effect.kind === "open-pull" ||
  effect.kind === "open-side-pull" ||
  effect.kind === "merge-pull" ||
  effect.kind === "enqueue-pull" ||
  effect.kind === "open-issue" ||
  effect.kind === "reply-review-comment" ||
  effect.kind === "request-review" ||
  effect.kind === "post-notice" ||
  (effect.kind === "write-comment" && effect.comment === null);

/** Hash of everything the effect would write, so that a changed text is performed again. */
export const digestEffect = (effect: Effect): Hash =>
  hashValue(effect.kind === "write-comment" ? { ...effect, comment: null } : effect).slice(0, 16);
