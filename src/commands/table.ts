import type { CommandKind } from "../model/command.ts";
import type { Permission } from "../model/query.ts";

/** One row per command that people write: everything said about a command is rendered from here. */
export type CommandRow = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly summary: string;
  readonly kinds: readonly CommandKind[];
  /** What the author of the comment needs in the repository. */
  readonly permission: Permission;
};

export const COMMANDS: readonly CommandRow[] = [
  {
    name: "fix",
    aliases: ["do"],
    usage: "fix <request>",
    summary: "plan the request, and land it once the plan is approved",
    kinds: ["do"],
    permission: "write",
  },
  { name: "plan", aliases: [], usage: "plan <request>", summary: "propose a plan only", kinds: ["plan"], permission: "write" },
  {
    name: "approve",
    aliases: [],
    usage: "approve <plan hash> | <task>@<result>",
    summary: "start a proposed plan, or open a checkpoint that has no pull request",
    kinds: ["approve-plan", "approve-step"],
    permission: "write",
  },
  { name: "retry", aliases: [], usage: "retry [<step>]", summary: "try what failed again", kinds: ["retry"], permission: "write" },
  {
    name: "cancel",
    aliases: [],
    usage: "cancel [<step>]",
    summary: "give up, close its pull requests, keep what landed",
    kinds: ["cancel"],
    permission: "write",
  },
  { name: "status", aliases: [], usage: "status [<execution>]", summary: "say how it stands", kinds: ["status"], permission: "read" },
  { name: "help", aliases: [], usage: "help", summary: "show this table", kinds: ["help"], permission: "read" },
];

/** The permission that a command needs; what only tools record needs more than anybody has by a comment. */
export const permissionFor = (kind: CommandKind): Permission => COMMANDS.find((row) => row.kinds.includes(kind))?.permission ?? "admin";
