import { MALFORMED_RESULT_REFUSAL, MISSING_FILE_REFUSAL, refuseOtherMode } from "../../core/messages/refusals/results.ts";
import { type BundleFile, type BundleRules, checkBundle, formatPath } from "../../core/policy/check-bundle.ts";
import type { JobResult } from "../../core/domain/job.ts";
import type { Refusal } from "../../core/domain/refusal.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { readBlobs, readTextAt } from "../git/git-objects.ts";
import { listSizedTree, type SizedEntry } from "../git/git-tree.ts";
import type { GitContext } from "../git/run-git.ts";
import { MAX_RESULT_BYTES } from "./load-ledger.ts";
import { readJobResult } from "./read-job-result.ts";

type ResultFile = { readonly file: BundleFile; readonly blob: Sha | null };

/**
 * Judges the files of a result commit by the same rules as publish, from the commit itself. Returns the first refusal, or null. Further
 * refusals: `missing-file`, `other-mode`.
 */
export const judgeResultFiles = async (
  at: GitContext,
  { result, rules }: { readonly result: Sha; readonly rules: BundleRules },
): Promise<Refusal | null> => {
  const text = await readTextAt(at, { commit: result, path: "result.json", maxBytes: MAX_RESULT_BYTES });
  const claimed = text === null ? null : readJobResult(text);
  if (!claimed) return MALFORMED_RESULT_REFUSAL;
  const listed = listResultFiles(claimed.files, await listSizedTree(at, result));
  if (!Array.isArray(listed)) return listed;
  // Checks count, sizes and names before reading any content.
  const named = checkBundle(
    listed.map(({ file }) => file),
    rules,
  );
  if (!named.ok) return named.refusal;
  const blobs = await readBlobs(
    at,
    listed.flatMap(({ blob }) => blob ?? []),
  );
  const checked = checkBundle(
    listed.map(({ file, blob }) => ({ ...file, text: blob === null ? null : (blobs.get(blob)?.toString("utf8") ?? null) })),
    rules,
  );
  return checked.ok ? null : checked.refusal;
};

const listResultFiles = (claimed: JobResult["files"], tree: ReadonlyMap<string, SizedEntry>): ResultFile[] | Refusal => {
  const files: ResultFile[] = [];
  for (const { path, mode } of claimed) {
    const entry = tree.get(`files/${path}`);
    if (mode === null) files.push({ file: { path, kind: "deleted", executable: false, size: 0, text: null }, blob: null });
    else if (!entry) return MISSING_FILE_REFUSAL;
    else files.push(toResultFile(path, entry));
    if (entry && mode !== null && (entry.mode === "100644" || entry.mode === "100755") && entry.mode !== mode)
      return refuseOtherMode(formatPath(path));
  }
  return files;
};

const toResultFile = (path: string, { mode, sha, size }: SizedEntry): ResultFile => {
  const isFile = mode === "100644" || mode === "100755";
  const kind = isFile ? "file" : mode === "120000" ? "link" : "other";
  return { file: { path, kind, executable: mode === "100755", size, text: null }, blob: isFile ? sha : null };
};
