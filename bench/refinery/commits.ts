import { FOR, mix } from "./random.ts";
import { hasStep, noSteps, type Steps, withStep } from "./steps.ts";
import type { Trace } from "./trace.ts";

/** A published head of a step. Each fix or resolution is a new head. */
export type Head = {
  readonly id: number;
  readonly step: number;
  readonly version: number;
  readonly bad: boolean;
  /** Steps with which the head was merged or on which it was built, and so without a conflict. */ readonly textual: Steps;
  /** The same for steps that would be red together with the head. */ readonly semantic: Steps;
  /** `textual` before the last resolution; absent without a resolution. */ readonly unresolved?: Steps;
  /** The files of the last resolution. */ readonly resolved?: readonly string[];
  /** Whether an earlier resolution of the conflict was red. */ readonly suspected?: true;
  /** The heads with which this head was merged before they landed. */ readonly ahead?: readonly Head[];
};

/** A commit: its parent and the merged head. The same merges in the same order give the same commit. */
export type Commit = {
  /** Forty hex digits, as in git. */ readonly sha: string;
  readonly parent: Commit | null;
  readonly head: Head | null;
  readonly depth: number;
  readonly steps: Steps;
  /** Whether the content is bad, which only an oracle may read. */ readonly red: boolean;
  /** Identifies the content regardless of the order of merges; flakes depend on the content. */ readonly content: number;
  /** The same as a git tree: equal for the same content. */ readonly tree: string;
};

export type Commits = {
  readonly root: Commit;
  /** Merges a head; null if git would find a conflict. The same parent and head give the same commit. */
  readonly merge: (parent: Commit, head: Head) => Commit | null;
  /** The files in which git would find a conflict. */
  readonly conflicts: (parent: Commit, head: Head) => readonly string[];
  /** Adds a person's commit to the base, which conflicts with nothing. All commits on top of a red base are red. */
  readonly push: (parent: Commit, red: boolean) => Commit;
  readonly find: (sha: string) => Commit | undefined;
  /** Whether this head would be to blame for a red run in this context. */
  readonly isGuilty: (context: Commit, head: Head) => boolean;
};

export type Truth = Pick<Trace, "textual" | "semantic" | "hot"> & { readonly steps: number };

export const sha = (kind: number, id: number): string => `${kind}${id.toString(16).padStart(39, "0")}`;

const tree = (content: number, second: number): string => sha(2, content * 2 ** 20 + (second >>> 12));

/** Opens the in-memory commit graph of a base branch, with the answers of git and the true verdicts of runs. */
export const commitGraph = (truth: Truth): Commits => {
  const root: Commit = {
    sha: sha(0, 0),
    parent: null,
    head: null,
    depth: 0,
    steps: noSteps(truth.steps),
    red: false,
    content: 0,
    tree: tree(0, 0),
  };
  const seconds = new Map([[root, 0]]);
  const all = new Map<string, Commit>([[root.sha, root]]);
  const children = new Map<Commit, Map<number, Commit | null>>();
  const create = (parent: Commit, head: Head): Commit | null => {
    if (hasStep(parent.steps, head.step) || meets(truth.textual, "textual", { context: parent, head })) return null;
    const content = (parent.content ^ mix(mix(FOR.content, head.step), head.version)) >>> 0;
    // Two hashes of 32 bits, because one would collide now and then.
    const second = ((seconds.get(parent) ?? 0) ^ mix(mix(FOR.tree, head.version), head.step)) >>> 0;
    const commit: Commit = {
      sha: sha(0, all.size),
      parent,
      head,
      depth: parent.depth + 1,
      steps: withStep(parent.steps, head.step),
      red: parent.red || isGuilty(parent, head),
      content,
      tree: tree(content, second),
    };
    seconds.set(commit, second);
    all.set(commit.sha, commit);
    return commit;
  };
  const push = (parent: Commit, red: boolean): Commit => {
    const content = mix(parent.content, FOR.push) >>> 0;
    const second = mix(seconds.get(parent) ?? 0, FOR.push) >>> 0;
    const commit = {
      ...parent,
      sha: sha(0, all.size),
      parent,
      head: null,
      red,
      depth: parent.depth + 1,
      content,
      tree: tree(content, second),
    };
    seconds.set(commit, second);
    all.set(commit.sha, commit);
    return commit;
  };
  const conflicts = (context: Commit, head: Head): string[] => {
    const partners = listOpponents(truth.textual, "textual", { context, head });
    // Other conflicting pairs have a file of their own.
    const file = (partner: number): string =>
      truth.hot[partner] === true && truth.hot[head.step] === true
        ? "hot"
        : `${Math.min(partner, head.step)}-${Math.max(partner, head.step)}`;
    return [...new Set(partners.map((partner) => file(partner)))];
  };
  const isGuilty = (context: Commit, head: Head): boolean => head.bad || meets(truth.semantic, "semantic", { context, head });
  const merge = (parent: Commit, head: Head): Commit | null => {
    const siblings = children.get(parent) ?? new Map<number, Commit | null>();
    if (siblings.size === 0) children.set(parent, siblings);
    let child = siblings.get(head.id);
    if (child === undefined) siblings.set(head.id, (child = create(parent, head)));
    return child;
  };
  return { root, merge, conflicts, push, find: (name) => all.get(name), isGuilty };
};

type Meeting = { readonly context: Commit; readonly head: Head };

/** Whether the head and a step of the context conflict, unless one of them was built on the other. */
const meets = (partners: Trace["textual"], kind: "textual" | "semantic", meeting: Meeting): boolean =>
  partners[meeting.head.step]?.some((partner) => isOpponent(partner, kind, meeting)) ?? false;

const listOpponents = (partners: Trace["textual"], kind: "textual" | "semantic", meeting: Meeting): number[] =>
  (partners[meeting.head.step] ?? []).filter((partner) => isOpponent(partner, kind, meeting));

const isOpponent = (partner: number, kind: "textual" | "semantic", { context, head }: Meeting): boolean => {
  if (!hasStep(context.steps, partner) || hasStep(head[kind], partner)) return false;
  const other = headOf(context, partner);
  return !other || !hasStep(other[kind], head.step);
};

const headOf = (commit: Commit, step: number): Head | null => {
  for (let at: Commit | null = commit; at; at = at.parent) if (at.head?.step === step) return at.head;
  return null;
};

/** The commits from the first to the second, oldest first; null if the second does not contain the first. */
export const path = (from: Commit, to: Commit): Commit[] | null => {
  const between: Commit[] = [];
  let at: Commit | null = to;
  for (; at && at.depth > from.depth; at = at.parent) between.push(at);
  return at === from ? between.reverse() : null;
};
