import type { StepId } from "./ids.ts";

/** The way to a piece of a workflow's work: the role, how many times it was begun, and of a list the item's index from 0; through calls several. */
export type NodePath = readonly { readonly role: string; readonly run: number; readonly item: number | null }[];

/** A workflow that an execution carries out. Its files are those of the moment in which it was started. */
export type WorkflowRun = {
  readonly name: string;
  /** Texts by name: its own and those of the workflows that it calls. */
  readonly files: Readonly<Record<string, string>>;
  /** The roles of the cascade that there were. */
  readonly roles: readonly string[];
  /** How far it is: a `RunState` of `src/workflow/run-state.ts`, a plain value. */
  readonly state: unknown;
  /** What each step works on now. */
  readonly nodes: Readonly<Record<StepId, NodePath>>;
  /** Roles that will not run, and why: of one that is called with the way to it, `ship/review`. */
  readonly skippedRoles?: Readonly<Record<string, string>>;
  /** Null while it goes on. */
  readonly endState: "done" | "failed" | null;
  /** True once a person retried it, until what follows from that has begun. */
  readonly resumed?: true;
  /** Steps that were asked once more, for an answer of the form that they were told. */
  readonly reaskedSteps: readonly string[];
};
