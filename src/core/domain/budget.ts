import type { Login, Millis } from "./ids.ts";

/** Money in millionths of a US dollar, so that sums are exact. */
export type MicroUsd = number;

export const MICROS_PER_USD = 1_000_000;
export const toMicroUsd = (usd: number): MicroUsd => Math.round(usd * MICROS_PER_USD);

/** An execution's own budget. `setBy`: the person who set it. */
export type ExecutionBudget = { readonly cap: MicroUsd; readonly setBy: Login };

/**
 * The cost of an attempt: reserved at the start, then replaced by the amount from the agent's report. An attempt without a report keeps its
 * reservation, because "not reported" is not zero.
 */
export type AttemptCharge = { readonly micros: MicroUsd; readonly at: Millis; readonly isSettled?: true };

/** `[budget]`: limits in money; null for none. `attempt`: what an attempt reserves. */
export type BudgetConfig = { readonly execution: MicroUsd | null; readonly day: MicroUsd | null; readonly attempt: MicroUsd };

export const NO_BUDGET: BudgetConfig = { execution: null, day: null, attempt: MICROS_PER_USD };
