import { LEDGER_REF } from "../domain/refs.ts";
import { toInlineCode } from "./escape.ts";

const MAX_BRANCHES_LISTED = 20;

/** What is told of an execution that was under way when the ledger went; its branches are those that had not landed. */
export const renderLostExecution = (branches: readonly string[]): string => {
  const shown = branches.slice(0, MAX_BRANCHES_LISTED).map((branch) => toInlineCode(branch));
  const more = branches.length > MAX_BRANCHES_LISTED ? ` and ${branches.length - MAX_BRANCHES_LISTED} more` : "";
  const kept =
    shown.length > 0 ? ` Its branches that had not landed are kept, as are their pull requests: ${shown.join(", ")}${more}.` : "";
  return `Somebody deleted ${toInlineCode(LEDGER_REF)}, which held its plan and how it stood, so it cannot go on. What landed stays.${kept}`;
};
