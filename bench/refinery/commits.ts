import { FOR, mix } from "./random.ts";
import { hasStep, noSteps, type Steps, withStep } from "./steps.ts";
import type { Trace } from "./trace.ts";

/** One published head of a step: a fix or a resolution is a new one. */
export type Head = {
  readonly id: number;
  readonly step: number;
  readonly version: number;
  readonly bad: boolean;
  /** Steps that it was merged with, or was made after: no conflict with them is left. */ readonly textual: Steps;
  /** The same for what is red together. */ readonly semantic: Steps;
  /** `textual` without its last resolution; absent without one. */ readonly unresolved?: Steps;
  /** The files in which it was resolved. */ readonly resolved?: readonly string[];
  /** Whether an earlier resolution of its conflict was red. */ readonly suspected?: true;
  /** The heads that it was merged with before they landed. */ readonly ahead?: readonly Head[];
};

/** A commit: its parent and the head merged into it. The same merges in the same order are the same commit. */
export type Commit = {
  /** A name as git would give: forty hex digits. */ readonly sha: string;
  readonly parent: Commit | null;
  readonly head: Head | null;
  readonly depth: number;
  readonly steps: Steps;
  /** The truth about its content, which only an oracle may read. */ readonly red: boolean;
  /** Names its content, whatever the order: what flakes depend on. */ readonly content: number;
  /** The same as git would name it: equal for the same content. */ readonly tree: string;
};

export type Commits = {
  readonly root: Commit;
  /** The same commit for the same parent and head; null where git would find a conflict. */
  readonly merge: (parent: Commit, head: Head) => Commit | null;
  /** The files in which git would find a conflict. */
  readonly conflicts: (parent: Commit, head: Head) => readonly string[];
  /** A person's commit on the base, in nobody's way; everything on a red one is red. */
  readonly push: (parent: Commit, red: boolean) => Commit;
  readonly find: (sha: string) => Commit | undefined;
  /** Would this head be red for its own sake in this context? */
  readonly isGuilty: (context: Commit, head: Head) => boolean;
};

export type Truth = Pick<Trace, "textual" | "semantic" | "hot"> & { readonly steps: number };

export const sha = (kind: number, id: number): string => `${kind}${id.toString(16).padStart(39, "0")}`;

const tree = (content: number, second: number): string => sha(2, content * 2 ** 20 + (second >>> 12));

/** The in-memory commit graph of one base branch: what git would answer, and the truth that runs would find. */
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
    // One hash of 32 bits meets another by chance now and then: two do not.
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
    // Any other two steps that conflict do so in a file of their own.
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

/** Is there a conflict of this kind between the head and something in the context, that neither of them was made after? */
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

/** The commits between, oldest first; null when the second does not contain the first. */
export const path = (from: Commit, to: Commit): Commit[] | null => {
  const between: Commit[] = [];
  let at: Commit | null = to;
  for (; at && at.depth > from.depth; at = at.parent) between.push(at);
  return at === from ? between.reverse() : null;
};
