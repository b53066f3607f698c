import type { CommandKind } from "./command.ts";
import type { JobKind } from "./job.ts";

/** Which tools a job's agent has. */
export type ToolSet = "planner" | "worker" | "merger" | "sidecar";

/** The tool set of a job: never what its bundle says. Null where no agent is at work. */
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

/** What each tool set's tools may record: checked when a tool is called, by publish, and again when the result is taken in. */
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
