import type { MicroUsd } from "./budget.ts";
import type { BacklogChange } from "./backlog-item.ts";
import type { ExecutionId, Hash, Sha } from "./ids.ts";
import type { OutcomeKind, ThreadReply } from "./outcome.ts";
import type { MailStatus, NewMail } from "./mail.ts";
import type { Priority } from "./priority.ts";
import type { Plan, PlannedStep } from "./plan.ts";

/** A command's target as a person typed it: an execution's id or its prefix, a task id or a step id. `null` if omitted. */
export type CommandTarget = string | null;

/** Commands that people give and that an agent's tools may also record. */
type SharedCommand =
  | { readonly kind: "retry"; readonly target: CommandTarget }
  | { readonly kind: "cancel"; readonly target: CommandTarget }
  | { readonly kind: "pause"; readonly target: CommandTarget }
  | { readonly kind: "resume"; readonly target: CommandTarget }
  | { readonly kind: "stop" }
  | { readonly kind: "quick"; readonly prompt: string };

/** Commands of people, from comments and the terminal. */
export type PersonCommand =
  | SharedCommand
  /** An empty text stands for the issue's own text, also for `plan`. */
  | { readonly kind: "do"; readonly text: string; readonly budget?: MicroUsd }
  | { readonly kind: "plan"; readonly text: string; readonly budget?: MicroUsd }
  | { readonly kind: "ask"; readonly question: string }
  | { readonly kind: "add"; readonly text: string }
  /** `quotes`: the quoted lines of a reply without a command word; the reply counts only if one of the lines is part of a plan. */
  | { readonly kind: "revise"; readonly text: string; readonly quotes?: readonly string[] }
  | { readonly kind: "run"; readonly workflow: string; readonly args: string }
  | { readonly kind: "approve-plan"; readonly plan: Hash }
  | { readonly kind: "approve-step"; readonly task: string; readonly head: Sha }
  | { readonly kind: "skip"; readonly target: string }
  | { readonly kind: "undo"; readonly target: CommandTarget }
  /** `isAdded`: whether the amount is added to what the execution may cost already. */
  | { readonly kind: "budget"; readonly target: CommandTarget; readonly amount: MicroUsd; readonly isAdded: boolean }
  /** `head`: the commit that must be the pull request's head, or its first characters; null for the present one. */
  | { readonly kind: "land"; readonly head: string | null }
  | { readonly kind: "unland" }
  | { readonly kind: "priority"; readonly target: CommandTarget; readonly priority: Priority }
  | { readonly kind: "status"; readonly target: CommandTarget }
  | { readonly kind: "explain"; readonly target: CommandTarget }
  | { readonly kind: "graph"; readonly target: CommandTarget }
  | { readonly kind: "help" }
  | { readonly kind: "reply"; readonly mail: string; readonly text: string };

/** Commands that an agent's tools record in a result. */
export type RecordedCommand =
  | SharedCommand
  | { readonly kind: "propose"; readonly plan: Plan }
  /** Without an execution, steps are added to the execution of the recording job. */
  | { readonly kind: "add-steps"; readonly steps: readonly PlannedStep[]; readonly execution?: ExecutionId | undefined }
  | { readonly kind: "create-task"; readonly step: PlannedStep }
  | {
      readonly kind: "report";
      /** Current activity in one line; empty if the report has an outcome only. */
      readonly status: string;
      readonly outcome?: OutcomeKind | undefined;
      readonly reason?: string | undefined;
      readonly replies?: readonly ThreadReply[] | undefined;
    }
  | BacklogChange
  | ({ readonly kind: "mail-send" } & NewMail)
  | { readonly kind: "mail-read"; readonly mail: string }
  | { readonly kind: "mail-reply"; readonly mail: string; readonly body: string; readonly status: Exclude<MailStatus, "pending"> };

export type Command = PersonCommand | RecordedCommand;

export type CommandKind = Command["kind"];

/** The text on GitHub that contains a command, or the change to an issue that stands for a command. */
export type CommandSource =
  | { readonly kind: "comment"; readonly id: number }
  /** The body. */
  | { readonly kind: "issue" }
  | { readonly kind: "review"; readonly id: number }
  /** A comment on a line of a diff. `thread` is the id of the thread's first comment. */
  | { readonly kind: "review-comment"; readonly id: number; readonly thread: number }
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "assignment" }
  /** A request by a CI job, delivered as a commit. `details`: a text that agents read as data. */
  | { readonly kind: "request"; readonly commit: Sha; readonly details?: string };
