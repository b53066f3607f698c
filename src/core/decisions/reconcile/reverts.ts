import { finish, publishRevert, replaceHead } from "../../domain/step-lifecycle.ts";
import { toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import { toTaskRef } from "../../domain/refs.ts";
import { refuseUnknownLanding } from "../../messages/refusals/undo.ts";
import { formatRevertMessage } from "../../messages/undo-text.ts";
import { failStep } from "../apply/fail-step.ts";
import { buildStartingCommit, isWaitingForBase, type StartingCommit } from "../step-base.ts";
import type { StepWriter, RefWriter } from "../decision-transaction.ts";
import { isRevertDue } from "../undo-state.ts";
import { type StepContext } from "../find-step.ts";
import { UNKNOWN } from "../../domain/known.ts";

/** Publishes the reverts of landed steps. Git makes them, so that they need no job. */
export const reconcileReverts = (tx: StepWriter & RefWriter): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running" || !execution.undoes) continue;
    for (const step of tx.steps(execution.id)) if (isRevertDue(execution, step)) publishLandingRevert(tx, { execution, step });
  }
};

type Start = Extract<StartingCommit, { commit: string }>;

/** Reverts a landing on the newest base: for a ready step, or for a published one whose work below changed. */
export const publishLandingRevert = (tx: StepWriter & RefWriter, of: StepContext): void => {
  const { execution, step } = of;
  const planned = tx.planned(execution, step.id);
  const landing = execution.undoes?.[step.id];
  if (!planned || !landing) return;
  const built = buildStartingCommit(tx, execution, planned);
  // An earlier revert that conflicts with the base is resolved first.
  if (built === UNKNOWN || isWaitingForBase(built) || ("refusal" in built && built.refusal.code === "base-conflict")) return;
  if ("refusal" in built) return failStep(tx, { ...of, refusal: built.refusal, log: "" });
  const { commitSuffix: suffix } = tx.snapshot.config.git;
  const message = formatRevertMessage(planned, { landing, task: toTaskId(execution.id, step.id), suffix });
  const revert = tx.readFact<"landing-revert">({ kind: "landing-revert", landing, onto: built.commit, message });
  if (revert !== UNKNOWN) applyRevert(tx, of, { revert, built });
};

const applyRevert = (
  tx: StepWriter & RefWriter,
  { execution, step }: StepContext,
  { revert, built }: { readonly revert: QueryAnswers["landing-revert"]; readonly built: Start },
): void => {
  const task = toTaskId(execution.id, step.id);
  switch (revert.kind) {
    case "unknown": {
      const landing = execution.undoes?.[step.id];
      return failStep(tx, { execution, step, refusal: refuseUnknownLanding(landing?.task ?? task, landing?.pull ?? null), log: "" });
    }
    case "unchanged": {
      const message = `\`${execution.baseBranch}\` no longer contains its changes.`;
      tx.putStep(execution.id, finish({ ...step, head: null, builtOn: [] }, { code: "remark", message, next: "" }));
      return tx.note(`${task} done: nothing left to revert`);
    }
    case "commit":
      return publishRevertHead(tx, { execution, step }, { revert, built });
  }
};

type MadeRevert = { readonly revert: Extract<QueryAnswers["landing-revert"], { kind: "commit" }>; readonly built: Start };

/** A revert that conflicts with later changes stays on the landed commit, and is built on nothing that has not landed. */
const publishRevertHead = (tx: StepWriter & RefWriter, { execution, step }: StepContext, { revert, built }: MadeRevert): void => {
  const task = toTaskId(execution.id, step.id);
  const isClean = revert.parent === built.commit;
  const baseTip = isClean ? built.baseTip : revert.parent;
  tx.moveRef(toTaskRef(task), revert.commit);
  const head = { sha: revert.commit, since: tx.now, by: "worker" as const, ...(baseTip !== undefined && { baseTip }) };
  const made = { head, builtOn: isClean ? built.builtOn : [] };
  tx.putStep(execution.id, step.state === "ready" ? publishRevert(step, made) : replaceHead(step, made));
  tx.note(`${task} reverts ${execution.undoes?.[step.id]?.task ?? "-"} as ${revert.commit.slice(0, 12)}`);
};
