import type { Sha } from "../model/ids.ts";
import { type Conflict, CONFLICT_KINDS, type ConflictKind } from "../model/conflict.ts";
import type { Query } from "../model/query.ts";
import { comparedFrom } from "./carries.ts";
import type { Identity } from "./objects.ts";
import { git, GitError, runGit, type Running } from "./run.ts";

/** One stage of a conflicting path: 1 the common ancestor, 2 the first side, 3 the second. */
export type Stage = { readonly path: string; readonly mode: string; readonly sha: Sha; readonly stage: number };

/** A merge in memory: its tree, in which conflicting files hold markers where text can, and what conflicts. */
export type Unmerged = { readonly tree: Sha; readonly stages: readonly Stage[]; readonly conflicts: readonly Conflict[] };

/** Merges two commits in memory, and reads how they conflict: exit code 1 is a conflict, and also an unknown commit. */
const mergeSides = async (at: Running, { onto, head }: { onto: Sha; head: Sha }): Promise<Unmerged> => {
  const { stdout, stderr } = await runGit(at, ["merge-tree", "--write-tree", "-z", onto, head]);
  const fields = stdout.toString("utf8").split("\0");
  const [tree = "", ...rest] = fields;
  if (!/^[0-9a-f]{40}$/.test(tree)) throw new GitError(`git merge-tree: ${stderr.trim()}`);
  const end = rest.indexOf("");
  const stages = (end < 0 ? [] : rest.slice(0, end)).flatMap((line) => readStage(line));
  return { tree, stages, conflicts: classify(stages, readMessages(rest.slice(end + 1))) };
};

/** `<mode> <oid> <stage>\t<path>`. */
const readStage = (line: string): Stage[] => {
  const tab = line.indexOf("\t");
  const [mode = "", sha = "", stage = ""] = line.slice(0, tab).split(" ");
  return tab < 0 ? [] : [{ path: line.slice(tab + 1), mode, sha, stage: Number(stage) }];
};

type Message = { readonly paths: readonly string[]; readonly type: string };

/** `<count> NUL <path>… NUL <type> NUL <words> NUL`, one after the other. */
const readMessages = (fields: readonly string[]): Message[] => {
  const messages: Message[] = [];
  for (let at = 0; at + 2 < fields.length;) {
    const count = Number(fields[at]);
    if (!Number.isInteger(count) || count < 1) break;
    messages.push({ paths: fields.slice(at + 1, at + 1 + count), type: fields[at + 1 + count] ?? "" });
    at += count + 3;
  }
  return messages;
};

const MODES: Readonly<Record<string, ConflictKind>> = { "160000": "submodule", "120000": "link" };

/** What git says of a path, worst first: of a binary file it also says that its contents conflict. */
const kindOf = (type: string): ConflictKind => {
  const name = /^CONFLICT ?\(([^)]+)\)/.exec(type)?.[1] ?? "";
  if (name.startsWith("submodule")) return "submodule";
  if (name === "distinct modes") return "link";
  if (name === "file/directory" || name.startsWith("file in way")) return "file/directory";
  if (name.startsWith("rename involved") || name.startsWith("directory rename")) return "rename/rename";
  return CONFLICT_KINDS.find((each) => each === name) ?? "contents";
};

const classify = (stages: readonly Stage[], messages: readonly Message[]): Conflict[] => {
  const kinds = new Map<string, Set<ConflictKind>>();
  for (const { path, mode } of stages) {
    const known = kinds.get(path) ?? new Set<ConflictKind>();
    kinds.set(path, known);
    const kind = MODES[mode];
    if (kind) known.add(kind);
  }
  for (const { paths, type } of messages) {
    if (!type.startsWith("CONFLICT")) continue;
    for (const path of paths) kinds.get(path)?.add(kindOf(type));
  }
  return [...kinds].map(([path, known]) => ({ path, kind: CONFLICT_KINDS.find((kind) => known.has(kind)) ?? "contents" }));
};

/** Where a head conflicts with a base, and how; nothing where they merge. */
export const readConflicts = async (at: Running, by: Identity, { onto, head, from }: Asked): Promise<readonly Conflict[]> =>
  (await mergeFrom(at, by, { onto, head, from })).conflicts;

type Asked = Extract<Query, { kind: "conflicts" }>;

/** The same with only what the head changed since `from`, where that is said. */
export const mergeFrom = async (at: Running, by: Identity, { onto, head, from }: Sides): Promise<Unmerged> =>
  mergeSides(at, from === undefined ? { onto, head } : await comparedFrom(at, by, { onto, head, from }));

export type Sides = { readonly onto: Sha; readonly head: Sha; readonly from?: Sha | undefined };

type Missing = { readonly from: Sha; readonly to: Sha; readonly paths: readonly string[] };

/** How far back what landed is read, and how much of it is told. */
const LOOKED_AT = 500;
const TOLD = 20;

/**
 * Messages of the last commits of one side that the other lacks and that changed these paths, oldest first.
 * git is not asked for the paths: with them it leaves out merges whose first parent both sides have.
 */
export const readMissing = async (at: Running, { from, to, paths }: Missing): Promise<string[]> => {
  const wanted = new Set(paths);
  const shown = ["--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-only", "-z", "--format=%x01%B%x02"];
  const out = await git(at, ["log", ...shown, `--max-count=${LOOKED_AT}`, `${from}..${to}`]);
  return out
    .split("\u0001")
    .flatMap((entry) => {
      const [message = "", changed = ""] = entry.split("\u0002");
      return changed.split("\0").some((path) => wanted.has(path.replace(/^\n/, ""))) ? [message] : [];
    })
    .slice(0, TOLD)
    .toReversed();
};
