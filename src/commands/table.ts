import type { CommandKind } from "../model/command.ts";
import type { Request } from "../model/event.ts";
import type { Permission } from "../model/query.ts";
import {
  readAddition,
  readApproval,
  readNothing,
  readQuick,
  readReply,
  readRequest,
  readRun,
  readStep,
  readStop,
  readTarget,
} from "./arguments.ts";

/** What stands behind a command's name: its words on that line, and the text that goes on to the end of the paragraph. */
export type Arguments = { readonly words: readonly string[]; readonly text: string };

/** One row per command that people write: everything said about a command is rendered from here, and it is read by its row. */
export type CommandRow = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly example: string;
  readonly summary: string;
  readonly kinds: readonly CommandKind[];
  /** What the author of the comment needs in the repository. */
  readonly permission: Permission;
  readonly read: (given: Arguments, row: Pick<CommandRow, "name" | "usage">) => Request;
};

export const COMMANDS: readonly CommandRow[] = [
  {
    name: "fix",
    aliases: ["do"],
    usage: "fix [<request>]",
    example: "fix uploads over 1 MB fail",
    summary: "plan the request, or the issue itself, and land it once the plan is approved",
    kinds: ["do"],
    permission: "write",
    read: readRequest("do"),
  },
  {
    name: "plan",
    aliases: [],
    usage: "plan [<request>]",
    example: "plan a retry for failed uploads",
    summary: "propose a plan only",
    kinds: ["plan"],
    permission: "write",
    read: readRequest("plan"),
  },
  {
    name: "revise",
    aliases: [],
    usage: "revise <text>",
    example: "revise test it before the docs, and leave the config alone",
    summary: "revise the proposed plan; the new plan needs its own approval",
    kinds: ["revise"],
    permission: "write",
    read: readAddition("revise"),
  },
  {
    name: "add",
    aliases: [],
    usage: "add <request>",
    example: "add a note in the changelog",
    summary: "plan more steps for a running request, and add them once approved",
    kinds: ["add"],
    permission: "write",
    read: readAddition("add"),
  },
  {
    name: "run",
    aliases: [],
    usage: "run <workflow> [<what>]",
    example: "run fix-until-green the tests of the parser",
    summary: "run a workflow of the repository, or a built-in one",
    kinds: ["run"],
    permission: "write",
    read: readRun,
  },
  {
    name: "quick",
    aliases: [],
    usage: "quick <request>",
    example: "quick fix the typo in the README's first line",
    summary: "do something small right away, without a plan",
    kinds: ["quick"],
    permission: "write",
    read: readQuick,
  },
  {
    name: "approve",
    aliases: [],
    usage: "approve <plan hash> | <task>@<result>",
    example: "approve 3f9c0a81d2e4",
    summary: "start a proposed plan, or approve a checkpoint that has no pull request",
    kinds: ["approve-plan", "approve-step"],
    permission: "write",
    read: readApproval,
  },
  {
    name: "retry",
    aliases: [],
    usage: "retry [<step>]",
    example: "retry fix_upload_limit",
    summary: "retry what failed, or address new comments on a step's pull request",
    kinds: ["retry"],
    permission: "write",
    read: readTarget("retry"),
  },
  {
    name: "skip",
    aliases: [],
    usage: "skip <step>",
    example: "skip changelog",
    summary: "continue without a step and its work",
    kinds: ["skip"],
    permission: "write",
    read: readStep,
  },
  {
    name: "pause",
    aliases: [],
    usage: "pause [<step>]",
    example: "pause fix_upload_limit",
    summary: "start and land nothing more; for a step, also stop its run",
    kinds: ["pause"],
    permission: "write",
    read: readTarget("pause"),
  },
  {
    name: "resume",
    aliases: [],
    usage: "resume [<step>]",
    example: "resume",
    summary: "continue what was paused",
    kinds: ["resume"],
    permission: "write",
    read: readTarget("resume"),
  },
  {
    name: "cancel",
    aliases: [],
    usage: "cancel [<step>]",
    example: "cancel test_upload",
    summary: "cancel the work and close its pull requests; landed work stays",
    kinds: ["cancel"],
    permission: "write",
    read: readTarget("cancel"),
  },
  {
    name: "stop",
    aliases: [],
    usage: "stop",
    example: "stop",
    summary: "cancel everything that is running in the repository",
    kinds: ["stop"],
    permission: "write",
    read: readStop,
  },
  {
    name: "reply",
    aliases: ["answer"],
    usage: "reply <id> <text>",
    example: "reply 3fa91c20b7 keep the old format",
    summary: "answer an agent's question",
    kinds: ["reply"],
    permission: "write",
    read: readReply,
  },
  {
    name: "status",
    aliases: [],
    usage: "status [<execution>]",
    example: "status",
    summary: "show the current state",
    kinds: ["status"],
    permission: "read",
    read: readTarget("status"),
  },
  {
    name: "help",
    aliases: [],
    usage: "help",
    example: "help",
    summary: "show this table",
    kinds: ["help"],
    permission: "read",
    read: readNothing("help"),
  },
];

/** The permission that a command needs; what only tools record needs more than anybody has by a comment. */
export const permissionFor = (kind: CommandKind): Permission => COMMANDS.find((row) => row.kinds.includes(kind))?.permission ?? "admin";
