import type { Sha } from "../../core/domain/ids.ts";
import type { ObjectFiles } from "./object-files.ts";
import { FOLDER_MODE, parseTreeObject, type TreeObjectEntry } from "./tree-object.ts";

const MAX_VISITED_OBJECTS = 2_000;
const SUBMODULE_MODE = "160000";
const LINK_PATTERN = /^(tree|parent) ([0-9a-f]{40})$/gm;

const readLinks = (content: Buffer): { readonly tree: Sha | null; readonly parents: readonly Sha[] } => {
  const end = content.indexOf("\n\n");
  const links = [...content.toString("latin1", 0, end < 0 ? undefined : end).matchAll(LINK_PATTERN)];
  const of = (kind: string): Sha[] => links.flatMap(([, name, id = ""]) => (name === kind ? [id] : []));
  return { tree: of("tree")[0] ?? null, parents: of("parent") };
};

/** Compares new objects with what is known to be complete. */
const openWalk = (objects: ObjectFiles) => {
  let visited = 0;
  const countVisit = (): boolean => (visited += 1) <= MAX_VISITED_OBJECTS;
  const readTree = (id: Sha): TreeObjectEntry[] | null => {
    const found = objects.read(id);
    return found?.type === "tree" ? parseTreeObject(found.content) : null;
  };
  /** Whether all files of a tree exist; subtrees and files of the known trees do. */
  const hasTree = (id: Sha, known: readonly Sha[]): boolean => {
    if (known.includes(id)) return true;
    const entries = countVisit() ? readTree(id) : null;
    if (!entries) return false;
    const before = new Map(known.flatMap((tree) => readTree(tree) ?? []).map((entry) => [`${entry.sha} ${entry.name}`, entry]));
    const subtrees = [...before.values()].filter(({ mode }) => mode === FOLDER_MODE);
    return entries.every(({ mode, sha, name }) => {
      if (before.has(`${sha} ${name}`) || mode === SUBMODULE_MODE) return true;
      if (mode !== FOLDER_MODE) return countVisit() && objects.has(sha);
      return hasTree(
        sha,
        subtrees.flatMap((entry) => (entry.name === name ? [entry.sha] : [])),
      );
    });
  };
  return { countVisit, hasTree };
};

/**
 * Whether a commit and all that it contains exist, if every known commit is complete. False also if this takes too long to find out, or if
 * only git can read an object.
 */
export const isConnected = (objects: ObjectFiles, tip: Sha, isKnown: (commit: Sha) => boolean): boolean => {
  const { countVisit, hasTree } = openWalk(objects);
  const waiting = [tip];
  const seen = new Set<Sha>();
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (seen.has(id) || isKnown(id)) continue;
    seen.add(id);
    const found = countVisit() ? objects.read(id) : null;
    if (found?.type !== "commit") return false;
    const { tree, parents } = readLinks(found.content);
    const knownTrees = parents.flatMap((parent) => {
      const commit = isKnown(parent) ? objects.read(parent) : null;
      return (commit && readLinks(commit.content).tree) ?? [];
    });
    if (tree === null || !hasTree(tree, knownTrees)) return false;
    waiting.push(...parents);
  }
  return true;
};
