import { MICROS_PER_USD, type MicroUsd } from "../domain/budget.ts";
import { refuse, type Refusal, type RefusedResult } from "../domain/refusal.ts";
import { formatMinute } from "./quota-note.ts";
import { toInlineCode } from "./escape.ts";

/** Dollars and cents; a fraction of a cent is rounded up, so that no cost looks like nothing. */
export const formatMoney = (micros: MicroUsd): string => `$${(Math.ceil(micros / 10_000) / (MICROS_PER_USD / 10_000)).toFixed(2)}`;

/** Why nothing of an execution starts for now. `wanted`: what the next attempt reserves. */
export type BudgetHold =
  | { readonly kind: "execution"; readonly charged: MicroUsd; readonly cap: MicroUsd; readonly wanted: MicroUsd }
  | { readonly kind: "day"; readonly charged: MicroUsd; readonly cap: MicroUsd; readonly wanted: MicroUsd; readonly until: number };

/** The budget of an execution for its comment. `hold`: set while the budget keeps work from starting. */
export type BudgetView = { readonly charged: MicroUsd; readonly cap: MicroUsd | null; readonly hold: BudgetHold | null };

/** Amounts that `/enki budget` is suggested with, in whole dollars. */
const STEP_USD = 5;

/** `execution`: absent in a comment on its issue. */
export const suggestRaise = ({ charged, cap, wanted }: BudgetHold, execution?: string): string => {
  const missing = (charged + wanted - cap) / MICROS_PER_USD;
  return `/enki budget ${execution === undefined ? "" : `${execution} `}+${Math.max(STEP_USD, Math.ceil(missing / STEP_USD) * STEP_USD)}`;
};

/** The charged amount, and the amount that the next attempt needs. */
export const describeBudgetHold = ({ charged, cap, wanted }: BudgetHold): string =>
  `${formatMoney(charged)} of ${formatMoney(cap)} is spent or reserved, and the next attempt reserves ${formatMoney(wanted)}`;

/** The reason why the budget holds an execution, and the command to continue; empty if the budget has room. */
export const renderBudgetHold = (budget: BudgetView | undefined): string => {
  const hold = budget?.hold;
  if (!hold) return "";
  const amounts = describeBudgetHold(hold);
  return hold.kind === "execution"
    ? `> [!IMPORTANT]\n> **Paused by its budget.** ${amounts}. ${toInlineCode(suggestRaise(hold))} lets it continue; finished work still lands.`
    : `> [!IMPORTANT]\n> **Paused by today's budget for the repository.** ${amounts}. It continues at ${formatMinute(hold.until)}, or with a higher ${toInlineCode("[budget] day")}; finished work still lands.`;
};

/** The same for a terminal, with the command line that continues. */
export const formatBudgetLine = (hold: BudgetHold, execution: string): string => {
  const amounts = describeBudgetHold(hold);
  return hold.kind === "execution"
    ? `Paused by its budget: ${amounts}; finished work still lands. To continue: ${suggestRaise(hold, execution).slice(1)}`
    : `Paused by today's budget for the repository: ${amounts}; finished work still lands. It continues at ${formatMinute(hold.until)}, or with a higher [budget] day.`;
};

/** One line about the budget; empty without one. */
export const describeBudget = (budget: BudgetView | undefined): string =>
  !budget || budget.cap === null ? "" : `Budget: ${formatMoney(budget.charged)} of ${formatMoney(budget.cap)} spent or reserved.`;

export const refuseMissingAmount = (usage: string): RefusedResult =>
  refuse("which-amount", "`/enki budget` needs an amount in US dollars, such as `20` or `+5`.", `/enki ${usage}`);

export const refuseBadAmount = (text: string, usage: string): RefusedResult =>
  refuse("bad-amount", `${toInlineCode(text.slice(0, 80))} is not an amount in US dollars, such as \`20\` or \`+5\`.`, `/enki ${usage}`);

export const refuseSpentBudget = (charged: MicroUsd, cap: MicroUsd): Refusal =>
  refuse(
    "budget-spent",
    `${formatMoney(charged)} is already spent or reserved, so the budget cannot be ${formatMoney(cap)}.`,
    `/enki budget ${Math.ceil(charged / MICROS_PER_USD) + STEP_USD}`,
  ).refusal;

export const refuseEndedBudget = (id: string, state: string): Refusal =>
  refuse("not-running", `Execution \`${id}\` is ${state}, so it costs nothing more.`, "/enki status").refusal;
