import { BLANK_CHARS } from "../domain/hidden-chars.ts";

/** Case, compatibility forms and invisible characters do not distinguish two texts on every file system, so a folded text has none. */
const foldText = (text: string): string =>
  /^[ -~]*$/.test(text)
    ? text.toLowerCase()
    : text
        .normalize("NFKC")
        .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, "")
        // Upper case in between: sharp s, long s and ligatures unfold, the capital sharp s only after its small form.
        .toLowerCase()
        .toUpperCase()
        .toLowerCase()
        .normalize("NFKC");

/** Folds a path, so that spellings of the same file on some file system become equal. */
export const foldPath = (path: string): string => foldText(path).replaceAll(/[. ]+(?=\/|$)/gu, "");

const MAX_PATH_CHARS = 1_000;
const MAX_PATH_PARTS = 100;
/** In bytes of UTF-8; the limit of most file systems. */
const MAX_NAME_BYTES = 255;

/** Git's directory. File systems that drop trailing dots are judged by the folded name. */
const GIT_DIRECTORY = ".git";
/** A short name of Windows for a long name, such as `GIT~1`, `GITHUB~1` or `GI7EBA~1`. */
const SHORT_NAME = /^[^.]{1,7}~\d{1,6}(?:\.[^.]{0,3})?$/u;
/** A device of Windows, whatever extension follows. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com\d|lpt\d) *(?:\.|$)/u;

/** Whether the path leaves the repository, points into `.git`, or is not a valid file path. */
export const isBadPath = (path: string): boolean =>
  path === "" ||
  path.length > MAX_PATH_CHARS ||
  // Commands take a path that starts with `-` for an option.
  path.startsWith("-") ||
  // Control characters, lone surrogates (git would write all of them alike), and separators of other systems.
  /[\p{Cc}\p{Cs}\\]/u.test(path) ||
  /^[a-z]:/iu.test(path) ||
  isBadPartList(path.split("/")) ||
  // Forms in which a compatible character becomes a separator.
  isBadPartList(foldText(path).split("/"));

const isBadPartList = (parts: readonly string[]): boolean =>
  parts.length > MAX_PATH_PARTS || parts.some((part) => /^[. ]*$/u.test(part) || isGitName(part) || isTooLong(part));

const isTooLong = (part: string): boolean => Buffer.byteLength(part) > MAX_NAME_BYTES;

/** Also as a stream: `.git::$INDEX_ALLOCATION` opens the directory on Windows. */
const isGitName = (part: string): boolean => {
  const name = foldPath(part.replace(/:.*$/su, ""));
  return name === GIT_DIRECTORY || /^(?:git|gi[0-9a-f]{4})~\d+$/u.test(name);
};

/**
 * Streams, characters that are invisible or mean something to one system only, characters without a meaning, and the sign that stands for bytes
 * that are not UTF-8.
 */
const AMBIGUOUS_CHAR = new RegExp(
  `[:\\p{Default_Ignorable_Code_Point}\\p{Cf}\\p{Co}\\p{Noncharacter_Code_Point}\\p{Zl}\\p{Zp}\\u2800\\ufffd${BLANK_CHARS}]`,
  "u",
);

/** Whether some file system cannot store the path, stores it under another name, or opens something else. */
export const isAmbiguousPath = (path: string): boolean =>
  AMBIGUOUS_CHAR.test(path) ||
  // Marks that cover others.
  /\p{M}{6}/u.test(path) ||
  foldText(path).includes("\\") ||
  foldText(path).split("/").length !== path.split("/").length ||
  path.split("/").some((part) => /[.\p{Zs}]$/u.test(part) || isReservedName(foldText(part)));

const isReservedName = (name: string): boolean => SHORT_NAME.test(name) || DEVICE_NAME.test(name);
