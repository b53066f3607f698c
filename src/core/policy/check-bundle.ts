import { accept, refuse, type Result } from "../domain/refusal.ts";
import { matchesGlob } from "./glob.ts";
import { findSecrets } from "./secrets.ts";

/** A changed path as a job without rights left it: nothing about it is believed. */
export type BundleFile = {
  readonly path: string;
  readonly kind: "file" | "link" | "other" | "deleted";
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Null for what is no text. */
  readonly text: string | null;
};

export type BundleRules = {
  /** Globs that no step may change. */
  readonly protected: readonly string[];
  /** Globs that this step may change; all when empty. */
  readonly allowed: readonly string[];
  readonly maxFiles: number;
  readonly maxBytes: number;
  /** True for a conflict's resolution: no marker may be left. */
  readonly resolving: boolean;
  /** Paths that had such lines before. */
  readonly pathsWithMarkers?: readonly string[];
};

/** What Enki and GitHub run without a person's look: never by a step, whatever is configured. */
const ALWAYS_PROTECTED = [".github/workflows/**", ".github/actions/**", ".enki/**", ".gitmodules", "**/.gitmodules"];

/**
 * The files of a bundle when all of them may be published; else the first reason why none is.
 * Refusals: `too-many-files`, `too-large`, `bad-path`, `not-a-file`, `same-path`, `file-and-folder`, `protected-path`, `outside-paths`, `secret`, `conflict-marker`.
 */
export const checkBundle = (files: readonly BundleFile[], rules: BundleRules): Result<readonly BundleFile[]> => {
  if (files.length > rules.maxFiles) return refuse("too-many-files", `${files.length} files changed; at most ${rules.maxFiles} may.`);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > rules.maxBytes) return refuse("too-large", `${size} bytes changed; at most ${rules.maxBytes} may.`);
  for (const file of files) {
    const fault = findPathFault(file, rules) ?? findContentFault(file, rules);
    if (fault) return fault;
  }
  return findPathClash(files) ?? accept(files);
};

const foldPathCase = (path: string): string => path.normalize("NFC").toLowerCase();

/** Paths that one tree cannot hold, on any file system. What is deleted is in the way of nothing but itself: a rename may change case only. */
const findPathClash = (files: readonly BundleFile[]) => {
  const written = files.filter(({ kind }) => kind !== "deleted");
  const exact = new Set<string>();
  const folded = new Set<string>();
  for (const file of files) {
    if (exact.has(file.path) || (file.kind !== "deleted" && folded.has(foldPathCase(file.path))))
      return refuse("same-path", `${formatBundlePath(file)} is there twice, but for case.`);
    exact.add(file.path);
    if (file.kind !== "deleted") folded.add(foldPathCase(file.path));
  }
  const folders = new Set(written.flatMap(({ path }) => listParentFolders(foldPathCase(path))));
  const both = written.find(({ path }) => folders.has(foldPathCase(path)));
  return both ? refuse("file-and-folder", `${formatBundlePath(both)} is a file and a folder.`) : null;
};

const listParentFolders = (path: string): string[] =>
  path
    .split("/")
    .slice(0, -1)
    .map((_, at, parts) => parts.slice(0, at + 1).join("/"));

const formatBundlePath = ({ path }: BundleFile): string => JSON.stringify(path.slice(0, 200));

/** Names that reach git's own directory on some file system, also through short names, trailing dots or invisible characters. */
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
  // Control characters, halves of pairs (git would write all of them alike), and what is a separator elsewhere.
  /[\p{Cc}\p{Cs}\\]/u.test(path) ||
  /^[a-z]:/iu.test(path) ||
  path.split("/").some((part) => part === "" || part === "." || part === ".." || isGitName(part));

/** True for a path that no step may change, however it is written. */
export const isProtectedPath = (path: string, globs: readonly string[]): boolean => {
  const plain = path.normalize("NFKC").replace(/[. ]+(?=\/|$)/gu, "");
  return [...ALWAYS_PROTECTED, ...globs].some((glob) => matchesGlob(glob, plain));
};

const findPathFault = (file: BundleFile, rules: BundleRules) => {
  if (isBadPath(file.path)) return refuse("bad-path", `${formatBundlePath(file)} is no path inside the repository.`);
  if (file.kind === "link" || file.kind === "other")
    return refuse(
      "not-a-file",
      `${formatBundlePath(file)} is a ${file.kind === "link" ? "symbolic link" : "special file or submodule"}; only files are taken.`,
    );
  if (isProtectedPath(file.path, rules.protected))
    return refuse("protected-path", `${formatBundlePath(file)} is protected: no step may change it.`);
  if (rules.allowed.length > 0 && !rules.allowed.some((glob) => matchesGlob(glob, file.path)))
    return refuse("outside-paths", `${formatBundlePath(file)} is outside of what this step may change.`);
  return null;
};

/** True for a text with a line that git writes between the sides of a conflict. */
export const hasConflictMarker = (text: string): boolean => /^(?:<{7}|>{7}|={7})(?: |\r?$)/mu.test(text);

const findContentFault = (file: BundleFile, rules: BundleRules) => {
  if (file.text === null) return null;
  const [secret] = findSecrets(file.text);
  if (secret) return refuse("secret", `${formatBundlePath(file)} seems to hold ${secret}.`);
  if (rules.resolving && hasConflictMarker(file.text) && rules.pathsWithMarkers?.includes(file.path) !== true)
    return refuse("conflict-marker", `${formatBundlePath(file)} still has conflict markers.`);
  return null;
};
