import type { Sha, TaskId } from "../model/ids.ts";
import type { JobResult } from "../model/job.ts";
import type { Answers, Link, Query } from "../model/query.ts";
import { applyTo } from "./carries.ts";
import {
  commitTimes,
  type Identity,
  isAncestor,
  mergeTrees,
  type NewFiles,
  readBlobs,
  treeOf,
  writeCommit,
  writeFiles,
} from "./objects.ts";
import { git, type Running } from "./run.ts";
import { listTree } from "./tree.ts";

type Ask<K extends Query["kind"]> = Extract<Query, { kind: K }>;

/** Heads merged onto a commit in order, as commits with the dates of what they merge: the same in every clone. */
export const buildChain = async (at: Running, by: Identity, { onto, merges }: Ask<"chain">): Promise<Answers["chain"]> => {
  const links: Link[] = [];
  const out = new Set<TaskId>();
  let tip = onto;
  for (const { task, head, message, needs } of merges) {
    const merged = needs.some((each) => out.has(each)) ? null : await mergeTrees(at, tip, head);
    if (merged?.kind === "tree") {
      const time = Math.max(...(await commitTimes(at, [tip, head])));
      tip = await writeCommit(at, { tree: merged.tree, parents: [tip, head], message, at: time, by });
      links.push({ kind: "merged", commit: tip, tree: merged.tree });
    } else {
      out.add(task);
      links.push(merged ?? { kind: "left-out" });
    }
  }
  return links;
};

/** True for a path that stays in its tree and does not reach git's own files, on any file system. */
const isSafePath = (path: string): boolean =>
  path !== "" &&
  !path.includes("\0") &&
  !path.includes("\\") &&
  path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/^(\.git|git~\d+)[. ]*$/i.test(part));

/**
 * A result's files as a commit on its base, carried to `onto` by a three-way merge, so that its parent is `onto`.
 * Only contents are taken; modes other than a file's are refused by whoever published it, and again here.
 */
export const buildWork = async (at: Running, by: Identity, { result, base, onto, message }: Ask<"work">): Promise<Answers["work"]> => {
  const changes = await readWork(at, result);
  const clash = clashes(await listTree(at, base), changes);
  if (clash.length > 0) return { kind: "conflict", paths: clash };
  const tree = await writeFiles(at, base, changes);
  const [baseTime = 0, resultTime = 0] = await commitTimes(at, [base, result]);
  const time = Math.max(baseTime, resultTime);
  const work = await writeCommit(at, { tree, parents: [base], message, at: time, by });
  if (tree === (await treeOf(at, base))) return { kind: "unchanged" };
  return onto === base ? { kind: "commit", commit: work } : carry(at, by, { work, base, onto, message, time });
};

/** The files that a result brings. */
export const readWork = async (at: Running, result: Sha): Promise<NewFiles> => {
  const published = await listTree(at, result);
  const read = published.get("result.json");
  if (!read) return new Map();
  const content = (await readBlobs(at, [read.sha])).get(read.sha);
  // Written by publish, which checked it against the schema.
  const { files } = JSON.parse(content?.toString("utf8") ?? "{}") as JobResult;
  const wanted = files.filter(({ path }) => isSafePath(path));
  const blobs = wanted.flatMap(({ path }) => published.get(`files/${path}`)?.sha ?? []);
  const contents = await readBlobs(at, blobs);
  return new Map(
    wanted.map(({ path, mode }) => {
      const entry = published.get(`files/${path}`);
      const bytes = entry && contents.get(entry.sha);
      return [path, mode !== null && bytes ? { content: bytes, mode } : null] as const;
    }),
  );
};

/** New paths below a file of the base, or in the place of one of its folders: git would write a tree with that name twice. */
export const clashes = (base: ReadonlyMap<string, unknown>, changes: NewFiles): string[] => {
  const written = [...changes].flatMap(([path, file]) => (file ? [path] : []));
  const kept = [...base.keys()].filter((path) => changes.get(path) === undefined);
  const files = new Set([...kept, ...written]);
  const folders = new Set([...files].flatMap((path) => foldersOf(path)));
  return written.filter((path) => folders.has(path) || foldersOf(path).some((folder) => files.has(folder)));
};

const foldersOf = (path: string): string[] => {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) folders.push(path.slice(0, at));
  return folders;
};

const carry = async (
  at: Running,
  by: Identity,
  { work, base, onto, message, time }: { work: Sha; base: Sha; onto: Sha; message: string; time: number },
): Promise<Answers["work"]> => {
  const merged = (await isAncestor(at, base, onto))
    ? await mergeTrees(at, onto, work)
    : await applyTo(at, by, { head: work, from: base, onto });
  if (merged.kind === "conflict") return merged;
  if (merged.tree === (await treeOf(at, onto))) return { kind: "unchanged" };
  const [ontoTime = 0] = await commitTimes(at, [onto]);
  return {
    kind: "commit",
    commit: await writeCommit(at, { tree: merged.tree, parents: [onto], message, at: Math.max(time, ontoTime), by }),
  };
};

/** A merge taken back on a tip: what its first parent has in place of it. */
export const buildRevert = async (at: Running, by: Identity, { merge, tip, message }: Ask<"revert">): Promise<Answers["revert"]> => {
  const parent = (await git(at, ["rev-parse", `${merge}^1`])).trim();
  const taken = await applyTo(at, by, { head: parent, from: merge, onto: tip });
  if (taken.kind === "conflict") return null;
  const [time = 0] = await commitTimes(at, [tip]);
  return writeCommit(at, { tree: taken.tree, parents: [tip], message, at: time, by });
};
