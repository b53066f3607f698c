import type { Execution } from "../model/execution.ts";
import { type Base, readTaskId, type Sha, type TaskId } from "../model/ids.ts";
import type { Queue } from "../model/queue.ts";
import { refuse } from "../model/refusal.ts";
import type { Head, Step } from "../model/step.ts";
import type { Draft } from "./draft.ts";

type Asking = Pick<Draft, "ask">;

const REWOUND = "base-rewound";

/** Whether a base lost the last tip that was seen on it, and no person has agreed to that yet. Undefined while that is not known. */
const hasLost = (draft: Asking, { tip: seen, landed, frozen }: Queue, tip: Sha): boolean | undefined => {
  // A ledger of an earlier version wrote down a later tip while it was frozen.
  const last = frozen?.code === REWOUND ? [seen, landed] : [seen ?? landed];
  const contained = last.map((commit) => commit === null || commit === tip || draft.ask<"contains">({ kind: "contains", commit, tip }));
  return contained.includes(false) ? true : contained.includes(undefined) ? undefined : false;
};

/**
 * A base that no longer contains the last tip that was seen on it was rewound, whoever made the missing commits: nothing lands on it before a person says so,
 * or until they are back. Undefined while that is not known.
 */
export const guardAgainstRewind = (draft: Asking, before: Queue, tip: Sha): Queue | undefined => {
  const queue = before.frozen?.code === "base-missing" ? { ...before, frozen: null } : before;
  const lost = hasLost(draft, queue, tip);
  if (lost === undefined) return undefined;
  const isTold = queue.frozen?.code === REWOUND;
  if (lost === isTold) return queue;
  if (!lost) return { ...queue, frozen: null };
  const why = `The base was rewound: it no longer contains ${(queue.tip ?? "").slice(0, 12)}, the last commit that Enki saw on it. A retry carries only each step's own changes to the new tip.`;
  return { ...queue, frozen: refuse(REWOUND, why, "/enki retry").refusal };
};

/** Whether a queue waits for a person to agree that its base lost commits. */
export const isRewoundQueue = ({ frozen }: Pick<Queue, "frozen">): boolean => frozen?.code === REWOUND;

/** Tips that are remembered after a base lost them. */
const MAX_LEFT = 10;

/** The queue after a person agreed to the base as it is now. */
export const agreedQueue = (queue: Queue, tip: Sha | null): Queue => {
  // What was refused may be allowed now, and what went wrong was seen.
  const { refused: _, terms: __, incident: ___, denied: ____, ...rest } = queue;
  const agreed = { ...rest, frozen: null, landed: tip };
  if (queue.frozen?.code !== REWOUND) return agreed;
  const lost = [queue.landed, queue.tip].flatMap((each) => (each === null || each === tip ? [] : [each]));
  return { ...agreed, tip, left: [...new Set([...(queue.left ?? []), ...lost])].slice(-MAX_LEFT) };
};

/** True while nothing may be built on a base as it is now: it lost commits, and nobody agreed to that. Undefined while that is not known. */
export const isRewound = (draft: Draft, base: Base): boolean | undefined => {
  const tip = draft.base(base);
  return tip === null ? false : hasLost(draft, draft.queue(base), tip);
};

/** The tip of the base that a head was made on: as it was written down, else what it has of the base. Undefined while that is not known. */
export const groundOf = (draft: Draft, base: Base, { sha, base: known }: Pick<Head, "sha" | "base">): Sha | null | undefined => {
  const tip = draft.base(base);
  if (known !== undefined || tip === null) return known ?? null;
  return draft.ask<"ground">({ kind: "ground", head: sha, tip, left: lostTips(draft, base) });
};

/** Tips that a base had and may have lost, the newest first. */
const lostTips = (draft: Draft, base: Base): Sha[] => {
  const { tip, left = [] } = draft.queue(base);
  return [...new Set([...(tip === null ? [] : [tip]), ...left.toReversed()])];
};

/** A commit that a person pushed to a task branch, as the step's head. Undefined while that is not known. */
export const personsHead = (draft: Draft, { base }: Execution, { sha, before }: { sha: Sha; before: Head | null }): Head | undefined => {
  const tip = draft.base(base);
  const head = { sha, since: draft.now, by: "person" } as const;
  if (tip === null) return { ...head, ...(before?.base !== undefined && { base: before.base }) };
  const known = before?.base === undefined ? [] : [before.base];
  const left = [...new Set([...known, ...lostTips(draft, base)])].filter((each) => each !== tip);
  const ground = draft.ask<"ground">({ kind: "ground", head: sha, tip, left });
  return ground === undefined ? undefined : ground === null ? head : { ...head, base: ground };
};

/**
 * True for a head that was made on commits which its base lost, or on what landed with one of these: as it is, it would bring them back.
 * Undefined while that is not known.
 */
export const isStranded = (draft: Draft, base: Base, { head, on }: Pick<Step, "head" | "on">): boolean | undefined => {
  const tip = draft.base(base);
  if (!head || tip === null || (draft.queue(base).left ?? []).length === 0) return false;
  const ground = groundOf(draft, base, head);
  const below = [ground, ...on.map(({ task }) => landedAs(draft, task))];
  const kept = below.map((commit) => {
    if (commit === null || commit === tip) return true;
    return commit && draft.ask<"contains">({ kind: "contains", commit, tip });
  });
  return kept.includes(false) ? true : kept.includes(undefined) ? undefined : false;
};

/** The commit that brought a task into its base; null where it has not landed. */
const landedAs = (draft: Draft, task: TaskId): Sha | null => {
  const id = readTaskId(task);
  return (id && draft.execution(id.execution)?.steps[id.step]?.landed?.commit) ?? null;
};
