import { LEDGER_REF } from "../domain/refs.ts";
import { refuse, type Refusal } from "../domain/refusal.ts";
import { toInlineCode } from "./escape.ts";

const MAX_BRANCHES_LISTED = 20;

const renderLostExecution = (branches: readonly string[]): string => {
  const listed = branches.slice(0, MAX_BRANCHES_LISTED).map((branch) => toInlineCode(branch));
  const more = branches.length > MAX_BRANCHES_LISTED ? ` and ${branches.length - MAX_BRANCHES_LISTED} more` : "";
  const kept = listed.length > 0 ? ` Branches that have not landed are kept, with their pull requests: ${listed.join(", ")}${more}.` : "";
  return `Someone deleted ${toInlineCode(LEDGER_REF)}, which held the plan and the state of this execution, so it cannot continue. Landed work stays.${kept}`;
};

/** For an execution that was running when the ledger was deleted. `branches` have not landed. */
export const refuseLostExecution = (branches: readonly string[]): Refusal =>
  refuse("ledger-lost", renderLostExecution(branches), "/enki fix <what is left to do>").refusal;
