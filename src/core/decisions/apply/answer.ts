import type { Execution } from "../../domain/execution.ts";
import type { Refusal } from "../../domain/refusal.ts";
import type { Step } from "../../domain/step.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import type { FoundTarget } from "../../domain/find-target.ts";
import type { Commanded } from "./commanded-event.ts";

/** Null: it took effect, and the execution's comment will show it. */
export type Answer = { readonly text: string } | Refusal | null;

/** A command on an execution, or on a step of it. */
export type OnFound = (tx: DecisionTransaction, found: FoundTarget<Execution>, event: Commanded) => Answer;

/** A command on a step. */
export type OnStep = (
  tx: DecisionTransaction,
  about: { readonly execution: Execution; readonly step: Step; readonly event: Commanded },
) => Answer;

/** A count with its noun. */
export const named = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
