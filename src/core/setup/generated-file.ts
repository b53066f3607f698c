import { PRODUCT } from "../domain/product.ts";

/** Files written by Enki start with a hash of the rest, so that Enki notices a person's change. */
const FIRST_LINE = /^(?:#|\/\/) Written by `enki init` \(Enki ([\w.-]+), ([0-9a-f]{16})\)\.[^\n]*\n/;

export type HashText = (text: string) => string;

/** Checkouts on Windows have other line ends. */
export const toUnixLines = (text: string): string => text.replaceAll("\r\n", "\n");

/** Adds the first line to a generated text; `comment` starts a comment in its language. */
export const sealGenerated = (text: string, comment: "#" | "//", hash: HashText): string =>
  `${comment} Written by \`enki init\` (Enki ${PRODUCT.version}, ${hash(toUnixLines(text)).slice(0, 16)}). Run it again to update; it shows your changes before it drops them.\n${text}`;

/** A text without the first line that Enki added, with the line ends of Unix. */
export const dropFirstLine = (text: string): string => toUnixLines(text).replace(FIRST_LINE, "");

/** `generated`: nobody changed the file since Enki wrote it; `changed`: somebody did; `foreign`: Enki never wrote it. */
export type FileOrigin = "generated" | "changed" | "foreign";

export const readOrigin = (text: string, hash: HashText): FileOrigin => {
  const found = FIRST_LINE.exec(text);
  if (!found) return "foreign";
  return hash(dropFirstLine(text)).startsWith(found[2] ?? "") ? "generated" : "changed";
};

/** The version of Enki that wrote a file; null for files of others. */
export const readGeneratedVersion = (text: string): string | null => FIRST_LINE.exec(text)?.[1] ?? null;

/** The treatment of a file by `enki init`. */
export type FileChange = "create" | "update" | "keep" | "replace";

/** `replace` drops a person's text, and needs a person's consent. */
export const planFileChange = (present: string | null, wanted: string, hash: HashText): FileChange => {
  if (present === null) return "create";
  if (toUnixLines(present) === toUnixLines(wanted)) return "keep";
  return readOrigin(present, hash) === "generated" ? "update" : "replace";
};
