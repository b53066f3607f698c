import type { Sha } from "../model/ids.ts";
import type { Answers, Query } from "../model/query.ts";
import { clashes, readWork } from "./candidates.ts";
import { comparedFrom } from "./carries.ts";
import { mergeFrom, type Sides, type Stage } from "./conflicts.ts";
import { commitTimes, type Identity, type NewFiles, readBlobs, treeOf, writeCommit, writeFiles } from "./objects.ts";
import { type Running } from "./run.ts";
import { type Entry, listTree, writeTree } from "./tree.ts";

type Begun = Sides & { readonly anew: readonly string[] };

/**
 * The merge of two commits as whoever resolves it begins: what merges is merged, conflicting files hold markers where text can.
 * Conflicting files that a command makes anew are the base's, or the head's where the base has none.
 * With `from` its second parent differs from the first as the head does from that, so that whoever compares them sees the head's own changes.
 */
export const beginResolution = async (at: Running, by: Identity, sides: Begun): Promise<Sha> => {
  const { onto, head, from } = sides;
  const { tree } = await begin(at, by, sides);
  const times = await commitTimes(at, [onto, head]);
  const write = (parents: readonly Sha[], of: Sha): Promise<Sha> =>
    writeCommit(at, { tree: of, parents, message: "Resolve this", at: Math.max(...times), by });
  if (from === undefined) return write([onto, head], tree);
  const compared = await comparedFrom(at, by, { onto, head, from });
  return write([await write([onto, compared.onto], await treeOf(at, onto)), compared.head], tree);
};

const begin = async (at: Running, by: Identity, { anew, ...of }: Begun): Promise<{ tree: Sha; stages: readonly Stage[] }> => {
  const { tree, stages } = await mergeFrom(at, by, of);
  if (anew.length === 0) return { tree, stages };
  const entries = await listTree(at, tree);
  for (const path of anew) {
    const sides = stages.filter((each) => each.path === path && each.stage > 1).toSorted((a, b) => a.stage - b.stage);
    // Modes that git itself gave.
    if (sides[0]) entries.set(path, { mode: sides[0].mode as Entry["mode"], sha: sides[0].sha });
  }
  return { tree: await writeTree(at, entries), stages };
};

/**
 * A resolution as a commit: its first parent is the head, so that the branch's own history stays one line.
 * With `from` the head is no parent: what is in its history besides its own changes must not come back.
 */
export const buildResolution = async (
  at: Running,
  by: Identity,
  { result, onto, head, anew, message, from, generated = [] }: Extract<Query, { kind: "resolution" }>,
): Promise<Answers["resolution"]> => {
  const { tree: begun, stages } = await begin(at, by, { onto, head, anew, from });
  const changes = await readWork(at, result);
  const there = await listTree(at, begun);
  const deletions = deletedByNobody({ there, stages, changes }).filter((path) => !generated.includes(path));
  if (deletions.length > 0) return { kind: "deletions", paths: deletions };
  const clash = clashes(there, changes);
  if (clash.length > 0) return { kind: "clash", paths: clash };
  const tree = changes.size === 0 ? begun : await writeFiles(at, begun, changes);
  const marked = await markedIn(at, tree, { stages, touched: [...changes.keys()] });
  if (marked.length > 0) return { kind: "markers", paths: marked };
  const times = await commitTimes(at, [onto, head, result]);
  const parents = from === undefined ? [head, onto] : [onto];
  return { kind: "commit", commit: await writeCommit(at, { tree, parents, message, at: Math.max(...times), by }) };
};

type Deleted = { readonly there: ReadonlyMap<string, unknown>; readonly stages: readonly Stage[]; readonly changes: NewFiles };

/**
 * Paths that a resolution deletes although neither side did. What merges by itself and is still there was deleted by nobody;
 * of what conflicts one side must lack the file.
 */
const deletedByNobody = ({ there, stages, changes }: Deleted): string[] => {
  const conflicting = new Set(stages.map(({ path }) => path));
  const has = (side: number, path: string): boolean => stages.some((each) => each.path === path && each.stage === side);
  return [...changes].flatMap(([path, file]) => {
    const isKept = conflicting.has(path) ? has(2, path) && has(3, path) : there.has(path);
    return file === null && isKept ? [path] : [];
  });
};

type Looked = { readonly stages: readonly Stage[]; readonly touched: readonly string[] };

/** Files in which a marker stands that neither side has: a text about conflicts may show some. */
const markedIn = async (at: Running, tree: Sha, { stages, touched }: Looked): Promise<string[]> => {
  const entries = await listTree(at, tree);
  const paths = [...new Set([...stages.map(({ path }) => path), ...touched])].filter((path) => isFile(entries.get(path)?.mode));
  const sides = stages.filter(({ stage, mode }) => stage > 1 && isFile(mode));
  const ids = [...paths.flatMap((path) => entries.get(path)?.sha ?? []), ...sides.map(({ sha }) => sha)];
  const blobs = await readBlobs(at, [...new Set(ids)]);
  const linesOf = (sha: Sha | undefined): string[] => markers(blobs.get(sha ?? "")?.toString("latin1") ?? "");
  return paths.filter((path) => {
    const known = new Set(sides.filter((each) => each.path === path).flatMap(({ sha }) => linesOf(sha)));
    return linesOf(entries.get(path)?.sha).some((line) => !known.has(line));
  });
};

const isFile = (mode: string | undefined): boolean => mode === "100644" || mode === "100755";

/** Lines that git writes between the sides of a conflict. */
const markers = (text: string): string[] => [...text.matchAll(/^(?:<{7}|>{7}|={7}|\|{7})(?: .*)?\r?$/gm)].map(([line]) => line);
