import { LEDGER } from "../model/refs.ts";
import { code } from "./escape.ts";

const MOST = 20;

/** What is told of an execution that was under way when the ledger went; its branches are those that had not landed. */
export const lostWords = (branches: readonly string[]): string => {
  const shown = branches.slice(0, MOST).map((branch) => code(branch));
  const more = branches.length > MOST ? ` and ${branches.length - MOST} more` : "";
  const kept =
    shown.length > 0 ? ` Its branches that had not landed are kept, as are their pull requests: ${shown.join(", ")}${more}.` : "";
  return `Somebody deleted ${code(LEDGER)}, which held its plan and how it stood, so it cannot go on. What landed stays.${kept}`;
};
