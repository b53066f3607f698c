import { accept, refuse, type Result } from "../domain/refusal.ts";
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
  if (files.length > rules.maxFiles)
    return refuse("too-many-files", `${files.length} files changed, but at most ${rules.maxFiles} may change.`);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > rules.maxBytes) return refuse("too-large", `${size} bytes changed, but at most ${rules.maxBytes} may change.`);
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
    if (exact.has(file.path) || (file.kind !== "deleted" && folded.has(foldPath(file.path))))
      return refuse("same-path", `${formatBundlePath(file)} occurs twice, at most with different case.`);
    exact.add(file.path);
    if (file.kind !== "deleted") folded.add(foldPath(file.path));
  }
  const folders = new Set(written.flatMap(({ path }) => listParentFolders(foldPath(path))));
  const both = written.find(({ path }) => folders.has(foldPath(path)));
  return both ? refuse("file-and-folder", `${formatBundlePath(both)} is both a file and a folder.`) : null;
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
  if (isBadPath(file.path)) return refuse("bad-path", `${name} is not a valid path inside the repository.`);
  if (isAmbiguousPath(file.path)) return refuse("bad-path", `${name} does not name the same file on every system.`);
  if (file.kind === "link" || file.kind === "other")
    return refuse(
      "not-a-file",
      `${name} is a ${file.kind === "link" ? "symbolic link" : "special file or submodule"}; only regular files are accepted.`,
    );
  const protection = findProtection(file.path);
  if (protection !== null)
    return refuse(
      "protected-path",
      [`${name} is protected: no step may change it.`, explainUnprotecting(protection) ?? ""].join(" ").trim(),
    );
  if (allowed.length > 0 && !allowed.some((matches) => matches(file.path)))
    return refuse("outside-paths", `${name} is outside the paths that this step may change.`);
  return null;
};

/** In a conflict only files change that both sides changed, so a lock file may be alone. */
const findUnexplainedLock = (files: readonly BundleFile[], { anyLockFiles, resolving }: BundleRules) => {
  const path = anyLockFiles || resolving ? null : findLoneLockFile(files.map((file) => file.path));
  return path === null
    ? null
    : refuse(
        "protected-path",
        `${formatPath(path)} is a lock file, and no manifest changed with it. To allow it, set \`unprotected = ["${LOCK_FILES}"]\` in \`[policy]\` of \`.enki/enki.toml\`.`,
      );
};

/** Whether a line looks like one that git writes between the sides of a conflict. */
export const hasConflictMarker = (text: string): boolean => /^(?:<{7}|>{7}|={7})(?: |\r?$)/mu.test(text);

const findContentFault = (file: BundleFile, rules: BundleRules) => {
  const [named] = findSecrets(file.path);
  if (named) return refuse("secret", `The name of a changed file seems to contain ${named}.`);
  if (file.text === null) return null;
  const [secret] = findSecrets(file.text);
  if (secret) return refuse("secret", `${formatBundlePath(file)} seems to contain ${secret}.`);
  if (rules.resolving && hasConflictMarker(file.text) && rules.pathsWithMarkers?.includes(file.path) !== true)
    return refuse("conflict-marker", `${formatBundlePath(file)} still has conflict markers.`);
  return null;
};
