export type HelpGroup = { readonly title: string; readonly names: readonly string[] };

/** The subcommands in the order of the help, by what a person wants to do. */
export const HELP_GROUPS: readonly HelpGroup[] = [
  { title: "Get started", names: ["demo", "run", "local", "init", "doctor"] },
  { title: "Ask for work", names: ["fix", "plan", "revise", "add", "quick", "ask"] },
  { title: "See what happens", names: ["status", "watch", "explain", "graph", "logs", "report", "page"] },
  {
    title: "Decide",
    names: ["approve", "review", "reply", "retry", "skip", "pause", "resume", "priority", "budget", "cancel", "stop"],
  },
  { title: "Land and take back", names: ["land", "unland", "undo", "verify"] },
  { title: "Configure", names: ["validate", "config", "roles", "workflows", "schema", "completion"] },
  { title: "Operate", names: ["app", "ledger", "replay", "mcp", "rehearse"] },
];
