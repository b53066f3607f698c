import { LATIN_LOOKALIKE, LONE_MARK, PUNCTUATION_LOOKALIKE } from "./lookalike-chars.ts";

/** The use of a text: a shell runs a `command`, Enki compares a `name`, people and agents read a `line` or the lines of `prose`. */
export type TextUse = "command" | "name" | "line" | "prose";

/** A character without a glyph, or with the glyph of another character. Line and column start at 1 and count code points. */
export type HiddenChar = { readonly code: string; readonly line: number; readonly column: number; readonly reason: string };

/**
 * Blanks and controls that Unicode counts as letters, marks or signs: a null notehead, the Khitan filler, the mirror mark and the two blanks of
 * hieroglyphs, the selector of thick Duployan letters, the joiner of Brahmi numbers, and the place of an object.
 */
export const BLANK_CHARS = "\\u{1d159}\\u{16fe4}\\u{13440}-\\u{13442}\\u{1bc9d}\\u{1107f}\\ufffc";

/** Characters without a glyph. Tabs and line ends are checked by use. */
const INVISIBLE: readonly (readonly [RegExp, string])[] = [
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  [/[\0-\u0008\u000b-\u001f\u007f-\u009f]/u, "a control character"],
  [/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u, "a character that changes the direction of text"],
  [/[\u{e0000}-\u{e007f}]/u, "an invisible tag character"],
  // oxlint-disable-next-line no-misleading-character-class -- variation selectors are what is looked for
  [/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u, "an invisible variation selector"],
  [/\p{Cs}/u, "half of a surrogate pair"],
  [/[\p{Co}\p{Cn}]/u, "a private or unassigned character"],
  [/[\u2028\u2029]/u, "a line end that not every program shows"],
  [new RegExp(`[\\p{Cf}\\p{Default_Ignorable_Code_Point}\\u2800${BLANK_CHARS}]`, "u"), "an invisible character"],
  [/\p{M}{6}/u, "the first of many marks that cover the text around them"],
];

const LINE_MARKS: readonly (readonly [RegExp, string])[] = [
  [/\n/, "a line end"],
  [/\t/, "a tab"],
];

/** Characters with the glyph of others, and letters that change the order of a line. */
const MISLEADING: readonly (readonly [RegExp, string])[] = [
  [/(?! )\p{Z}/u, "a space that is no ASCII space"],
  [PUNCTUATION_LOOKALIKE, "a character that looks like ASCII punctuation"],
  [LONE_MARK, "a mark without a letter, which looks like punctuation"],
  [/(?<=[!-~])(?!\p{Script=Inherited}|\p{Script=Latin})\p{M}/u, "a mark of another script, which may not be shown"],
  [/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u, "a letter that is written from right to left"],
];

const WORD = /[\p{L}\p{M}\p{N}_-]+/gu;
const LATIN_LETTER = /\p{Script=Latin}/u;
/** Letters of scripts that imitate Latin ones. */
const IMITATING_LETTER = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}\p{Script=Coptic}]/u;

/** Scripts with invisible characters between letters, which join or separate them. */
const JOINED_LETTER =
  "[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}\\p{Script=Sinhala}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{Script=Mongolian}]";
const EMOJI = "\\p{Extended_Pictographic}[\\ufe0e\\ufe0f]?\\p{Emoji_Modifier}?";
/** Invisible characters with an effect on glyphs: in keycaps, three flags, emoji sequences and between joined letters. */
export const SHOWN_SEQUENCES = new RegExp(
  [
    "[#*0-9]\\ufe0f\\u20e3",
    "\\u{1f3f4}\\u{e0067}\\u{e0062}(?:\\u{e0065}\\u{e006e}\\u{e0067}|\\u{e0073}\\u{e0063}\\u{e0074}|\\u{e0077}\\u{e006c}\\u{e0073})\\u{e007f}",
    `${EMOJI}(?:\\u200d${EMOJI})*`,
    `(?<=${JOINED_LETTER})[\\u200c\\u200d](?=${JOINED_LETTER})`,
  ].join("|"),
  "gu",
);

type Finding = { readonly at: number; readonly reason: string };

const findFirst = (text: string, rules: readonly (readonly [RegExp, string])[]): Finding | null => {
  let first: Finding | null = null;
  for (const [pattern, reason] of rules) {
    const at = text.search(pattern);
    if (at !== -1 && (first === null || at < first.at)) first = { at, reason };
  }
  return first;
};

/** A lookalike of an ASCII character: a fullwidth letter, a Greek question mark, a Kelvin sign. */
const findLookalike = (text: string): Finding | null => {
  let at = 0;
  for (const char of text) {
    if (char > "\u007f" && /^[!-~]$/.test(char.normalize("NFKC"))) return { at, reason: "a character that looks like an ASCII one" };
    at += char.length;
  }
  return null;
};

const findMixedWord = (text: string): Finding | null => {
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const letter = word.search(IMITATING_LETTER);
    if (letter !== -1 && LATIN_LETTER.test(word)) return { at: index + letter, reason: "a letter that looks like a Latin one" };
  }
  return null;
};

const findMisleading = (text: string): Finding | null =>
  [findFirst(text, MISLEADING), findMixedWord(text), findLookalike(text)]
    .flatMap((found) => found ?? [])
    .reduce<Finding | null>((first, found) => (first && first.at <= found.at ? first : found), null);

/** A word whose only letters outside of ASCII look like ASCII ones. In a command, one letter decides which program runs. */
const findImitatedWord = (text: string): Finding | null => {
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const letter = word.search(LATIN_LOOKALIKE);
    if (letter !== -1 && VISIBLE_ASCII.name.test(word.replaceAll(new RegExp(LATIN_LOOKALIKE, "gu"), "")))
      return { at: index + letter, reason: "a letter that looks like an ASCII one" };
  }
  return null;
};

const toFoundChar = (text: string, { at, reason }: Finding): HiddenChar => {
  const before = text.slice(0, at).split("\n");
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return { code: `U+${code}`, line: before.length, column: Array.from(before.at(-1) ?? "").length + 1, reason };
};

const VISIBLE_ASCII: Readonly<Record<TextUse, RegExp>> = {
  command: /^[ -~\n\t]*$/,
  name: /^[ -~]*$/,
  line: /^[ -~]*$/,
  prose: /^[ -~\n\t]*$/,
};

const findByUse = (text: string, use: TextUse): Finding | null => {
  switch (use) {
    case "command":
      return findFirst(text, INVISIBLE) ?? findMisleading(text) ?? findImitatedWord(text);
    case "name":
      return findFirst(text, [...LINE_MARKS, ...INVISIBLE]) ?? findMisleading(text);
    case "line":
      return findFirst(coverShownSequences(text), [...LINE_MARKS, ...INVISIBLE]);
    case "prose":
      return findFirst(coverShownSequences(text), INVISIBLE);
  }
};

/** Keeps the length, so that offsets stay right. */
const coverShownSequences = (text: string): string => text.replace(SHOWN_SEQUENCES, (shown) => ".".repeat(shown.length));

/**
 * Finds the first character that a person would not see or would misread; null for a text that may be approved. Lines and prose
 * allow everything with a visible effect: letters of every script, and invisible characters inside emoji and joined letters.
 */
export const findHiddenChar = (text: string, use: TextUse): HiddenChar | null => {
  if (VISIBLE_ASCII[use].test(text)) return null;
  const found = findByUse(text, use);
  return found && toFoundChar(text, found);
};
