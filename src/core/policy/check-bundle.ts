import { accept, refuse, type Result } from "../domain/refusal.ts";
import { matchesGlob } from "./glob.ts";
import { findSecrets } from "./secrets.ts";

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
  /** Globs of the paths open to the step; empty for all. */
  readonly allowed: readonly string[];
  readonly maxFiles: number;
  readonly maxBytes: number;
  /** Whether the bundle resolves a conflict, so that no conflict marker may remain. */
  readonly resolving: boolean;
  /** Paths that had conflict markers before. */
  readonly pathsWithMarkers?: readonly string[];
};

/** GitHub and Enki run these files without a person's review, so no configuration lets a step change them. */
const ALWAYS_PROTECTED = [".github/workflows/**", ".github/actions/**", ".enki/**", ".gitmodules", "**/.gitmodules"];

/**
 * Accepts the files of a bundle if all may be published; otherwise refuses with the first reason.
 * Refusals: `too-many-files`, `too-large`, `bad-path`, `not-a-file`, `same-path`, `file-and-folder`, `protected-path`, `outside-paths`, `secret`, `conflict-marker`.
 */
export const checkBundle = (files: readonly BundleFile[], rules: BundleRules): Result<readonly BundleFile[]> => {
  if (files.length > rules.maxFiles)
    return refuse("too-many-files", `${files.length} files changed, but at most ${rules.maxFiles} may change.`);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > rules.maxBytes) return refuse("too-large", `${size} bytes changed, but at most ${rules.maxBytes} may change.`);
  for (const file of files) {
    const fault = findPathFault(file, rules) ?? findContentFault(file, rules);
    if (fault) return fault;
  }
  return findPathClash(files) ?? accept(files);
};

const foldPathCase = (path: string): string => path.normalize("NFC").toLowerCase();

/** Finds paths that exclude each other on some file system. A deleted path clashes only with itself, so a rename may change case only. */
const findPathClash = (files: readonly BundleFile[]) => {
  const written = files.filter(({ kind }) => kind !== "deleted");
  const exact = new Set<string>();
  const folded = new Set<string>();
  for (const file of files) {
    if (exact.has(file.path) || (file.kind !== "deleted" && folded.has(foldPathCase(file.path))))
      return refuse("same-path", `${formatBundlePath(file)} occurs twice, at most with different case.`);
    exact.add(file.path);
    if (file.kind !== "deleted") folded.add(foldPathCase(file.path));
  }
  const folders = new Set(written.flatMap(({ path }) => listParentFolders(foldPathCase(path))));
  const both = written.find(({ path }) => folders.has(foldPathCase(path)));
  return both ? refuse("file-and-folder", `${formatBundlePath(both)} is both a file and a folder.`) : null;
};

const listParentFolders = (path: string): string[] =>
  path
    .split("/")
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join("/"));

const formatBundlePath = ({ path }: BundleFile): string => JSON.stringify(path.slice(0, 200));

/** Names that mean git's directory on some file system, also through short names, trailing dots or invisible characters. */
const isGitName = (part: string): boolean =>
  /^(?:\.git|git~\d+)$/iu.test(
    part
      .normalize("NFKC")
      .replaceAll(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu, "")
      .replace(/(?:[. ]|::?\$.*)+$/u, ""),
  );

const isBadPath = (path: string): boolean =>
  path === "" ||
  path.length > 1_000 ||
  // Control characters, lone surrogates (git would write all of them alike), and separators of other systems.
  /[\p{Cc}\p{Cs}\\]/u.test(path) ||
  /^[a-z]:/iu.test(path) ||
  path.split("/").some((part) => part === "" || part === "." || part === ".." || isGitName(part));

/** Whether no step may change the path, however it is spelled. */
export const isProtectedPath = (path: string, globs: readonly string[]): boolean => {
  const plain = path.normalize("NFKC").replace(/[. ]+(?=\/|$)/gu, "");
  return [...ALWAYS_PROTECTED, ...globs].some((glob) => matchesGlob(glob, plain));
};

const findPathFault = (file: BundleFile, rules: BundleRules) => {
  if (isBadPath(file.path)) return refuse("bad-path", `${formatBundlePath(file)} is not a valid path inside the repository.`);
  if (file.kind === "link" || file.kind === "other")
    return refuse(
      "not-a-file",
      `${formatBundlePath(file)} is a ${file.kind === "link" ? "symbolic link" : "special file or submodule"}; only regular files are accepted.`,
    );
  if (isProtectedPath(file.path, rules.protected))
    return refuse("protected-path", `${formatBundlePath(file)} is protected: no step may change it.`);
  if (rules.allowed.length > 0 && !rules.allowed.some((glob) => matchesGlob(glob, file.path)))
    return refuse("outside-paths", `${formatBundlePath(file)} is outside the paths that this step may change.`);
  return null;
};

/** Whether a line looks like one that git writes between the sides of a conflict. */
export const hasConflictMarker = (text: string): boolean => /^(?:<{7}|>{7}|={7})(?: |\r?$)/mu.test(text);

const findContentFault = (file: BundleFile, rules: BundleRules) => {
  if (file.text === null) return null;
  const [secret] = findSecrets(file.text);
  if (secret) return refuse("secret", `${formatBundlePath(file)} seems to contain ${secret}.`);
  if (rules.resolving && hasConflictMarker(file.text) && rules.pathsWithMarkers?.includes(file.path) !== true)
    return refuse("conflict-marker", `${formatBundlePath(file)} still has conflict markers.`);
  return null;
};
