import { takeFirstChars, takeLastChars, stripHiddenChars } from "../domain/visible-text.ts";

/** Text of somebody else as one line of plain text, without what a reader cannot see: it cannot begin a heading, a block or a line of its own. */
export const toOneLine = (text: string, limit = 200): string => {
  const flat = stripHiddenChars(text).replace(/\s+/g, " ").trim();
  const short = takeFirstChars(flat, limit);
  return short === flat ? flat : `${takeFirstChars(flat, limit - 1)}…`;
};

/** Takes the effect from what GitHub acts upon in any text: mentions, references that link or close, addresses, `[skip ci]`. */
export const defuseText = (text: string): string =>
  text
    .replace(/@(?=[a-z0-9])/gi, "@\u200b")
    .replace(/#(?=\d)/g, "#\u200b")
    .replace(/\bgh-(?=\d)/gi, "$&\u200b")
    .replace(/:(?=\/\/)|\bwww(?=\.)/gi, "$&\u200b")
    .replace(/\[(?=(?:skip|no|ci)\b)/gi, "[\u200b");

/** Backslashes before all that Markdown reads; GitHub decodes entities before it looks for mentions, so `&` is one of them. */
const escapeMarkdown = (text: string): string =>
  text
    .replace(/[\\`*_[\]<>|~!$&#]/g, "\\$&")
    .replace(/^[-+=/]/, "\\$&")
    .replace(/^\d+(?=[.)])/, "$&\\");

/** Untrusted text as one line of Markdown that is only text: no HTML, no links or images, no mentions, no list, no command. */
export const escapeInline = (text: string, limit = 200): string => escapeMarkdown(defuseText(toOneLine(text, limit)));

/** A sentence of ours that may hold others' words: as {@link inline}, but names between backticks are shown as code. */
export const escapeSentence = (text: string, limit = 500): string =>
  toOneLine(text, limit)
    .split(/(`[^`]+`)/)
    .map((part, at) => (at % 2 === 1 ? part : escapeMarkdown(defuseText(part))))
    .join("");

/** A name or path of somebody else as inline code that it cannot close. */
export const toInlineCode = (text: string): string => `\`${toOneLine(text, 300).replaceAll("`", "'") || " "}\``;

/** Untrusted text within an HTML element. */
export const escapeInlineHtml = (text: string, limit = 200): string =>
  defuseText(toOneLine(text, limit)).replace(/[&<>"']/g, (each) => `&#${each.codePointAt(0)};`);

/** Which end of a text that is too long is kept. */
export type TextLimit = {
  readonly limit: number;
  readonly keep: "start" | "end";
  /** The file that has all of it. */
  readonly whole?: string;
};

/** At most so many characters, with a line that says how many are missing. */
const shortenText = (text: string, { limit, keep, whole }: TextLimit): string => {
  const short = keep === "start" ? takeFirstChars(text, limit) : takeLastChars(text, limit);
  if (short.length === text.length) return text;
  const where = whole === undefined ? "" : `; all of it is in \`${whole}\``;
  const left = `[… ${text.length - short.length} characters left out${where} …]`;
  return keep === "start" ? `${short}\n${left}` : `${left}\n${short}`;
};

/**
 * Text of somebody else as a fenced block that it cannot close: the fence is longer than every run of backticks inside.
 * What a reader of the text would not see is taken out, so that nobody approves one text and an agent reads another.
 */
export const fenceText = (name: string, text: string, kept: TextLimit): string => {
  const inner = shortenText(stripHiddenChars(text).trimEnd(), kept);
  const longest = [...inner.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${name}\n${inner}\n${fence}`;
};

/** Others' prose as a quote that wraps: each line is text, indented as it was, and names between backticks are code. */
export const quoteText = (text: string, kept: TextLimit): string =>
  shortenText(stripHiddenChars(text).trim(), kept)
    .split("\n")
    .map((line) => `> ${"\u00a0".repeat(Math.min(12, line.search(/[^ ]|$/)))}${escapeSentence(line, kept.limit)}`.trimEnd())
    .join("\n");

/** Untrusted text as a Mermaid label: all but letters, digits and spaces as entities. */
export const escapeMermaidLabel = (text: string, limit = 40): string =>
  Array.from(toOneLine(text, limit))
    .map((each) => (/[a-zA-Z0-9 ]/.test(each) || each > "\u007f" ? each : `#${each.codePointAt(0)};`))
    .join("");

/** The characters that a comment of ours may have; GitHub takes 65,536. */
export const MAX_COMMENT_CHARS = 60_000;

/** Texts of items one after the other, until they are too long together: what is longer than a comment is left out of it, whole. */
export const collectUpTo = <T>(limit: number, items: readonly T[], write: (item: T) => string | null): string[] => {
  const written: string[] = [];
  let length = 0;
  for (const item of items) {
    if (length > limit) break;
    const text = write(item);
    if (text === null) continue;
    written.push(text);
    length += text.length;
  }
  return written;
};
