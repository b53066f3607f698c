import type { Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../../core/domain/query.ts";
import { findTreeClashes, readResultFiles } from "./build-work-commit.ts";
import { createComparedCommits } from "./build-rebase.ts";
import { mergeChangesSince, type MergeSides, type ConflictStage } from "./find-conflicts.ts";
import { readCommitTimes, type CommitIdentity, type NewFiles, readBlobs, readTreeId, writeCommit, writeTreeFiles } from "./git-objects.ts";
import { type GitContext } from "./run-git.ts";
import { type TreeEntry, listTree, writeTree } from "./git-tree.ts";

type ResolutionStart = MergeSides & { readonly regenerated: readonly string[] };

/**
 * Creates the merge commit that a conflict job starts from: clean merges are applied, conflicting text files contain markers.
 * Regenerated files use the base's version, or the head's if the base has none.
 * With `from`, the second parent differs from the first exactly by the head's changes since `from`, so a diff shows only those changes.
 */
export const startResolution = async (at: GitContext, by: CommitIdentity, sides: ResolutionStart): Promise<Sha> => {
  const { onto, head, forkPoint } = sides;
  const { tree } = await mergeForResolution(at, by, sides);
  const times = await readCommitTimes(at, [onto, head]);
  const write = (parents: readonly Sha[], of: Sha): Promise<Sha> =>
    writeCommit(at, { tree: of, parents, message: "Resolve this", at: Math.max(...times), committer: by });
  if (forkPoint === undefined) return write([onto, head], tree);
  const compared = await createComparedCommits(at, by, { onto, head, forkPoint });
  return write([await write([onto, compared.onto], await readTreeId(at, onto)), compared.head], tree);
};

const mergeForResolution = async (
  at: GitContext,
  by: CommitIdentity,
  { regenerated, ...of }: ResolutionStart,
): Promise<{ tree: Sha; stages: readonly ConflictStage[] }> => {
  const { tree, stages } = await mergeChangesSince(at, by, of);
  if (regenerated.length === 0) return { tree, stages };
  const entries = await listTree(at, tree);
  for (const path of regenerated) {
    const sides = stages.filter((each) => each.path === path && each.stage > 1).toSorted((a, b) => a.stage - b.stage);
    // Git reported these modes.
    if (sides[0]) entries.set(path, { mode: sides[0].mode as TreeEntry["mode"], sha: sides[0].sha });
  }
  return { tree: await writeTree(at, entries), stages };
};

/**
 * Commits a resolution. The head is the first parent, which keeps the branch's history linear.
 * With `from`, the head is not a parent: its history may contain changes that must not return.
 */
export const buildResolution = async (
  at: GitContext,
  by: CommitIdentity,
  { result, onto, head, regenerated, message, forkPoint, generated = [] }: Extract<Query, { kind: "resolution" }>,
): Promise<QueryAnswers["resolution"]> => {
  const { tree: begun, stages } = await mergeForResolution(at, by, { onto, head, regenerated, forkPoint });
  const changes = await readResultFiles(at, result);
  const there = await listTree(at, begun);
  const deletions = findUnexplainedDeletions({ there, stages, changes }).filter((path) => !generated.includes(path));
  if (deletions.length > 0) return { kind: "deletions", paths: deletions };
  const clash = findTreeClashes(there, changes);
  if (clash.length > 0) return { kind: "clash", paths: clash };
  const tree = changes.size === 0 ? begun : await writeTreeFiles(at, begun, changes);
  const marked = await findFilesWithMarkers(at, tree, { stages, touched: [...changes.keys()] });
  if (marked.length > 0) return { kind: "markers", paths: marked };
  const times = await readCommitTimes(at, [onto, head, result]);
  const parents = forkPoint === undefined ? [head, onto] : [onto];
  return { kind: "commit", commit: await writeCommit(at, { tree, parents, message, at: Math.max(...times), committer: by }) };
};

type DeletionCheck = {
  readonly there: ReadonlyMap<string, unknown>;
  readonly stages: readonly ConflictStage[];
  readonly changes: NewFiles;
};

/**
 * Paths that the resolution deletes although neither side did. A deletion is explained if the clean merge lacks the path,
 * or if one side of the conflict lacks the file.
 */
const findUnexplainedDeletions = ({ there, stages, changes }: DeletionCheck): string[] => {
  const conflicting = new Set(stages.map(({ path }) => path));
  const has = (side: number, path: string): boolean => stages.some((each) => each.path === path && each.stage === side);
  return [...changes].flatMap(([path, file]) => {
    const isKept = conflicting.has(path) ? has(2, path) && has(3, path) : there.has(path);
    return file === null && isKept ? [path] : [];
  });
};

type MarkerSearch = { readonly stages: readonly ConflictStage[]; readonly touched: readonly string[] };

/** Files with a marker line that neither side contains: documentation about conflicts may contain markers. */
const findFilesWithMarkers = async (at: GitContext, tree: Sha, { stages, touched }: MarkerSearch): Promise<string[]> => {
  const entries = await listTree(at, tree);
  const paths = [...new Set([...stages.map(({ path }) => path), ...touched])].filter((path) => isFileMode(entries.get(path)?.mode));
  const sides = stages.filter(({ stage, mode }) => stage > 1 && isFileMode(mode));
  const ids = [...paths.flatMap((path) => entries.get(path)?.sha ?? []), ...sides.map(({ sha }) => sha)];
  const blobs = await readBlobs(at, [...new Set(ids)]);
  const linesOf = (sha: Sha | undefined): string[] => listMarkerLines(blobs.get(sha ?? "")?.toString("latin1") ?? "");
  return paths.filter((path) => {
    const known = new Set(sides.filter((each) => each.path === path).flatMap(({ sha }) => linesOf(sha)));
    return linesOf(entries.get(path)?.sha).some((line) => !known.has(line));
  });
};

const isFileMode = (mode: string | undefined): boolean => mode === "100644" || mode === "100755";

/** Conflict marker lines that git writes. */
const listMarkerLines = (text: string): string[] => [...text.matchAll(/^(?:<{7}|>{7}|={7}|\|{7})(?: .*)?\r?$/gm)].map(([line]) => line);
