import type { Execution } from "../../domain/execution.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import type { Step } from "../../domain/step.ts";
import type { HeadTampering } from "../../domain/tampering.ts";
import { isPlainRevert } from "../undo-state.ts";
import type { LedgerReader, StepWriter } from "../decision-transaction.ts";
import { UNKNOWN } from "../../domain/known.ts";

/**
 * Judges every new head of a step for tampering, from its commits and never from the job's report. Heads that Enki rebases are judged
 * again. Not judged: a person's own pull request, and a revert that a person requested, as git made it.
 */
export const reconcileTampering = (tx: StepWriter): void => {
  if (tx.snapshot.config.policy.tests === undefined) return;
  const isGated = tx.snapshot.config.policy.tests === "checkpoint";
  for (const execution of tx.executions()) {
    if (execution.landsPull) continue;
    for (const step of tx.steps(execution.id)) {
      if ((step.state !== "published" && step.state !== "waiting") || isPlainRevert(execution, step)) continue;
      if (isGated) recordHeadTampering(tx, execution, step);
      else if (step.tampering) putTampering(tx, execution, { step, found: { head: step.head?.sha ?? "", findings: [] } });
    }
  }
};

const recordHeadTampering = (tx: StepWriter, execution: Execution, step: Step): void => {
  const { head, tampering } = step;
  const onto = listTamperingBases(tx, execution, step);
  if (head === null || onto.length === 0 || tampering?.head === head.sha) return;
  const findings = tx.readFact<"tampering">({ kind: "tampering", head: head.sha, onto });
  if (findings !== UNKNOWN) putTampering(tx, execution, { step, found: { head: head.sha, findings } });
};

/** The commits against which the changes of a head are its own; empty while its base is missing. */
export const listTamperingBases = (tx: LedgerReader, execution: Execution, { id, head, builtOn }: Step): readonly Sha[] => {
  const tip = tx.baseTip(execution.baseBranch);
  if (tip === null) return [];
  const own = toTaskId(execution.id, id);
  const below = builtOn.filter(({ task }) => task !== own).map((each) => each.head);
  return [...new Set([tip, ...(head?.baseTip === undefined ? [] : [head.baseTip]), ...below])];
};

/** Records a verdict. Without findings, the verdict alone causes no write. */
const putTampering = (
  tx: StepWriter,
  execution: Execution,
  { step, found }: { readonly step: Step; readonly found: HeadTampering },
): void => {
  const before = step.tampering?.findings ?? [];
  if (step.tampering?.head === found.head && before.length === found.findings.length) return;
  const next = { ...step, tampering: found };
  if (found.findings.length === 0) return tx.recordStep(execution.id, next);
  tx.putStep(execution.id, next);
  tx.note(`${toTaskId(execution.id, step.id)} weakens what judges it in ${found.findings.length} files`);
};
