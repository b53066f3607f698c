import type { MicroUsd } from "./budget.ts";
import type { Conflict } from "./conflict.ts";
import type { ExecutionState } from "./execution.ts";
import type { ExecutionId, Login, Millis, Sha, StepId, TaskId } from "./ids.ts";
import type { StepNeed } from "./plan.ts";
import type { Refusal } from "./refusal.ts";
import type { StepState } from "./step.ts";
import type { TamperingFinding } from "./tampering.ts";
import type { HeadTrial } from "./trial.ts";

/** People who may not open a gate alone: the person who asked for the work, or the people who pushed to its branch. */
export type GateException = { readonly kind: "requester"; readonly login: Login } | { readonly kind: "pusher" };

/** A known fact behind a state. `run`: the address of a run; null if the run is unknown. */
export type Evidence =
  /** The last attempt; `fault`: why the previous attempt failed. */
  | { readonly kind: "attempt"; readonly attempt: number; readonly run: string | null; readonly fault: string | null }
  /** The last verdict about a head of the step. */
  | { readonly kind: "verdict"; readonly head: Sha; readonly commit: Sha; readonly passed: boolean; readonly run: string | null }
  /** The candidate whose run decides next; `others`: the other tasks in it. */
  | { readonly kind: "candidate"; readonly commit: Sha; readonly others: readonly TaskId[]; readonly run: string | null }
  | { readonly kind: "place"; readonly ahead: number; readonly base: string }
  /** A gate that a person opens: by reviews of the head, or by a comment without a pull request. */
  | {
      readonly kind: "gate";
      readonly pull: number | null;
      readonly head: Sha | null;
      readonly reviews: number;
      readonly except: readonly GateException[];
    }
  | { readonly kind: "pull"; readonly pull: number }
  | {
      readonly kind: "need";
      readonly task: TaskId;
      readonly condition: StepNeed["condition"];
      readonly state: StepState | null;
      readonly reason: Refusal | null;
    }
  | { readonly kind: "conflict"; readonly conflicts: readonly Conflict[]; readonly run: string | null }
  | { readonly kind: "findings"; readonly findings: readonly TamperingFinding[] }
  /** The verification without the changes in the findings. */
  | { readonly kind: "trial"; readonly trial: HeadTrial; readonly run: string | null }
  | { readonly kind: "budget"; readonly charged: MicroUsd; readonly cap: MicroUsd }
  /** When a run is stopped, or a wait for a person fails. */
  | { readonly kind: "deadline"; readonly of: "run" | "wait"; readonly at: Millis }
  /** The person who approved the plan or decided about the step. */
  | { readonly kind: "decision"; readonly what: "plan" | "step"; readonly by: Login }
  /** The last output of a failure. */
  | { readonly kind: "log"; readonly text: string };

/** The effect of a command on the present state. */
export type ActionPurpose = "retry" | "skip" | "approve" | "resume" | "answer" | "cancel" | "raise" | "explain" | "hurry" | "continue";

/** An action that a person can take now: paste a command, review a pull request, or follow a sentence. */
export type SuggestedAction =
  | { readonly kind: "command"; readonly purpose: ActionPurpose; readonly command: string }
  | { readonly kind: "review"; readonly pull: number; readonly task: TaskId }
  | { readonly kind: "advice"; readonly text: string };

/** Why a step of an explained execution is in its state. */
export type StepReason = { readonly step: StepId; readonly state: StepState; readonly why: Refusal };

/** Explains the state of an execution or a step: the reason with its code, the facts behind the reason, and a person's possible actions. */
export type Explanation = {
  readonly execution: ExecutionId;
  /** Null for the whole execution. */
  readonly step: StepId | null;
  /** The title of the step; the request of an execution. */
  readonly title: string;
  readonly state: StepState | ExecutionState;
  readonly why: Refusal;
  readonly evidence: readonly Evidence[];
  /** Of an execution: its steps that are not done, the urgent ones first. */
  readonly steps: readonly StepReason[];
  /** The number of further steps that are not done. */
  readonly moreSteps: number;
  /** The most useful one first. */
  readonly actions: readonly SuggestedAction[];
};
