import { TemplateError } from "./template.ts";

export type TemplatePiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly inner: string; readonly line: number };

export type TemplateToken =
  | { readonly kind: "word"; readonly text: string }
  | { readonly kind: "path"; readonly from: "dot" | "root"; readonly keys: readonly string[] }
  | { readonly kind: "value"; readonly value: string | number }
  | { readonly kind: "sign"; readonly text: "(" | ")" | "|" };

/** Splits a text into literal text and `{{ … }}` actions. A `-` trims the text beside it. Comments are left out. */
export const splitTemplate = (source: string, firstLine: number): TemplatePiece[] => {
  const pieces: TemplatePiece[] = [];
  let line = firstLine;
  let at = 0;
  let trimNext = false;
  for (;;) {
    const open = source.indexOf("{{", at);
    const text = source.slice(at, open === -1 ? source.length : open);
    const trimEnd = open !== -1 && /^-\s/.test(source.slice(open + 2, open + 4));
    pieces.push({ kind: "text", text: trimText(text, trimNext, trimEnd) });
    if (open === -1) return pieces.filter((piece) => piece.kind === "action" || piece.text !== "");
    line += countNewlines(text);
    const start = open + (trimEnd ? 3 : 2);
    const close = findActionClose(source, start, line);
    const whole = source.slice(start, close);
    trimNext = /\s-$/.test(whole);
    const inner = (trimNext ? whole.slice(0, -1) : whole).trim();
    if (!/^\/\*[\s\S]*\*\/$/.test(inner)) pieces.push({ kind: "action", inner, line });
    line += countNewlines(whole);
    at = close + 2;
  }
};

const trimText = (text: string, start: boolean, end: boolean): string => {
  const rest = start ? text.trimStart() : text;
  return end ? rest.trimEnd() : rest;
};

const countNewlines = (text: string): number => text.split("\n").length - 1;

/** The position of the `}}` that closes an action, past strings and comments. */
const findActionClose = (source: string, start: number, line: number): number => {
  const unclosed = { code: "bad-template", line, reason: "`{{` is not closed", instead: "write `}}` after it" } as const;
  if (source.slice(start).trimStart().startsWith("/*")) {
    const close = findCommentClose(source, start);
    if (close === -1) throw new TemplateError(unclosed);
    return close;
  }
  for (let at = start; at < source.length; at += 1) {
    const character = source[at];
    if (character === "}" && source[at + 1] === "}") return at;
    if (character === "{" && source[at + 1] === "{") break;
    if (character !== '"' && character !== "`") continue;
    const end = findQuote(source, at);
    if (end === -1)
      throw new TemplateError({ ...unclosed, reason: "a text in `{{ … }}` is not closed", instead: `write ${character} after it` });
    at = end;
  }
  throw new TemplateError(unclosed);
};

/** The position that closes a comment action, with or without a trim marker; -1 for an unclosed comment. */
const findCommentClose = (source: string, start: number): number => {
  const end = source.indexOf("*/", start);
  const close = end === -1 ? -1 : source.indexOf("}}", end);
  return /^\s*-?$/.test(source.slice(end + 2, Math.max(close, 0))) ? close : -1;
};

const findQuote = (source: string, open: number): number => {
  const quote = source[open];
  for (let at = open + 1; at < source.length; at += 1) {
    if (source[at] === quote) return at;
    if (quote === '"' && source[at] === "\n") return -1;
    if (quote === '"' && source[at] === "\\") at += 1;
  }
  return -1;
};

const NAME_PATTERN = String.raw`[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*`;
const TOKEN_PATTERN = new RegExp(
  String.raw`\s*(?:(?<path>\$?(?:\.${NAME_PATTERN})+|\$|\.)(?![A-Za-z0-9_$])|(?<number>[+-]?\d+(?:\.\d+)?(?![\w.]))|(?<word>[A-Za-z_$:=][\w:=]*)|(?<raw>\x60[^\x60]*\x60)|(?<text>"(?:[^"\\]|\\.)*")|(?<sign>[()|]))`,
  "y",
);

export const tokenize = (inner: string, line: number): TemplateToken[] => {
  const tokens: TemplateToken[] = [];
  const pattern = new RegExp(TOKEN_PATTERN.source, "y");
  while (pattern.lastIndex < inner.length) {
    const from = pattern.lastIndex;
    const groups = pattern.exec(inner)?.groups;
    if (!groups) throw unreadableText(inner.slice(from).trim(), line);
    tokens.push(toToken(groups, line));
  }
  return tokens;
};

const unreadableText = (rest: string, line: number): TemplateError =>
  new TemplateError({
    code: "bad-template",
    line,
    reason: `\`${rest.slice(0, 30)}\` cannot be read in \`{{ … }}\``,
    instead: 'write references as `.name.field`, texts in double quotes, `(…)`, `|` and functions as `eq .a.b "c"`',
  });

const toToken = (groups: Readonly<Record<string, string | undefined>>, line: number): TemplateToken => {
  const { path, number, word, raw, text, sign } = groups;
  if (path !== undefined)
    return { kind: "path", from: path.startsWith("$") ? "root" : "dot", keys: path.split(".").slice(1).filter(Boolean) };
  if (number !== undefined) return { kind: "value", value: Number(number) };
  if (raw !== undefined) return { kind: "value", value: raw.slice(1, -1) };
  if (text !== undefined) return { kind: "value", value: unquote(text, line) };
  if (sign === "(" || sign === ")" || sign === "|") return { kind: "sign", text: sign };
  return { kind: "word", text: word ?? "" };
};

const unquote = (text: string, line: number): string => {
  try {
    return JSON.parse(text) as string; // a JSON text that begins with a quote is a string
  } catch {
    throw new TemplateError({
      code: "bad-template",
      line,
      reason: `${text} holds an escape that is not known`,
      instead: "write `\\\\` for a backslash, or put the text between backquotes",
    });
  }
};
