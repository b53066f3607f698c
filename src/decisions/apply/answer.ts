import type { Execution } from "../../model/execution.ts";
import type { Refusal } from "../../model/refusal.ts";
import type { Step } from "../../model/step.ts";
import type { Draft } from "../draft.ts";
import type { FoundIn } from "../../model/targets.ts";
import type { Commanded } from "./commanded.ts";

/** Null: it took effect, and the execution's comment will show it. */
export type Answer = { readonly text: string } | Refusal | null;

/** A command on an execution, or on a step of it. */
export type OnFound = (draft: Draft, found: FoundIn<Execution>, event: Commanded) => Answer;

/** A command on a step. */
export type OnStep = (draft: Draft, about: { readonly execution: Execution; readonly step: Step; readonly event: Commanded }) => Answer;

/** A count with its noun. */
export const named = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
