import type { Sha } from "../../core/domain/ids.ts";
import type { ObjectFiles } from "./object-files.ts";
import { FOLDER_MODE, formatTreeObject, fromByteName, parseTreeObject, toByteName, type TreeObjectEntry } from "./tree-object.ts";

/** Whether a folder, named with a slash at its end, may hold a wanted file. */
export type FolderFilter = (folder: string) => boolean;

/** The tree of a commit, or a tree itself; null for other objects, and for trees only git can read. */
export const findTree = (objects: ObjectFiles, id: Sha): Sha | null => {
  const found = objects.read(id);
  if (found?.type === "tree") return id;
  return found?.type === "commit" ? (/^tree ([0-9a-f]{40})$/m.exec(found.content.toString("latin1", 0, 45))?.[1] ?? null) : null;
};

const readTree = (objects: ObjectFiles, id: Sha): TreeObjectEntry[] | null => {
  const found = objects.read(id);
  return found?.type === "tree" ? parseTreeObject(found.content) : null;
};

type FoundEntry = { readonly mode: string; readonly sha: Sha };

/** The file or folder at a path of a commit or tree; null if only git can read an object. */
export const findEntry = (objects: ObjectFiles, from: Sha, path: string): FoundEntry | "missing" | null => {
  const root = findTree(objects, from);
  let found: FoundEntry | null = root === null ? null : { mode: FOLDER_MODE, sha: root };
  for (const name of path === "" ? [] : path.split("/").map((each) => toByteName(each))) {
    if (found && found.mode !== FOLDER_MODE) return "missing";
    const tree: TreeObjectEntry[] | null = found && readTree(objects, found.sha);
    if (!tree) return null;
    const entry = tree.find((each) => each.name === name);
    if (!entry) return "missing";
    found = { mode: entry.mode, sha: entry.sha };
  }
  return found;
};

/** Lists the files below a tree by path, in git's order. Returns null if Enki cannot read an object without running git. */
export const listFiles = (objects: ObjectFiles, tree: Sha, isWanted: FolderFilter): Map<string, Omit<TreeObjectEntry, "name">> | null => {
  const files = new Map<string, Omit<TreeObjectEntry, "name">>();
  const visit = (id: Sha, folder: string): boolean => {
    const tree = readTree(objects, id);
    if (!tree) return false;
    return tree.every((entry) => {
      const path = folder + entry.name;
      if (entry.mode === FOLDER_MODE) return !isWanted(fromByteName(`${path}/`)) || visit(entry.sha, `${path}/`);
      files.set(fromByteName(path), { mode: entry.mode, sha: entry.sha });
      return true;
    });
  };
  return visit(tree, "") ? files : null;
};

const SUBMODULE_MODE = "160000";

/** Whether a commit has a submodule; also true if Enki cannot read one of its objects without running git. */
export const mayHaveSubmodules = (objects: ObjectFiles, commit: Sha): boolean => {
  // A folder may be in a commit many times.
  const seen = new Set<Sha>();
  const hasNone = (id: Sha): boolean => {
    if (seen.has(id)) return true;
    seen.add(id);
    return readTree(objects, id)?.every(({ mode, sha }) => (mode === FOLDER_MODE ? hasNone(sha) : mode !== SUBMODULE_MODE)) ?? false;
  };
  const root = findTree(objects, commit);
  return root === null || !hasNone(root);
};

/** A path with a file or submodule, or with null to delete the path. */
export type PathChange = readonly [path: string, entry: { readonly mode: string; readonly sha: Sha } | null];

type FolderChange = { own: PathChange[1] | undefined; readonly below: PathChange[] };

/** A path is a file in one place and a folder in another. */
export class PathClashError extends Error {}

/** Only git can read a tree. */
export class UnreadTreeError extends Error {}

const groupByFolder = (changes: readonly PathChange[]): Map<string, FolderChange> => {
  const groups = new Map<string, FolderChange>();
  for (const [path, entry] of changes) {
    const slash = path.indexOf("/");
    const name = slash < 0 ? path : path.slice(0, slash);
    const group = groups.get(name) ?? { own: undefined, below: [] };
    groups.set(name, group);
    if (slash < 0) group.own = entry;
    else group.below.push([path.slice(slash + 1), entry]);
  }
  return groups;
};

const applyToEntry = (
  objects: ObjectFiles,
  before: TreeObjectEntry | undefined,
  change: FolderChange,
): Omit<TreeObjectEntry, "name"> | null => {
  const { own, below } = change;
  const folder = before?.mode === FOLDER_MODE ? before.sha : null;
  const file = own === undefined ? (folder === null ? (before ?? null) : null) : own;
  const tree = below.length === 0 ? folder : writeChangedTree(objects, folder, below);
  if (tree !== null && file !== null) throw new PathClashError("a path is both a file and a folder");
  return tree === null ? file : { mode: FOLDER_MODE, sha: tree };
};

/** Null if the tree is empty. */
const writeChangedTree = (objects: ObjectFiles, on: Sha | null, changes: readonly PathChange[]): Sha | null => {
  const tree = on === null ? [] : readTree(objects, on);
  if (!tree) throw new UnreadTreeError(`the tree ${on} cannot be read`);
  const entries = new Map(tree.map((entry) => [entry.name, entry]));
  for (const [name, change] of groupByFolder(changes)) {
    const next = applyToEntry(objects, entries.get(name), change);
    if (next === null) entries.delete(name);
    else entries.set(name, { mode: next.mode, sha: next.sha, name });
  }
  return entries.size === 0 ? null : objects.write("tree", formatTreeObject([...entries.values()]));
};

/** Writes a tree with the changes; unchanged folders are not read. Throws {@link PathClashError} and {@link UnreadTreeError}. */
export const changeTree = (objects: ObjectFiles, on: Sha | null, changes: readonly PathChange[]): Sha =>
  writeChangedTree(
    objects,
    on,
    changes.map(([path, entry]) => [toByteName(path), entry]),
  ) ?? objects.write("tree", Buffer.alloc(0));
