import type { Query, QueryAnswers } from "../../core/domain/query.ts";
import { isInline, isPutBackInPart, type PutBack, putBackChecks } from "../../core/policy/put-back.ts";
import { type CommitIdentity, type NewFiles, readBlobs, readCommitTimes, readTreeId, writeCommit, writeTreeFiles } from "./git-objects.ts";
import { listTree, type TreeEntry, writeTree } from "./git-tree.ts";
import { EMPTY_TREE, findForkPoint, MAX_JUDGED_BYTES, readSizes } from "./read-tampering.ts";
import type { GitContext } from "./run-git.ts";

/** A head on which the given files are as they were before its own changes. Equal input results in the same commit in every clone. */
export const buildTrial = async (
  at: GitContext,
  by: CommitIdentity,
  { head, onto, paths, message }: Extract<Query, { kind: "trial" }>,
): Promise<QueryAnswers["trial"]> => {
  const forks = await findForkPoints(at, onto, head);
  const earlier = await listEarlierEntries(at, forks, paths);
  const entries = await listTree(at, head);
  const texts = await mergeTexts(at, entries, earlier);
  if (typeof texts === "string") return { kind: "inseparable", path: texts };
  for (const [path, entry] of earlier) putEntry(entries, path, entry);
  const tree = await writeTreeFiles(at, await writeTree(at, entries), texts);
  if (tree === (await readTreeId(at, head))) return { kind: "unchanged" };
  const [time = 0] = await readCommitTimes(at, [head]);
  const [first = head] = forks;
  const commit = await writeCommit(at, { tree, parents: [head], message, at: time, committer: by });
  return { kind: "commit", commit, onto: first === EMPTY_TREE ? head : first };
};

const findForkPoints = async (at: GitContext, onto: readonly string[], head: string): Promise<string[]> => {
  const found: string[] = [];
  for (const other of onto) found.push(await findForkPoint(at, other, head));
  return found;
};

type EarlierEntries = ReadonlyMap<string, TreeEntry | null>;

/** Files before a head: as the work below it made them, otherwise as the base has them. */
const listEarlierEntries = async (at: GitContext, forks: readonly string[], paths: readonly string[]): Promise<EarlierEntries> => {
  const isAbove = (folder: string): boolean => paths.some((path) => path.startsWith(folder));
  const trees: Map<string, TreeEntry>[] = [];
  for (const fork of forks) trees.push(await listTree(at, fork, isAbove));
  return new Map(
    paths.map((path) => {
      const [base, ...others] = trees.map((tree) => tree.get(path) ?? null);
      const changed = others.findLast((entry) => entry?.sha !== base?.sha);
      return [path, (changed === undefined ? base : changed) ?? null] as const;
    }),
  );
};

/** Puts a file in the place of what the head has there: a folder, or a file in the place of a folder of the path. */
const putEntry = (entries: Map<string, TreeEntry>, path: string, entry: TreeEntry | null): void => {
  entries.delete(path);
  if (entry === null) return;
  for (const other of entries.keys()) if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) entries.delete(other);
  entries.set(path, entry);
};

const isFile = (entry: TreeEntry | null | undefined): entry is TreeEntry => entry?.mode === "100644" || entry?.mode === "100755";

/** The files of which only a part is put back; or the path of a file whose parts cannot be separated. */
const mergeTexts = async (at: GitContext, entries: ReadonlyMap<string, TreeEntry>, earlier: EarlierEntries): Promise<NewFiles | string> => {
  const pairs = [...earlier].flatMap(([path, before]) => {
    const after = entries.get(path);
    return isPutBackInPart(path) && isFile(before) && isFile(after) ? [{ path, before, after }] : [];
  });
  const ids = [...new Set(pairs.flatMap(({ before, after }) => [before.sha, after.sha]))];
  const sizes = await readSizes(at, ids);
  const isSmall = (sha: string): boolean => (sizes.get(sha) ?? Number.POSITIVE_INFINITY) <= MAX_JUDGED_BYTES;
  const blobs = await readBlobs(
    at,
    ids.filter((sha) => isSmall(sha)),
  );
  const read = ({ sha }: TreeEntry): string => blobs.get(sha)?.toString("utf8") ?? "";
  const texts = new Map<string, { readonly content: string; readonly mode: "100755" | "100644" }>();
  for (const { path, before, after } of pairs) {
    const isRead = isSmall(before.sha) && isSmall(after.sha);
    if (!isRead && isInline(path)) return path;
    const back: PutBack = isRead ? putBackChecks({ path, before: read(before), after: read(after) }) : { kind: "whole" };
    if (back.kind === "inseparable") return path;
    if (back.kind === "text") texts.set(path, { content: back.text, mode: before.mode === "100755" ? "100755" : "100644" });
  }
  return texts;
};
