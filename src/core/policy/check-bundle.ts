import {
  refuseAmbiguousPath,
  refuseBadPath,
  refuseConflictMarker,
  refuseFileAndFolder,
  refuseLargeChange,
  refuseLoneLockFile,
  refuseManyFiles,
  refuseOutsidePath,
  refuseProtectedPath,
  refuseSamePath,
  refuseSecretInFile,
  refuseSecretInName,
  refuseSpecialFile,
} from "../messages/refusals/bundles.ts";
import { accept, type Result } from "../domain/refusal.ts";
import { compileGlob, type PathMatcher } from "./glob.ts";
import { foldPath, isAmbiguousPath, isBadPath } from "./path-form.ts";
import { createProtection, explainUnprotecting, findLoneLockFile, LOCK_FILES } from "./protected-paths.ts";
import { findSecrets, redactSecrets } from "./secrets.ts";

/** A changed path of an untrusted job's bundle. */
export type BundleFile = {
  readonly path: string;
  readonly kind: "file" | "link" | "other" | "deleted";
  readonly executable: boolean;
  /** In bytes. */
  readonly size: number;
  /** `null` for binary files. */
  readonly text: string | null;
};

export type BundleRules = {
  /** Globs of paths that no step may change. */
  readonly protected: readonly string[];
  /** Whether lock files may change without their manifest. */
  readonly anyLockFiles: boolean;
  /** Globs of the paths open to the step; empty for all. */
  readonly allowed: readonly string[];
  readonly maxFiles: number;
  readonly maxBytes: number;
  /** Whether the bundle resolves a conflict, so that no conflict marker may remain. */
  readonly resolving: boolean;
  /** Paths that had conflict markers before. */
  readonly pathsWithMarkers?: readonly string[];
};

/**
 * Accepts the files of a bundle if all may be published; otherwise refuses with the first reason.
 * Refusals: `too-many-files`, `too-large`, `bad-path`, `not-a-file`, `same-path`, `file-and-folder`, `protected-path`, `outside-paths`, `secret`, `conflict-marker`.
 */
export const checkBundle = (files: readonly BundleFile[], rules: BundleRules): Result<readonly BundleFile[]> => {
  if (files.length > rules.maxFiles) return refuseManyFiles(files.length, rules.maxFiles);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > rules.maxBytes) return refuseLargeChange(size, rules.maxBytes);
  const paths = { findProtection: createProtection(rules.protected), allowed: rules.allowed.map((glob) => compileGlob(glob)) };
  for (const file of files) {
    const fault = findPathFault(file, paths) ?? findContentFault(file, rules);
    if (fault) return fault;
  }
  return findPathClash(files) ?? findUnexplainedLock(files, rules) ?? accept(files);
};

/** Finds paths that exclude each other on some file system. A deleted path clashes only with itself, so a rename may change case only. */
const findPathClash = (files: readonly BundleFile[]) => {
  const written = files.filter(({ kind }) => kind !== "deleted");
  const exact = new Set<string>();
  const folded = new Set<string>();
  for (const file of files) {
    if (exact.has(file.path) || (file.kind !== "deleted" && folded.has(foldPath(file.path)))) return refuseSamePath(formatBundlePath(file));
    exact.add(file.path);
    if (file.kind !== "deleted") folded.add(foldPath(file.path));
  }
  const folders = new Set(written.flatMap(({ path }) => listParentFolders(foldPath(path))));
  const both = written.find(({ path }) => folders.has(foldPath(path)));
  return both ? refuseFileAndFolder(formatBundlePath(both)) : null;
};

const listParentFolders = (path: string): string[] =>
  path
    .split("/")
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join("/"));

/** A path in a message: cut, and without a credential that is part of it. */
export const formatPath = (path: string): string => JSON.stringify(redactSecrets(path).slice(0, 200));
const formatBundlePath = ({ path }: BundleFile): string => formatPath(path);

type PathRules = { readonly findProtection: (path: string) => string | null; readonly allowed: readonly PathMatcher[] };

const findPathFault = (file: BundleFile, { findProtection, allowed }: PathRules) => {
  const name = formatBundlePath(file);
  if (isBadPath(file.path)) return refuseBadPath(name);
  if (isAmbiguousPath(file.path)) return refuseAmbiguousPath(name);
  if (file.kind === "link" || file.kind === "other")
    return refuseSpecialFile(name, file.kind === "link" ? "symbolic link" : "special file or submodule");
  const protection = findProtection(file.path);
  if (protection !== null) return refuseProtectedPath(name, explainUnprotecting(protection) ?? "");
  if (allowed.length > 0 && !allowed.some((matches) => matches(file.path))) return refuseOutsidePath(name);
  return null;
};

/** In a conflict only files change that both sides changed, so a lock file may be alone. */
const findUnexplainedLock = (files: readonly BundleFile[], { anyLockFiles, resolving }: BundleRules) => {
  const path = anyLockFiles || resolving ? null : findLoneLockFile(files.map((file) => file.path));
  return path === null ? null : refuseLoneLockFile(formatPath(path), LOCK_FILES);
};

/** Whether a line looks like one that git writes between the sides of a conflict. */
export const hasConflictMarker = (text: string): boolean => /^(?:<{7}|>{7}|={7})(?: |\r?$)/mu.test(text);

const findContentFault = (file: BundleFile, rules: BundleRules) => {
  const [named] = findSecrets(file.path);
  if (named) return refuseSecretInName(named);
  if (file.text === null) return null;
  const [secret] = findSecrets(file.text);
  if (secret) return refuseSecretInFile(formatBundlePath(file), secret);
  if (rules.resolving && hasConflictMarker(file.text) && rules.pathsWithMarkers?.includes(file.path) !== true)
    return refuseConflictMarker(formatBundlePath(file));
  return null;
};
