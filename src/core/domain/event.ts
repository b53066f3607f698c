import type { Command, CommandSource } from "./command.ts";
import type { EffectOutcome } from "./effect.ts";
import type { Login, Millis, RefName, Sha } from "./ids.ts";
import type { JobKey, JobResult } from "./job.ts";
import type { Refusal } from "./refusal.ts";

/** A line of a comment: what it asks for, or why it cannot be asked for. */
export type CommandRequest = { readonly ok: true; readonly command: Command } | { readonly ok: false; readonly refusal: Refusal };

/**
 * A fact that cannot be read again as state later, with a natural id; or a bare wake-up.
 * A webhook and a listing give the same value. Reviews, checks, pushes and runs are wake-ups: they are read again, never believed.
 */
export type Event =
  | {
      readonly kind: "commanded";
      readonly id: CommandId;
      readonly at: Millis;
      readonly issue: number;
      /** True where that is a pull request. */
      readonly onPullRequest: boolean;
      readonly source: CommandSource;
      readonly by: Login;
      /** True when the text that we saw is not the text that was posted first. */
      readonly edited: boolean;
      readonly requests: readonly CommandRequest[];
    }
  | {
      readonly kind: "resulted";
      readonly id: `result:${Sha}`;
      readonly commit: Sha;
      readonly result: JobResult;
    }
  | { readonly kind: "performed"; readonly at: Millis; readonly outcome: EffectOutcome }
  | {
      readonly kind: "save-refused";
      readonly ref: RefName;
      readonly reason: "moved" | "not-allowed";
      readonly text: string;
    }
  /** `ended`: runs that are said to be over, looked up when they left no result; `all` after a silence. */
  /** Every comment changed before this time was listed. */
  | { readonly kind: "swept"; readonly sweptUntil: Millis }
  /** Somebody wrote something on a pull request that is no command: it is read from GitHub when an attempt starts. */
  | { readonly kind: "remarked"; readonly id: RemarkId; readonly pull: number }
  /** `people`: somebody reviewed a pull request, or did something else to one; `pull` is the one, where that is known. */
  | {
      readonly kind: "woken";
      readonly endedJob?: JobKey | "all";
      readonly activity?: "pulls" | "reviews";
      readonly pull?: number;
      readonly trigger?: IssueTrigger;
    };

/** A change to an issue that may start it: who made it, and when, is in the issue's history only, which is then listed. */
type IssueTrigger = { readonly kind: "label"; readonly name: string } | { readonly kind: "assignment" };

/** `comment:12`, `issue:5`, `review:7`, `review-comment:9`, `label:<issue>/…`, `assignment:<issue>/…`. */
type CommandId = `${CommandSource["kind"]}:${string}`;
/** A comment, a review, or a comment on a line. */
export type RemarkId = `${"comment" | "review" | "review-comment"}:${number}`;
export type EventId = CommandId | `result:${Sha}`;
