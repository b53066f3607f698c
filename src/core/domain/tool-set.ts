import type { CommandKind } from "./command.ts";
import type { JobKind } from "./job.ts";

/** The tools of a job's agent. */
export type ToolSet = "planner" | "worker" | "merger" | "sidecar";

/** Derives the tool set from the job, never from its bundle. `null` if the job has no agent. */
export const chooseToolSet = (kind: JobKind, quick: boolean): ToolSet | null => {
  switch (kind) {
    case "plan":
      return "planner";
    case "work":
      return quick ? "sidecar" : "worker";
    case "resolve":
      return "merger";
    case "verify":
      return null;
  }
};

const MAIL_COMMANDS: readonly CommandKind[] = ["mail-send", "mail-read", "mail-reply"];

/** Commands that each tool set may record: checked by the tool, by publish, and when the result is applied. */
const RECORDABLE_COMMANDS: Readonly<Record<ToolSet, readonly CommandKind[]>> = {
  planner: [
    ...(["propose", "add-steps", "create-task", "retry", "pause", "resume", "cancel", "stop", "quick"] as const),
    ...(["backlog-add", "backlog-update", "backlog-remove", "backlog-pick"] as const),
    ...MAIL_COMMANDS,
  ],
  worker: ["report", ...MAIL_COMMANDS],
  merger: [],
  sidecar: ["report"],
};

export const mayRecord = (toolSet: ToolSet | null, kind: CommandKind): boolean =>
  toolSet !== null && RECORDABLE_COMMANDS[toolSet].includes(kind);
