import type { Sha } from "../../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../../core/domain/query.ts";
import type { TamperingFinding } from "../../core/domain/tampering.ts";
import { findTampering, type JudgedChange, type JudgedText, UNREAD } from "../../core/policy/find-tampering.ts";
import { findJudgingFile } from "../../core/policy/judging-files.ts";
import { GitError, runGit, runGitOrThrow, type GitContext } from "./run-git.ts";
import { readBlobs } from "./git-objects.ts";

/** Larger files are left to a person. In bytes. */
export const MAX_JUDGED_BYTES = 500_000;
const MAX_TOTAL_BYTES = 20_000_000;

/** Nobody reads a longer list. */
const MAX_FINDINGS = 50;

/** Findings in a head's own changes: files that are weaker than in each of the given commits, with the kind found against the first. */
export const readTampering = async (
  at: GitContext,
  { head, onto }: Extract<Query, { kind: "tampering" }>,
): Promise<QueryAnswers["tampering"]> => {
  let own: readonly TamperingFinding[] | null = null;
  for (const other of onto) {
    const found: readonly TamperingFinding[] = findTampering(await readJudgedChanges(at, await findForkPoint(at, other, head), head));
    const paths = new Set(found.map(({ path }) => path));
    own = own === null ? found : own.filter(({ path }) => paths.has(path));
    if (own.length === 0) return [];
  }
  return (own ?? []).slice(0, MAX_FINDINGS);
};

/** The newest common commit, or the empty tree. */
export const findForkPoint = async (at: GitContext, one: Sha, other: Sha): Promise<Sha> => {
  const { stdout, code } = await runGit(at, ["merge-base", one, other]);
  return code === 0 ? stdout.toString("utf8").trim() : EMPTY_TREE;
};

export const EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const NO_BLOB = /^0+$/;

type ChangedBlobs = { readonly path: string; readonly before: Sha | null; readonly after: Sha | null };

const readJudgedChanges = async (at: GitContext, from: Sha, to: Sha): Promise<JudgedChange[]> => {
  const changed = await listChangedBlobs(at, from, to);
  const ids = [...new Set(changed.flatMap(({ before, after }) => [before, after]).filter((id) => id !== null))];
  const sizes = await readSizes(at, ids);
  let free = MAX_TOTAL_BYTES;
  const small = ids.filter((id) => {
    const size = sizes.get(id) ?? Number.POSITIVE_INFINITY;
    if (size > MAX_JUDGED_BYTES || size > free) return false;
    free -= size;
    return true;
  });
  const blobs = await readBlobs(at, small);
  const read = (id: Sha | null): JudgedText => {
    if (id === null) return null;
    const content = blobs.get(id);
    return content === undefined || content.includes(0) ? UNREAD : content.toString("utf8");
  };
  return changed.map(({ path, before, after }) => ({ path, before: read(before), after: read(after) }));
};

/** Files that differ and judge a change. Links and submodules have no text. Format: `:<mode> <mode> <sha> <sha> <status> NUL <path> NUL`. */
const listChangedBlobs = async (at: GitContext, from: Sha, to: Sha): Promise<ChangedBlobs[]> => {
  const out = await runGitOrThrow(at, ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", from, to, "--"]);
  const fields = out.split("\0");
  const all: ChangedBlobs[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [, , before = "", after = ""] = (fields[index] ?? "").split(" ");
    const path = fields[index + 1] ?? "";
    if (findJudgingFile(path) !== null) all.push({ path, before: toBlob(before), after: toBlob(after) });
  }
  return all;
};

const toBlob = (id: string): Sha | null => (NO_BLOB.test(id) ? null : id);

export const readSizes = async (at: GitContext, ids: readonly Sha[]): Promise<Map<Sha, number>> => {
  if (ids.length === 0) return new Map();
  const { stdout, code, stderr } = await runGit(at, ["cat-file", "--batch-check"], `${ids.join("\n")}\n`);
  if (code !== 0) throw new GitError(`git cat-file: ${stderr.trim()}`);
  const lines = stdout.toString("utf8").trimEnd().split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [id = "", type, size] = line.split(" ");
      return type === "blob" ? [[id, Number(size)] as const] : [];
    }),
  );
};
