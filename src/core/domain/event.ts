import type { PersonCommand, CommandSource } from "./command.ts";
import type { EffectOutcome } from "./effect.ts";
import type { ExecutionId, Login, Millis, RefName, Sha } from "./ids.ts";
import type { JobKey, JobResult } from "./job.ts";
import type { Refusal } from "./refusal.ts";

/** A command line of a comment: the command, or its refusal. */
export type CommandRequest = { readonly ok: true; readonly command: PersonCommand } | { readonly ok: false; readonly refusal: Refusal };

/**
 * A fact with a natural id that cannot be read again later, or a bare wake-up. The same fact gives the same event, whether a webhook or a
 * listing reports the fact. Reviews, checks, pushes and runs are wake-ups: their payload is never trusted, the state is read again.
 */
export type Event =
  | {
      readonly kind: "commanded";
      readonly id: CommandId;
      readonly at: Millis;
      readonly issue: number;
      /** Whether `issue` is a pull request. */
      readonly onPullRequest: boolean;
      readonly source: CommandSource;
      readonly by: Login;
      /** Whether the text differs from the first posted version. */
      readonly edited: boolean;
      readonly requests: readonly CommandRequest[];
    }
  | {
      readonly kind: "resulted";
      readonly id: `result:${Sha}`;
      readonly commit: Sha;
      readonly result: JobResult;
    }
  /** Somebody else's ledger or archive was refused and is kept under this commit; `executions` were changed. */
  | { readonly kind: "ledger-refused"; readonly id: `ledger:${Sha}`; readonly foreign: Sha; readonly executions: readonly ExecutionId[] }
  /** A ref without a usable result or request. `job` is null if the ref names no job. `foreign-ledger`: somebody else wrote the ledger of the job. */
  | {
      readonly kind: "misplaced";
      readonly ref: RefName;
      readonly commit: Sha;
      readonly job: JobKey | null;
      readonly fault: "not-a-commit" | "malformed" | "other-job" | "foreign-ledger" | "no-request";
    }
  | { readonly kind: "performed"; readonly at: Millis; readonly outcome: EffectOutcome }
  | {
      readonly kind: "save-refused";
      readonly ref: RefName;
      readonly reason: "moved" | "not-allowed";
      readonly text: string;
    }
  /** Every comment changed before this time was listed. */
  | { readonly kind: "swept"; readonly sweptUntil: Millis }
  /** A comment on a pull request without a command; its text is read from GitHub when an attempt starts. */
  | { readonly kind: "remarked"; readonly id: RemarkId; readonly pull: number }
  /** `endedJob`: a job that reportedly ended, looked up if it left no result; `all` after a silence. `activity`: a person reviewed or changed a pull request; `pull` is its number, if known. */
  | {
      readonly kind: "woken";
      readonly endedJob?: JobKey | "all";
      readonly activity?: "pulls" | "reviews";
      readonly pull?: number;
      readonly trigger?: IssueTrigger;
    };

/** A change to an issue that may start an execution. Its author and time are in the issue's history only, which is listed afterwards. */
type IssueTrigger = { readonly kind: "label"; readonly name: string } | { readonly kind: "assignment" };

/** `comment:12`, `issue:5`, `review:7`, `review-comment:9`, `label:<issue>/…`, `assignment:<issue>/…`. */
type CommandId = `${CommandSource["kind"]}:${string}`;
export type RemarkId = `${"comment" | "review" | "review-comment"}:${number}`;
export type EventId = CommandId | `result:${Sha}` | `ledger:${Sha}`;
