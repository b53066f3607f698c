import { foldPath } from "./path-form.ts";

/** Tells whether a path matches. */
export type PathMatcher = (path: string) => boolean;

/**
 * Compiles a glob: `*` stands for characters within a folder, `**` as a whole part for any folders, `?` for a character, `{a,b}` for either.
 * Other characters stand for themselves, brackets too, because frameworks name files `[id].tsx`. `folder/**` contains the folder itself. Spellings that some file system confuses match alike. Matching never backtracks: its time is at most glob times path.
 */
export const compileGlob = (glob: string): PathMatcher => {
  const matches = compileFoldedGlob(glob);
  return (path) => matches(toFoldedParts(path));
};

/** Matches the folded parts of a path, for callers that compare one path with many globs. */
export const compileFoldedGlob = (glob: string): ((parts: readonly string[]) => boolean) => {
  const alternatives = expandBraces(glob).map((each) => toPatternParts(foldPath(each)));
  return (parts) => alternatives.some((pattern) => matchesSequence(pattern, parts, { isAny: isAnyFolders, fits: matchesPart }));
};

export const toFoldedParts = (path: string): string[] => foldPath(path).split("/");

const isAnyFolders = (part: string): boolean => /^\*{2,}$/.test(part);

/** `src/**` contains `src`, but `src/*` followed by `/**` contains no file of `src`. */
const toPatternParts = (glob: string): string[] => {
  const parts = glob.replace(/^\.\//u, "").split("/");
  const end = parts.findLastIndex((part) => !isAnyFolders(part));
  return parts[end]?.endsWith("*") === true && end < parts.length - 1 ? parts.toSpliced(end + 1, 0, "*") : parts;
};

export const matchesGlob = (glob: string, path: string): boolean => compileGlob(glob)(path);

const matchesPart = (pattern: string, part: string): boolean =>
  pattern === part ||
  (/[*?]/.test(pattern) &&
    matchesSequence(Array.from(pattern), Array.from(part), {
      isAny: (char) => char === "*",
      fits: (char, other) => char === "?" || char === other,
    }));

type SequenceRules = { readonly isAny: (pattern: string) => boolean; readonly fits: (pattern: string, item: string) => boolean };

/** Matches each pattern with an item, and `isAny` patterns with any number. Only the last `isAny` pattern is ever extended. */
const matchesSequence = (patterns: readonly string[], items: readonly string[], { isAny, fits }: SequenceRules): boolean => {
  let at = 0;
  let item = 0;
  let extended: { readonly at: number; readonly item: number } | null = null;
  while (item < items.length) {
    const pattern = patterns[at];
    if (pattern !== undefined && isAny(pattern)) {
      extended = { at, item };
      at += 1;
    } else if (pattern !== undefined && fits(pattern, items[item] ?? "")) {
      at += 1;
      item += 1;
    } else if (extended === null) return false;
    else {
      extended = { at: extended.at, item: extended.item + 1 };
      at = extended.at + 1;
      item = extended.item;
    }
  }
  return patterns.slice(at).every((pattern) => isAny(pattern));
};

const MAX_ALTERNATIVES = 64;

/** Expands braces to all combinations, or returns the glob unchanged if there are too many. */
const expandBraces = (glob: string): string[] => {
  let open = [glob];
  const BRACES = /\{([^{},]*(?:,[^{},]*)+)\}/u;
  while (open.some((each) => BRACES.test(each))) {
    open = open.flatMap((each) => {
      const found = BRACES.exec(each);
      if (!found) return [each];
      const [whole, inner = ""] = found;
      return inner.split(",").map((choice) => each.slice(0, found.index) + choice + each.slice(found.index + whole.length));
    });
    if (open.length > MAX_ALTERNATIVES) return [glob];
  }
  return open;
};
