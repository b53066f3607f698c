import { replaceHead } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import { type Sha, toTaskId } from "../../domain/ids.ts";
import type { QueryAnswers } from "../../domain/query.ts";
import { toTaskRef } from "../../domain/refs.ts";
import type { Step } from "../../domain/step.ts";
import type { PlannedStep } from "../../domain/plan.ts";
import { formatReattachMessage, formatWorkMessage } from "../../messages/commit-messages.ts";
import { type At, failStep } from "../apply/fail-step.ts";
import { endWithout } from "../apply/deliver-work.ts";
import { buildBase, buildWithoutOwn, isOnlyApart, isStale, isWaiting } from "../step-base.ts";
import type { DecisionTransaction } from "../decision-transaction.ts";
import { isStranded } from "../base-rewinds.ts";

/** Rebases work that was built on heads which will not land as they were. */
export const reconcileCarrying = (tx: DecisionTransaction): void => {
  for (const execution of tx.executions()) {
    if (execution.state !== "running") continue;
    for (const step of tx.steps(execution.id)) {
      if (!isBuiltOn(step) || isStranded(tx, execution.baseBranch, step) !== false || isStale(tx, step) !== true) continue;
      const planned = tx.planned(execution, step.id);
      const apart = isOnlyApart(tx, step);
      if (!planned || apart === undefined) continue;
      if (apart) rejoin(tx, { execution, step, planned });
      else carry(tx, { execution, step, planned });
    }
  }
};

const isBuiltOn = ({ builtOn, head, state }: Step): boolean =>
  builtOn.length > 0 && head !== null && (state === "published" || state === "waiting");

/** Withdraws a step whose rebased diff is empty; its pull request is closed. */
const empty = (tx: DecisionTransaction, execution: Execution, step: Step): void => {
  const remark = "What it was built on changed, and without that its work changes nothing: there is nothing to land.";
  endWithout(tx, { execution, step: { ...step, head: null, builtOn: [], deadline: null }, remark });
};

type Carrying = { readonly execution: Execution; readonly step: Step; readonly planned: PlannedStep };

/**
 * Reattaches a step's own changes to a base that contains the work below as other commits, after a squash or a rebase. The refinery handles
 * conflicts, with both sides.
 */
const rejoin = (tx: DecisionTransaction, { execution, step, planned }: Carrying): void => {
  const task = toTaskId(execution.id, step.id);
  const linear = tx.queue(execution.baseBranch).landingTerms?.method === "rebase";
  if (!step.head) return;
  const built = buildWithoutOwn(tx, execution, { planned, step });
  if (!built || isWaiting(built)) return;
  if ("why" in built) return failStep(tx, { execution, step, why: built.why, log: "" });
  const message = (linear ? formatWorkMessage : formatReattachMessage)({
    execution,
    step: planned,
    suffix: tx.snapshot.config.git.commitSuffix,
  });
  const without = step.builtOn.map(({ head }) => head);
  // A person's commits are never replaced: if the history must be linear, that person merges or rebases them.
  const lasting = step.head.by === "person" || !linear;
  const work = tx.readFact<"reattach">({
    kind: "reattach",
    head: step.head.sha,
    excludedHeads: without,
    onto: built.commit,
    message,
    linear: !lasting,
  });
  if (!work) return;
  if (work.kind === "unchanged") return empty(tx, execution, step);
  if (work.kind === "conflict") return tx.putStep(execution.id, { ...step, builtOn: built.on });
  moveTo(tx, { execution, step }, { ...built, commit: work.commit });
  tx.note(`${task} rejoined with ${execution.baseBranch} as ${work.commit.slice(0, 12)}`);
};

type Made = NonNullable<Step["headResults"]>;

/** The results that make up a head, each built on the one before. */
const madeBy = ({ headResults, result, baseCommit }: Step): Made =>
  headResults ?? (result !== null && baseCommit !== null ? [{ result, baseCommit }] : []);

/** Applies results one after the other to another base; undefined while facts are missing. */
const carryAll = (
  tx: DecisionTransaction,
  made: Made,
  { onto, message }: { onto: Sha; message: string },
): QueryAnswers["work"] | undefined => {
  let tip = onto;
  for (const { result, baseCommit } of made) {
    const work = tx.readFact<"work">({ kind: "work", result, baseCommit, onto: tip, message });
    if (!work || work.kind === "conflict") return work;
    if (work.kind === "commit") tip = work.commit;
  }
  return tip === onto ? { kind: "unchanged" } : { kind: "commit", commit: tip };
};

const carry = (tx: DecisionTransaction, { execution, step, planned }: Carrying): void => {
  const task = toTaskId(execution.id, step.id);
  const fail = (code: string, text: string): void =>
    failStep(tx, { execution, step, why: { code, message: text, next: `/enki retry ${task}` }, log: "" });
  const made = madeBy(step);
  if (step.head?.by === "person" || made.length === 0)
    return fail(
      "stale-base",
      "A person pushed to its branch, and what that is built on was skipped or replaced: only a person can untangle it.",
    );
  const built = buildBase(tx, execution, planned);
  if (!built || isWaiting(built)) return;
  if ("why" in built) return failStep(tx, { execution, step, why: built.why, log: "" });
  const message = formatWorkMessage({ execution, step: planned, suffix: tx.snapshot.config.git.commitSuffix });
  const work = carryAll(tx, made, { onto: built.commit, message });
  if (!work) return;
  if (work.kind === "unchanged") return empty(tx, execution, step);
  if (work.kind === "conflict")
    return fail("work-conflict", `What it was built on changed, and it conflicts with that in ${work.paths.slice(0, 5).join(", ")}.`);
  moveTo(tx, { execution, step }, { ...built, commit: work.commit });
  tx.note(`${task} carried over to ${work.commit.slice(0, 12)}`);
};

type Carried = { readonly commit: Sha; readonly on: Step["builtOn"]; readonly baseTip?: Sha | undefined };

const moveTo = (tx: DecisionTransaction, { execution, step }: At, { commit, on, baseTip }: Carried): void => {
  const task = toTaskId(execution.id, step.id);
  tx.moveRef(toTaskRef(task), commit);
  const head = { sha: commit, since: tx.now, by: step.head?.by ?? "worker", ...(baseTip !== undefined && { baseTip }) };
  tx.putStep(execution.id, replaceHead(step, { head, builtOn: on }));
};
