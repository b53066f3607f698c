import type { Sha, TaskId } from "../../core/domain/ids.ts";
import type { JobResult } from "../../core/domain/job.ts";
import type { QueryAnswers, ChainLink, Query } from "../../core/domain/query.ts";
import { foldPath, isBadPath } from "../../core/policy/path-form.ts";
import { applyChanges } from "./build-rebase.ts";
import {
  readCommitTimes,
  type CommitIdentity,
  isAncestor,
  mergeTrees,
  type NewFiles,
  readBlobs,
  readTreeId,
  writeCommit,
  writeTreeFiles,
} from "./git-objects.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";
import { listTree } from "./git-tree.ts";

type CandidateQuery<K extends Query["kind"]> = Extract<Query, { kind: K }>;

/** Merges heads onto a commit in order. Each merge commit takes its date from the head, so every clone creates the same commits. */
export const buildMergeChain = async (
  at: GitContext,
  by: CommitIdentity,
  { onto, merges }: CandidateQuery<"merge-chain">,
): Promise<QueryAnswers["merge-chain"]> => {
  const links: ChainLink[] = [];
  const out = new Set<TaskId>();
  let tip = onto;
  for (const { task, head, message, needs } of merges) {
    const merged = needs.some((each) => out.has(each)) ? null : await mergeTrees(at, tip, head);
    if (merged?.kind === "tree") {
      const time = Math.max(...(await readCommitTimes(at, [tip, head])));
      tip = await writeCommit(at, { tree: merged.tree, parents: [tip, head], message, at: time, committer: by });
      links.push({ kind: "merged", commit: tip, tree: merged.tree });
    } else {
      out.add(task);
      links.push(merged ?? { kind: "left-out" });
    }
  }
  return links;
};

/**
 * Commits the files of a result on its base commit, then rebases them by a three-way merge so that `onto` is the parent.
 * Only contents are read: publish rejects other file modes, and so does this function.
 */
export const buildWorkCommit = async (at: GitContext, by: CommitIdentity, query: CandidateQuery<"work">): Promise<QueryAnswers["work"]> =>
  buildChangesCommit(at, by, { ...query, changes: await readResultFiles(at, query.result) });

/** The same with what an interrupted attempt left. */
export const buildKeptCommit = async (at: GitContext, by: CommitIdentity, query: CandidateQuery<"work">): Promise<QueryAnswers["work"]> =>
  buildChangesCommit(at, by, {
    ...query,
    changes: await readListedFiles(at, query.result, { folder: "kept", list: ({ kept = [] }) => kept }),
  });

type WorkChanges = CandidateQuery<"work"> & { readonly changes: NewFiles };

const buildChangesCommit = async (
  at: GitContext,
  by: CommitIdentity,
  { result, baseCommit, onto, message, changes }: WorkChanges,
): Promise<QueryAnswers["work"]> => {
  const clash = findTreeClashes(await listTree(at, baseCommit), changes);
  if (clash.length > 0) return { kind: "conflict", paths: clash };
  const tree = await writeTreeFiles(at, baseCommit, changes);
  const [baseTime = 0, resultTime = 0] = await readCommitTimes(at, [baseCommit, result]);
  const time = Math.max(baseTime, resultTime);
  const work = await writeCommit(at, { tree, parents: [baseCommit], message, at: time, committer: by });
  if (tree === (await readTreeId(at, baseCommit))) return { kind: "unchanged" };
  return onto === baseCommit ? { kind: "commit", commit: work } : rebaseWork(at, by, { work, base: baseCommit, onto, message, time });
};

export const readResultFiles = (at: GitContext, result: Sha): Promise<NewFiles> =>
  readListedFiles(at, result, { folder: "files", list: ({ files }) => files });

type FileListing = { readonly folder: string; readonly list: (result: JobResult) => JobResult["files"] };

const readListedFiles = async (at: GitContext, result: Sha, { folder, list }: FileListing): Promise<NewFiles> => {
  const published = await listTree(at, result);
  const read = published.get("result.json");
  if (!read) return new Map();
  const content = (await readBlobs(at, [read.sha])).get(read.sha);
  // Publish checked the content against the schema.
  const files = list(JSON.parse(content?.toString("utf8") ?? "{}") as JobResult);
  const wanted = files.filter(({ path }) => !isBadPath(path));
  const blobs = wanted.flatMap(({ path }) => published.get(`${folder}/${path}`)?.sha ?? []);
  const contents = await readBlobs(at, blobs);
  return new Map(
    wanted.map(({ path, mode }) => {
      const entry = published.get(`${folder}/${path}`);
      const bytes = entry && contents.get(entry.sha);
      return [path, mode !== null && bytes ? { content: bytes, mode } : null] as const;
    }),
  );
};

/**
 * New paths that clash with a file or folder of the base tree: git would write a tree with a duplicate name, or a file system would store
 * two files as one.
 */
export const findTreeClashes = (base: ReadonlyMap<string, unknown>, changes: NewFiles): string[] => {
  const written = [...changes].flatMap(([path, file]) => (file ? [path] : []));
  const kept = [...base.keys()].filter((path) => changes.get(path) === undefined);
  const folded = new Set(kept.map((path) => foldPath(path)));
  const files = new Set([...kept, ...written]);
  const folders = new Set([...files].flatMap((path) => listAncestorFolders(path)));
  const isTwin = (path: string): boolean => !base.has(path) && folded.has(foldPath(path));
  return written.filter((path) => isTwin(path) || folders.has(path) || listAncestorFolders(path).some((folder) => files.has(folder)));
};

const listAncestorFolders = (path: string): string[] => {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) folders.push(path.slice(0, at));
  return folders;
};

const rebaseWork = async (
  at: GitContext,
  by: CommitIdentity,
  { work, base, onto, message, time }: { work: Sha; base: Sha; onto: Sha; message: string; time: number },
): Promise<QueryAnswers["work"]> => {
  const merged = (await isAncestor(at, base, onto))
    ? await mergeTrees(at, onto, work)
    : await applyChanges(at, by, { head: work, forkPoint: base, onto });
  if (merged.kind === "conflict") return merged;
  if (merged.tree === (await readTreeId(at, onto))) return { kind: "unchanged" };
  const [ontoTime = 0] = await readCommitTimes(at, [onto]);
  return {
    kind: "commit",
    commit: await writeCommit(at, { tree: merged.tree, parents: [onto], message, at: Math.max(time, ontoTime), committer: by }),
  };
};

/** Reverts a merge on a tip: restores the content of the merge's first parent. */
export const buildRevertCommit = async (
  at: GitContext,
  by: CommitIdentity,
  { merge, tip, message }: CandidateQuery<"revert">,
): Promise<QueryAnswers["revert"]> => {
  const parent = (await runGitOrThrow(at, ["rev-parse", `${merge}^1`])).trim();
  const taken = await applyChanges(at, by, { head: parent, forkPoint: merge, onto: tip });
  if (taken.kind === "conflict") return null;
  const [time = 0] = await readCommitTimes(at, [tip]);
  return writeCommit(at, { tree: taken.tree, parents: [tip], message, at: time, committer: by });
};
