import { readCommandRequests } from "../../events/read-comment.ts";
import type { CommandSource, PersonCommand } from "../../domain/command.ts";
import type { GitHubComment } from "../../domain/github-facts.ts";
import { type Login, isSameLogin } from "../../domain/ids.ts";
import type { DecisionReader, LedgerReader } from "../decision-transaction.ts";
import { type Known, mapKnown } from "../../domain/known.ts";

/** Author and place of a command, as the ledger records them. */
export type RecordedGrant = { readonly by: Login; readonly source?: CommandSource | undefined };

/**
 * Whether GitHub still shows a command: the comment exists, unedited, by a person with write permission now, with a matching command.
 * Single reviews and line comments cannot be read, so only their authors count.
 */
export const isCommandShown = (tx: DecisionReader, grant: RecordedGrant, matches: (command: PersonCommand) => boolean): Known<boolean> => {
  const isShown = isSourceShown(tx, grant, matches);
  if (isShown !== true) return isShown;
  const permission = tx.readFact<"permission">({ kind: "permission", login: grant.by });
  return mapKnown(permission, (read) => read === "write" || read === "admin");
};

const isSourceShown = (tx: DecisionReader, grant: RecordedGrant, matches: (command: PersonCommand) => boolean): Known<boolean> => {
  const { source } = grant;
  if (source?.kind === "review" || source?.kind === "review-comment") return true;
  if (source?.kind !== "comment") return false;
  const comment = tx.readFact<"comment">({ kind: "comment", comment: source.id });
  return mapKnown(comment, (shown) => shown !== null && isUnchanged(shown, grant) && readCommands(tx, shown).some(matches));
};

const isUnchanged = (comment: GitHubComment, { by }: RecordedGrant): boolean =>
  !comment.bot && isSameLogin(comment.by, by) && comment.updated <= comment.created;

const readCommands = (tx: LedgerReader, { body }: GitHubComment): PersonCommand[] =>
  readCommandRequests(body, tx.snapshot.botLogin).flatMap((request) => (request.ok ? [request.command] : []));
