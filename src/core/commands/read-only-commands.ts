import type { CommandRow } from "./command-row.ts";
import { readNoArguments, readTargetArgument } from "./command-arguments.ts";

/** The commands that start nothing and change nothing, which everyone may use who can read the repository. */
export const READ_ONLY_COMMANDS: readonly CommandRow[] = [
  {
    name: "status",
    aliases: [],
    usage: "status [<execution>]",
    example: "status",
    summary: "show the current state",
    kinds: ["status"],
    permission: "read",
    read: readTargetArgument("status"),
  },
  {
    name: "explain",
    aliases: ["why"],
    usage: "explain [<step>]",
    example: "explain test_upload",
    summary: "say why a step waits, was skipped, failed or is retried, and what to do",
    kinds: ["explain"],
    permission: "read",
    read: readTargetArgument("explain"),
  },
  {
    name: "graph",
    aliases: [],
    usage: "graph [<execution>]",
    example: "graph",
    summary: "draw the graph and the table of the steps, in one comment",
    kinds: ["graph"],
    permission: "read",
    read: readTargetArgument("graph"),
  },
  {
    name: "help",
    aliases: [],
    usage: "help",
    example: "help",
    summary: "show this table",
    kinds: ["help"],
    permission: "read",
    read: readNoArguments("help"),
  },
];
