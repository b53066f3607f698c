import type { CommandKind } from "../domain/command.ts";
import type { RepositoryPermission } from "../domain/github-facts.ts";
import type { CommandRequest } from "../domain/event.ts";

/** Arguments of a command: the words on its line, and the text up to the end of the paragraph. */
export type CommandArguments = { readonly words: readonly string[]; readonly text: string };
/** A command written by people. The parser, the help table and the documents use these rows only. */
export type CommandRow = {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly usage: string;
  readonly example: string;
  readonly summary: string;
  readonly kinds: readonly CommandKind[];
  /** Permission that the comment's author needs in the repository. */
  readonly permission: RepositoryPermission;
  readonly read: (parsed: CommandArguments, row: Pick<CommandRow, "name" | "usage">) => CommandRequest;
};
