import type { StepId } from "./ids.ts";

/** One part of a node path: a role, its run counted from 1, and for a list the item's index from 0. */
export type NodePathPart = { readonly role: string; readonly run: number; readonly item: number | null };

/** The path to a node run: its own part, after a part for each call on the way. */
export type NodePath = readonly NodePathPart[];

/** The workflow of an execution, with its files as of the start. */
export type WorkflowRun = {
  readonly name: string;
  /** Texts of the workflow and the workflows that it calls, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Role names of the configuration as of the start. */
  readonly roles: readonly string[];
  /** Progress: a plain `RunState` of `core/workflow/run-state.ts`. */
  readonly state: unknown;
  /** The node run of each step. */
  readonly nodes: Readonly<Record<StepId, NodePath>>;
  /** Roles that will not run, with the reason; a called workflow's role with its path, `ship/review`. */
  readonly skippedRoles?: Readonly<Record<string, string>>;
  /** `null` while the workflow runs. */
  readonly endState: "done" | "failed" | null;
  /** Set by a person's retry until the resulting steps have started. */
  readonly resumed?: true;
  /** Steps whose agent was asked a second time for an answer in the required form. */
  readonly reaskedSteps: readonly string[];
};
