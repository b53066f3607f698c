import type { BacklogChange } from "./backlog-item.ts";
import type { ExecutionId, Hash, Sha } from "./ids.ts";
import type { OutcomeKind, ThreadReply } from "./outcome.ts";
import type { MailStatus, NewMail } from "./mail.ts";
import type { Plan, PlannedStep } from "./plan.ts";

/** What a command speaks of, as it was written: an execution's id or prefix, a task id, a step id, or nothing. */
export type CommandTarget = string | null;

/** What people and agents want: one union for comments, the terminal and tools. */
export type Command =
  /** Without words, of this command and the next: what the issue says. */
  | { readonly kind: "do"; readonly text: string }
  | { readonly kind: "plan"; readonly text: string }
  | { readonly kind: "add"; readonly text: string }
  /** `quotes`: lines that it quotes, where it is a reply without a command's word; it counts only if one of them is a plan's. */
  | { readonly kind: "revise"; readonly text: string; readonly quotes?: readonly string[] }
  | { readonly kind: "run"; readonly workflow: string; readonly args: string }
  | { readonly kind: "approve-plan"; readonly plan: Hash }
  | { readonly kind: "approve-step"; readonly task: string; readonly head: Sha }
  | { readonly kind: "retry"; readonly target: CommandTarget }
  | { readonly kind: "cancel"; readonly target: CommandTarget }
  | { readonly kind: "pause"; readonly target: CommandTarget }
  | { readonly kind: "resume"; readonly target: CommandTarget }
  | { readonly kind: "skip"; readonly target: string }
  | { readonly kind: "stop" }
  | { readonly kind: "status"; readonly target: CommandTarget }
  | { readonly kind: "help" }
  | { readonly kind: "propose"; readonly plan: Plan }
  /** Without an execution: to that of the job that recorded it. */
  | { readonly kind: "add-steps"; readonly steps: readonly PlannedStep[]; readonly execution?: ExecutionId | undefined }
  | { readonly kind: "create-task"; readonly step: PlannedStep }
  | { readonly kind: "quick"; readonly prompt: string }
  | {
      readonly kind: "report";
      /** What it is doing, in one line; empty where it says only what its work came to. */
      readonly status: string;
      readonly outcome?: OutcomeKind | undefined;
      readonly reason?: string | undefined;
      readonly replies?: readonly ThreadReply[] | undefined;
    }
  | BacklogChange
  | ({ readonly kind: "mail-send" } & NewMail)
  | { readonly kind: "mail-read"; readonly mail: string }
  | { readonly kind: "mail-reply"; readonly mail: string; readonly body: string; readonly status: Exclude<MailStatus, "pending"> }
  | { readonly kind: "reply"; readonly mail: string; readonly text: string };

export type CommandKind = Command["kind"];

/** What holds the text of a command on GitHub, or the change to an issue that stands for one. */
export type CommandSource =
  | { readonly kind: "comment"; readonly id: number }
  /** The text of the issue itself. */
  | { readonly kind: "issue" }
  | { readonly kind: "review"; readonly id: number }
  /** A comment on a line of a diff. */
  | { readonly kind: "review-comment"; readonly id: number; /** The comment that its thread begins with. */ readonly thread: number }
  | { readonly kind: "label"; readonly name: string }
  | { readonly kind: "assignment" };
