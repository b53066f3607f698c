import type { Millis } from "./ids.ts";

/** Commands of agents beyond their own execution, which are only proposed. */
export type ProposableKind = "resume" | "retry" | "pause" | "cancel" | "stop";

/** A command requested by an agent and carried out only by a person's own command. An execution has at most one of each kind. */
export type AgentProposal = {
  readonly kind: ProposableKind;
  /** Id of an execution or a task; empty for `stop`. */
  readonly target: string;
  /** The issue whose planner asked. */
  readonly issue: number;
  readonly at: Millis;
};

/** The line for a person to copy into a comment. */
export const toProposedLine = ({ kind, target }: Pick<AgentProposal, "kind" | "target">): string => `/enki ${kind} ${target}`.trim();
