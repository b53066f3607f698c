import type { CommandKind } from "../domain/command.ts";
import type { RepositoryPermission } from "../domain/github-facts.ts";
import type { CommandRequest } from "../domain/event.ts";

/** What stands behind a command's name: its words on that line, and the text that goes on to the end of the paragraph. */
export type CommandArguments = { readonly words: readonly string[]; readonly text: string };
/** One row per command that people write: everything said about a command is rendered from here, and it is read by its row. */
export type CommandRow = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly example: string;
  readonly summary: string;
  readonly kinds: readonly CommandKind[];
  /** What the author of the comment needs in the repository. */
  readonly permission: RepositoryPermission;
  readonly read: (given: CommandArguments, row: Pick<CommandRow, "name" | "usage">) => CommandRequest;
};
