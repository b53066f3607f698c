import type { Execution } from "../../domain/execution.ts";
import type { SharedReply } from "../../domain/shared-reply.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import type { FoundTarget } from "../../domain/find-target.ts";
import type { CommandedEvent } from "./commanded-event.ts";

/** `shared`: which shared reply of the issue the text replaces. Null: the command took effect, and the execution's comment will show the change. */
export type CommandAnswer = { readonly text: string; readonly shared?: SharedReply } | Refusal | null;

/** Handles a command on an execution or on one of its steps. */
export type TargetCommandHandler = (tx: DecisionTransaction, found: FoundTarget<Execution>, event: CommandedEvent) => CommandAnswer;

/** Handles a command on a step. */
export type StepCommandHandler = (
  tx: DecisionTransaction,
  about: { readonly execution: Execution; readonly step: Step; readonly event: CommandedEvent },
) => CommandAnswer;

export const formatNounCount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
