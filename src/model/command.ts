import type { Hash, Sha } from "./ids.ts";
import type { Plan, PlannedStep } from "./plan.ts";

/** What a command speaks of, as it was written: an execution's id or prefix, a task id, a step id, or nothing. */
export type Target = string | null;

/** What people and agents want: one union for comments, the terminal and tools. */
export type Command =
  | { readonly kind: "do"; readonly text: string }
  | { readonly kind: "plan"; readonly text: string }
  | { readonly kind: "add"; readonly text: string }
  | { readonly kind: "approve-plan"; readonly plan: Hash }
  | { readonly kind: "approve-step"; readonly task: string; readonly head: Sha }
  | { readonly kind: "retry"; readonly target: Target }
  | { readonly kind: "cancel"; readonly target: Target }
  | { readonly kind: "pause"; readonly target: Target }
  | { readonly kind: "resume"; readonly target: Target }
  | { readonly kind: "skip"; readonly target: string }
  | { readonly kind: "stop" }
  | { readonly kind: "status"; readonly target: Target }
  | { readonly kind: "help" }
  | { readonly kind: "propose"; readonly plan: Plan }
  | { readonly kind: "add-steps"; readonly steps: readonly PlannedStep[] }
  | { readonly kind: "report"; readonly status: string };

export type CommandKind = Command["kind"];
