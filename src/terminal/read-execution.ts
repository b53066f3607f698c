import type { ToolContext } from "../mcp/tools.ts";
import { readOwnLedger } from "./read-ledger.ts";
import type { Terminal } from "./terminal.ts";

/** The execution of a task, by the task's or its own id, as the ledger of the repository in the working directory has it; null where it has none. */
export const readExecution = async (terminal: Terminal, task: string): Promise<ToolContext["execution"]> => {
  const ledger = await readOwnLedger(terminal);
  const found = ledger?.executions[task.split("-")[0] ?? ""];
  if (!ledger || !found) return null;
  const states = Object.fromEntries(Object.values(found.steps).map((step) => [step.id, step.state]));
  return { id: found.id, state: found.state, plan: found.plan === null ? null : (ledger.plans[found.plan] ?? null), states };
};
