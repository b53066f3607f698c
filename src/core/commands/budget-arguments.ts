import { type MicroUsd, toMicroUsd } from "../domain/budget.ts";
import type { CommandRequest } from "../domain/event.ts";
import { refuseBadAmount, refuseMissingAmount } from "../messages/budget-text.ts";
import type { CommandArguments, CommandRow } from "./command-row.ts";

const MAX_BUDGET_USD = 1_000_000;
const AMOUNT_PATTERN = /^(\+?)\$?(\d{1,7}(?:\.\d{1,2})?)\$?$/;
const LIMIT_PATTERN = /(?:^|\s)up to \$(\d[\d.,]*)$/;
const USD_PATTERN = /^\d{1,7}(?:\.\d{1,2})?$/;

const readAmount = (text: string | undefined): MicroUsd | null => {
  const usd = USD_PATTERN.test(text ?? "") ? Number(text) : 0;
  return usd > 0 && usd <= MAX_BUDGET_USD ? toMicroUsd(usd) : null;
};

/** Reads an amount, and the execution before it if there are two words. Refusals: `which-amount`, `bad-amount`. */
export const readBudgetArguments = ({ words }: CommandArguments, { usage }: Pick<CommandRow, "usage">): CommandRequest => {
  const [first, second, extra] = words.map((word) => word.replace(/^`+|`+$/g, ""));
  const text = second ?? first;
  if (text === undefined || extra !== undefined) return refuseMissingAmount(usage);
  const [, sign, digits] = AMOUNT_PATTERN.exec(text) ?? [];
  const amount = readAmount(digits);
  const target = second === undefined || first === undefined ? null : first;
  if (amount === null || (target !== null && !/^[a-z0-9][a-z0-9_-]{0,127}$/.test(target))) return refuseBadAmount(words.join(" "), usage);
  return { ok: true, command: { kind: "budget", target, amount, isAdded: sign === "+" } };
};

/**
 * Reads the limit at the end of a request, such as "up to $20". The words stay in the text, unless they are the whole text. `unreadable`:
 * the amount as the person wrote it, if Enki cannot accept it.
 */
export const readRequestBudget = (text: string): { readonly text: string; readonly budget?: MicroUsd; readonly unreadable?: string } => {
  const [found, digits] = LIMIT_PATTERN.exec(text) ?? [];
  const budget = readAmount(digits);
  if (found === undefined || digits === undefined) return { text };
  if (budget === null) return { text, unreadable: `$${digits}` };
  return { text: found.length === text.length ? "" : text, budget };
};
