import { refuseRewoundBase } from "../messages/refusals/queues.ts";
import type { Execution } from "../domain/execution.ts";
import { type BranchName, readTaskId, type Sha, type TaskId } from "../domain/ids.ts";
import type { Queue } from "../domain/queue.ts";
import type { TaskHead, Step } from "../domain/step.ts";
import type { DecisionReader, LedgerReader, FactReader } from "./decision-transaction.ts";
import { isAnyTrue, type Known, mapKnown, negate, UNKNOWN } from "../domain/known.ts";

const REWOUND_CODE = "base-rewound";

/** Whether a base at `tip` lacks a commit that it had. */
const isLostCommit = (tx: FactReader, commit: Sha | null, tip: Sha): Known<boolean> =>
  commit === null || commit === tip ? false : negate(tx.readFact<"contains">({ kind: "contains", commit, tip }));

/** Whether a base lost its last seen tip without a person's agreement. */
const hasLostTip = (tx: FactReader, { seenTip: seen, landedTip, frozen }: Queue, tip: Sha): Known<boolean> => {
  // Ledgers of earlier versions recorded a later tip while the queue was frozen.
  const last = frozen?.code === REWOUND_CODE ? [seen, landedTip] : [seen ?? landedTip];
  return isAnyTrue(last.map((commit) => isLostCommit(tx, commit, tip)));
};

/**
 * Freezes the queue of a rewound base, which no longer contains the last tip that was seen on it: nothing lands until a person agrees or
 * the commits return. It does not matter who made the lost commits.
 */
export const withRewindFreeze = (tx: FactReader, before: Queue, tip: Sha): Known<Queue> => {
  const queue = before.frozen?.code === "base-missing" ? { ...before, frozen: null } : before;
  const lost = hasLostTip(tx, queue, tip);
  if (lost === UNKNOWN) return UNKNOWN;
  const isTold = queue.frozen?.code === REWOUND_CODE;
  if (lost === isTold) return queue;
  if (!lost) return { ...queue, frozen: null };
  return { ...queue, frozen: refuseRewoundBase((queue.seenTip ?? "").slice(0, 12)) };
};

/** Whether a queue waits for a person to agree that its base lost commits. */
export const isRewoundQueue = ({ frozen }: Pick<Queue, "frozen">): boolean => frozen?.code === REWOUND_CODE;

/** The number of lost tips that are remembered. */
const MAX_ABANDONED_TIPS = 10;

/** The queue after a person accepted the base as it is now. */
export const withAcceptedTip = (queue: Queue, tip: Sha | null): Queue => {
  // A refused push may be allowed now, and the person has seen any incident.
  const { pushRefusal: _, landingTerms: __, incident: ___, deniedMethods: ____, ...rest } = queue;
  const agreed = { ...rest, frozen: null, landedTip: tip };
  if (queue.frozen?.code !== REWOUND_CODE) return agreed;
  const lost = [queue.landedTip, queue.seenTip].flatMap((each) => (each === null || each === tip ? [] : [each]));
  return { ...agreed, seenTip: tip, abandonedTips: [...new Set([...(queue.abandonedTips ?? []), ...lost])].slice(-MAX_ABANDONED_TIPS) };
};

/** Whether a base lost commits without a person's agreement. Nothing may build on such a base. */
export const isBaseRewound = (tx: DecisionReader, base: BranchName): Known<boolean> => {
  const tip = tx.baseTip(base);
  return tip === null ? false : hasLostTip(tx, tx.queue(base), tip);
};

/** The base tip that a head was made on: the recorded tip, else the newest base commit in the head. Returns null if there is none. */
export const findHeadBaseTip = (
  tx: DecisionReader,
  base: BranchName,
  { sha, baseTip: known }: Pick<TaskHead, "sha" | "baseTip">,
): Known<Sha | null> => {
  const tip = tx.baseTip(base);
  if (known !== undefined || tip === null) return known ?? null;
  return tx.readFact<"newest-base">({ kind: "newest-base", head: sha, tip, abandonedTips: listLostTips(tx, base) });
};

/** Tips that the base had and may have lost, newest first. */
const listLostTips = (tx: LedgerReader, base: BranchName): Sha[] => {
  const { seenTip, abandonedTips = [] } = tx.queue(base);
  return [...new Set([...(seenTip === null ? [] : [seenTip]), ...abandonedTips.toReversed()])];
};

/** A person's push to a task branch as the step's head. */
export const createPersonHead = (
  tx: DecisionReader,
  { baseBranch }: Execution,
  { sha, before }: { sha: Sha; before: TaskHead | null },
): Known<TaskHead> => {
  const tip = tx.baseTip(baseBranch);
  const head = { sha, since: tx.now, by: "person" } as const;
  if (tip === null) return { ...head, ...(before?.baseTip !== undefined && { baseTip: before.baseTip }) };
  const known = before?.baseTip === undefined ? [] : [before.baseTip];
  const left = [...new Set([...known, ...listLostTips(tx, baseBranch)])].filter((each) => each !== tip);
  const ground = tx.readFact<"newest-base">({ kind: "newest-base", head: sha, tip, abandonedTips: left });
  return mapKnown(ground, (baseTip) => (baseTip === null ? head : { ...head, baseTip }));
};

/**
 * Whether a head was made on lost commits of its base, or on a step that landed with them: landing the head unchanged would bring them
 * back.
 */
export const isStrandedHead = (tx: DecisionReader, base: BranchName, { head, builtOn }: Pick<Step, "head" | "builtOn">): Known<boolean> => {
  const tip = tx.baseTip(base);
  if (!head || tip === null || (tx.queue(base).abandonedTips ?? []).length === 0) return false;
  const ground = findHeadBaseTip(tx, base, head);
  const below: readonly Known<Sha | null>[] = [ground, ...builtOn.map(({ task }) => findLandedCommit(tx, task))];
  return isAnyTrue(below.map((commit) => mapKnown(commit, (known) => isLostCommit(tx, known, tip))));
};

/** The commit by which a task landed; null if the task has not landed. */
const findLandedCommit = (tx: LedgerReader, task: TaskId): Sha | null => {
  const id = readTaskId(task);
  return (id && tx.execution(id.execution)?.steps[id.step]?.landed?.commit) ?? null;
};
