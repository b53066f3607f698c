import { NO_BUDGET } from "../../domain/budget.ts";
import { findBudgetCap, sumCharges } from "../../domain/execution-charges.ts";
import type { PersonCommand } from "../../domain/command.ts";
import { hasEnded } from "../../domain/execution.ts";
import { formatMoney, refuseEndedBudget, refuseSpentBudget } from "../../messages/budget-text.ts";
import { withEarlierCharges } from "../budget-room.ts";
import type { TargetCommandHandler } from "./answer.ts";

/** Sets or raises what an execution may cost. Refusals: `not-running`, `budget-spent`. */
export const setBudget =
  ({ amount, isAdded }: Extract<PersonCommand, { kind: "budget" }>): TargetCommandHandler =>
  (tx, { execution }, { by }) => {
    const { id, state } = execution;
    if (hasEnded(execution) && state !== "failed") return refuseEndedBudget(id, state);
    const charged = withEarlierCharges(tx, execution);
    const spent = sumCharges(charged);
    const before = findBudgetCap(execution, tx.snapshot.config.budget ?? NO_BUDGET);
    const cap = isAdded ? (before ?? spent) + amount : amount;
    if (cap < spent) return refuseSpentBudget(spent, cap);
    tx.putExecution({ ...charged, budget: { cap, setBy: by } });
    tx.note(`${by} set the budget of ${id} to ${formatMoney(cap)}`);
    return null;
  };
