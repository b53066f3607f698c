import { rm } from "node:fs/promises";
import { claimDirectory } from "./claim-directory.ts";
import { isStillKept, listKeptPlans, type ResumableRecord } from "./find-resumable.ts";
import { removeRunLedger } from "./local-ledger.ts";
import { type MachineRecord, removeMachineRecord } from "./machine-records.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Removes a kept plan: its ledger, its machine, and the record. Returns whether no other process holds the plan. */
export const discardPlan = async (terminal: TerminalHost, plan: ResumableRecord): Promise<boolean> => {
  const { directory, repository, id, run } = plan;
  const claim = await claimDirectory(directory, process.pid);
  if (claim.kind === "held") return false;
  // Another process may have approved the plan, and ended, before this claim.
  if (!(await isStillKept(terminal, plan))) {
    await claim.release();
    return false;
  }
  if (run.execution !== null) await removeRunLedger({ directory: repository, after: terminal.after }, run.execution);
  await removeMachineRecord(terminal, { id });
  await rm(directory, { recursive: true, force: true });
  return true;
};

/** Discards the kept plans of a repository, except for the newest, as far as that is possible. Returns the discarded executions. */
export const discardEarlierPlans = async (terminal: TerminalHost, newest: MachineRecord): Promise<string[]> => {
  const discarded: string[] = [];
  for (const plan of await listKeptPlans(terminal, newest.repository)) {
    if (plan.id === newest.id) continue;
    // A plan that cannot be removed now, for example because of git's lock, stays for the next run.
    const isDiscarded = await discardPlan(terminal, plan).catch(() => false);
    if (isDiscarded && plan.run.execution !== null) discarded.push(plan.run.execution);
  }
  return discarded;
};
