import { BLANK_CHARS, SHOWN_SEQUENCES } from "./hidden-chars.ts";

/** Terminal colours and cursor moves. */
// oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
const ANSI_ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\](?:[^\u0007\u001b\r\n]*(?:\u0007|\u001b\\))?|[@-Z\\^_])/g;
/** Control, format, direction, tag and variation characters, fillers, and lone surrogates: invisible or misleading to a reader. */
const HIDDEN_CHARS = new RegExp(`[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Default_Ignorable_Code_Point}\\u2028\\u2029${BLANK_CHARS}]`, "gu");
/** Chooses the emoji form of a character, and so has an effect. */
const EMOJI_FORM = "\ufe0f";

const HIDDEN_OR_SHOWN = new RegExp(`(${SHOWN_SEQUENCES.source})|${HIDDEN_CHARS.source}`, "gu");

/** Removes invisible characters, except inside emoji and joined letters. Line endings become `\n`; tabs stay. */
export const stripHiddenChars = (text: string): string =>
  text
    .replace(ANSI_ESCAPES, "")
    .replace(/\r\n?/g, "\n")
    .replace(HIDDEN_OR_SHOWN, (each, shown?: string) => shown ?? (each === "\n" || each === "\t" ? each : ""));

/** Replaces invisible characters by their codes. */
export const showHiddenChars = (text: string): string =>
  text.replace(HIDDEN_CHARS, (each) =>
    each === "\n" || each === "\t" || each === EMOJI_FORM
      ? each
      : `<U+${(each.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`,
  );

/** Counts code points and never splits one. */
export const takeFirstChars = (text: string, limit: number): string =>
  text.length <= limit
    ? text
    : Array.from(text.slice(0, 2 * limit))
        .slice(0, limit)
        .join("");

/** Counts code points and never splits one. */
export const takeLastChars = (text: string, limit: number): string =>
  text.length <= limit
    ? text
    : Array.from(text.slice(-2 * limit - 1))
        .slice(-limit)
        .join("");
