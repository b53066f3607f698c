import { readBlobs } from "../git/objects.ts";
import { runGit } from "../git/run.ts";
import { listTree } from "../git/tree.ts";
import { readLedger } from "../ledger/layout.ts";
import type { ToolContext } from "../mcp/tools.ts";
import { LEDGER } from "../model/refs.ts";
import type { Terminal } from "./terminal.ts";

/** The execution of a task, by the task's or its own id, as the ledger of the repository in the working directory has it; null where it has none. */
export const readExecution = async ({ cwd, after }: Terminal, task: string): Promise<ToolContext["execution"]> => {
  const at = { directory: cwd, after };
  const head = await runGit(at, ["rev-parse", "--verify", "-q", LEDGER]);
  if (head.code !== 0) return null;
  const entries = await listTree(at, head.stdout.toString("utf8").trim());
  const blobs = await readBlobs(at, [...new Set([...entries.values()].map(({ sha }) => sha))]);
  const read = readLedger(new Map([...entries].map(([path, { sha }]) => [path, blobs.get(sha) ?? Buffer.alloc(0)])));
  if (!read.ok) throw new Error(read.refusal.why);
  const { executions, plans } = read.value;
  const found = executions[task.split("-")[0] ?? ""];
  if (!found) return null;
  const states = Object.fromEntries(Object.values(found.steps).map((step) => [step.id, step.state]));
  return { id: found.id, state: found.state, plan: found.plan === null ? null : (plans[found.plan] ?? null), states };
};
