import type { Execution } from "./execution.ts";
import type { Plan } from "./plan.ts";

/** An execution that left the ledger, with its plan. */
export type ArchivedExecution = { readonly execution: Execution; readonly plan: Plan };
