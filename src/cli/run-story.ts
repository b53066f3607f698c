import type { Execution } from "../core/domain/execution.ts";
import type { Plan } from "../core/domain/plan.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { TerminalHost } from "./terminal-host.ts";
import type { ProgressView } from "./progress-view.ts";
import type { PersonClient } from "./person-client.ts";
import type { Mail } from "../core/domain/mail.ts";

export type RunView = { readonly execution: Execution; readonly plan: Plan | null; readonly ledger: Ledger };
export type RunStory = {
  readonly terminal: TerminalHost;
  readonly progress: ProgressView;
  readonly person: PersonClient;
  readonly issue: number;
  /** The bare repository of the copy. */
  readonly bareRepository: string;
  /** The directory of the jobs' logs. */
  readonly logs: string;
  /** Whether every question is answered with yes. */
  readonly approvesAll: boolean;
  /** Whether changes are printed as lines of JSON. */
  readonly isJson: boolean;
  /** Called at each change. */
  readonly onView: (seen: RunView) => void;
  /** Called at the first sight of the execution, and after each landing. */
  readonly onChange: (seen: RunView) => Promise<void>;
};
/** Whether the plan was approved, so work may exist. */
export const hasStarted = ({ execution: { state } }: RunView): boolean =>
  state !== "planning" && state !== "asking" && state !== "proposed";
/** Approvals and answers are missing. */
export type WaitingEnd = { readonly end: "waits"; readonly questions: readonly Mail[] };
export type RunEnd =
  | (RunView & { readonly end: "done" | "stopped" })
  | (RunView & WaitingEnd)
  /** Enki refused to start. */
  | { readonly end: "refused"; readonly reason: string };
