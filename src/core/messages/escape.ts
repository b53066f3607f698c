import { takeFirstChars, takeLastChars, stripHiddenChars } from "../domain/visible-text.ts";

/** Untrusted text as one line without invisible characters: no heading, block or second line. */
export const toOneLine = (text: string, limit = 200): string => {
  const flat = stripHiddenChars(text).replace(/\s+/g, " ").trim();
  const short = takeFirstChars(flat, limit);
  return short === flat ? flat : `${takeFirstChars(flat, limit - 1)}…`;
};

/**
 * Disables everything in a text that GitHub acts on: mentions, references, addresses, emoji names, `[skip ci]` and its forms, trailers of
 * commit messages, alerts.
 */
export const defuseText = (text: string): string =>
  text
    .replace(/@(?=[\w.-])/g, "@\u200b")
    .replace(/#(?=\d)/g, "#\u200b")
    .replace(/\bgh-(?=\d)/gi, "$&\u200b")
    .replace(/:(?=\/\/)|www(?=\.)/gi, "$&\u200b")
    .replace(/:(?=(?:[a-z][a-z0-9_+-]*|[+-]1|100|1234):)/gi, ":\u200b")
    .replace(/\[(?=(?:skip|no|ci|actions)\b|!)/gi, "[\u200b")
    .replace(/(?:\bskip-checks|[a-z]-by)(?=\s*:)/gi, "$&\u200b");

/** GitHub keeps dollars in an element of their own out of formulas; a backslash does not: https://docs.github.com/get-started/writing-on-github/working-with-advanced-formatting/writing-mathematical-expressions */
const escapeDollars = (markup: string): string => markup.replaceAll("$", "<span>$$</span>");

/** Escapes Markdown. GitHub decodes entities before it looks for mentions, so `&` is escaped too. */
const escapeMarkdown = (text: string): string =>
  escapeDollars(
    text
      .replace(/[\\`*_[\]<>|~!&#]/g, "\\$&")
      .replace(/^[-+=/]/, "\\$&")
      .replace(/^\d+(?=[.)])/, "$&\\"),
  );

/** Untrusted text as one line of plain Markdown text: no HTML, links, images, mentions, lists or commands. */
export const escapeInline = (text: string, limit = 200): string => escapeMarkdown(defuseText(toOneLine(text, limit)));

/** Enki's own sentence with untrusted parts: like {@link escapeInline}, but text in backticks stays code. */
export const escapeSentence = (text: string, limit = 500): string =>
  toOneLine(text, limit)
    // Code of blanks only would not be seen.
    .split(/(`[^`]*[^`\s][^`]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : escapeMarkdown(defuseText(part))))
    .join("");

/** An untrusted name or path as inline code that it cannot close. */
export const toInlineCode = (text: string): string => `\`${toOneLine(text, 300).replaceAll("`", "'") || " "}\``;

/** Fences longer than every run of backticks in a text. */
const chooseFence = (text: string, least: number): string =>
  "`".repeat([...text.matchAll(/`+/g)].reduce((most, [run]) => Math.max(most, run.length + 1), least));

/** A checked line as inline code with the same characters. Inline code wraps on GitHub, blocks do not. */
const toExactInlineCode = (text: string): string => {
  const fence = chooseFence(text, 1);
  const pad = /^`|`$|^ .* $/.test(text) ? " " : "";
  return `${fence}${pad}${text}${pad}${fence}`;
};

/** A checked command as a block with the same characters. */
export const fenceCommand = (command: string): string => {
  const fence = chooseFence(command, 3);
  return `${fence}bash\n${command}\n${fence}`;
};

/** Checked paths or commands after a sentence: in the same line, or as blocks if one has several lines. */
export const listExactly = (sentence: string, texts: readonly string[]): string =>
  texts.some((text) => /[\n\t]/.test(text))
    ? [`${sentence}:`, ...texts.map((text) => fenceCommand(text))].join("\n\n")
    : `${sentence} ${texts.map((text) => toExactInlineCode(text)).join(", ")}`;

export const escapeInlineHtml = (text: string, limit = 200): string =>
  escapeDollars(defuseText(toOneLine(text, limit)).replace(/[&<>"']/g, (each) => `&#${each.codePointAt(0)};`));

/** Limits for cutting a text: `limit` in characters, and the end to keep. */
export type TextLimit = {
  readonly limit: number;
  readonly keep: "start" | "end";
  /** The file with the complete text. */
  readonly whole?: string;
};

/** Cuts a text and adds a line with the number of omitted characters. */
const shortenText = (text: string, { limit, keep, whole }: TextLimit): string => {
  const short = keep === "start" ? takeFirstChars(text, limit) : takeLastChars(text, limit);
  if (short.length === text.length) return text;
  const where = whole === undefined ? "" : `; all of it is in \`${whole}\``;
  const left = `[… ${text.length - short.length} characters left out${where} …]`;
  return keep === "start" ? `${short}\n${left}` : `${left}\n${short}`;
};

/**
 * Untrusted text as a fenced block that it cannot close: the fence is longer than every run of backticks inside.
 * Invisible characters are removed, so that a person approves exactly the text that an agent reads.
 */
export const fenceText = (name: string, text: string, options: TextLimit): string => {
  const inner = shortenText(stripHiddenChars(text).trimEnd(), options);
  const fence = chooseFence(inner, 3);
  return `${fence}${name}\n${inner}\n${fence}`;
};

/** Untrusted prose as a wrapping quote: keeps lines and indentation; text in backticks stays code. */
export const quoteText = (text: string, options: TextLimit): string =>
  shortenText(stripHiddenChars(text).trim(), options)
    .split("\n")
    .map((line) => `> ${"\u00a0".repeat(Math.min(12, line.search(/[^ ]|$/)))}${escapeSentence(line, options.limit)}`.trimEnd())
    .join("\n");

/** Like {@link quoteText}, but the result has at most `most` characters, however many of them are escaped. */
export const quoteWithin = (text: string, options: TextLimit, most: number): string => {
  for (let { limit } = options; ; limit = Math.floor(limit / 2)) {
    const quote = quoteText(text, { ...options, limit });
    if (quote.length <= most || limit <= 1) return quote;
  }
};

/** Untrusted text as a Mermaid label: everything but letters, digits and spaces becomes an entity. */
export const escapeMermaidLabel = (text: string, limit = 40): string =>
  Array.from(toOneLine(text, limit))
    .map((each) => (/[a-zA-Z0-9 ]/.test(each) || each > "\u007f" ? each : `#${each.codePointAt(0)};`))
    .join("");

/** Limit for Enki's comments; GitHub's limit is 65,536. */
export const MAX_COMMENT_CHARS = 60_000;

/** Writes items until their texts exceed the limit. The comment would omit a longer part as a whole. */
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
