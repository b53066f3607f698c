import type { Millis, Sha, TaskId } from "./ids.ts";
import type { Refusal } from "./refusal.ts";

/** A finished head on its way into the base. Bound to that head: a new head is a new item. */
export type QueueItem = {
  readonly task: TaskId;
  readonly head: Sha;
  readonly state: "queued" | "held" | "resolving" | "accused";
  /** Why it is held. */
  readonly why: Refusal | null;
  /** Red runs counted against it. */
  readonly strikes: number;
};

/** Base plus the first steps of the queue, as a commit. Can be rebuilt: it is not work. */
export type Candidate = {
  readonly commit: Sha;
  /** The base that it was built on. */
  readonly onto: Sha;
  /** What it brings, in order, each with the merge commit that brings it. */
  readonly items: readonly { readonly task: TaskId; readonly head: Sha; readonly merge: Sha }[];
  /** The verify job's last attempt, from 1, and the one that this candidate began with. */
  readonly firstAttempt: number;
  readonly attempt: number;
  readonly notBefore: Millis;
  readonly until: Millis | null;
  readonly verdict: "green" | "red" | null;
  /** The last lines of a red run. */
  readonly log: string;
};

export type Queue = {
  readonly items: readonly QueueItem[];
  readonly candidates: readonly Candidate[];
  /** Set when the base cannot be landed on: rewound, missing, refused by a rule. A person's push or `/enki retry` clears it. */
  readonly frozen: Refusal | null;
  /** The base tip after our last landing: a base that no longer contains it was rewound. */
  readonly landed: Sha | null;
};

export const emptyQueue: Queue = { items: [], candidates: [], frozen: null, landed: null };
