import type { TestLanguage } from "./judging-files.ts";

/** The marks of comments and quotes in a language. */
type CommentForm = { readonly line: string; readonly blocks: readonly (readonly [string, string])[]; readonly quotes: string };

const C_FORM: CommentForm = { line: "//", blocks: [["/*", "*/"]], quotes: "\"'`" };
const FORMS: Readonly<Record<TestLanguage, CommentForm>> = {
  js: C_FORM,
  go: C_FORM,
  // A quote in Rust may also begin a lifetime.
  rust: { ...C_FORM, quotes: '"' },
  jvm: { ...C_FORM, quotes: "\"'" },
  dotnet: { ...C_FORM, quotes: "\"'" },
  php: { ...C_FORM, quotes: "\"'" },
  python: {
    line: "#",
    blocks: [
      ['"""', '"""'],
      ["'''", "'''"],
    ],
    quotes: "\"'",
  },
  ruby: { line: "#", blocks: [["\n=begin", "\n=end"]], quotes: "\"'" },
};

/** Comments with instructions for the compiler. */
const KEPT = /^\/\/\s?(?:go:build|\+build)\b/;

/** The lines of a source without comments, trimmed at their end. A comment of several lines leaves empty lines. */
export const stripComments = (source: string, language: TestLanguage): string[] => {
  const form = FORMS[language];
  const text = `\n${source.replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")}`;
  let out = "";
  let at = 0;
  while (at < text.length) {
    const [kept, next] = readPart(text, at, form);
    out += kept;
    at = next;
  }
  return out.split("\n").map((line) => line.trimEnd());
};

/** The next part of a text without comments, and where the part after it begins. */
const readPart = (text: string, at: number, form: CommentForm): readonly [string, number] => {
  const block = form.blocks.find(([open]) => text.startsWith(open, at));
  if (block) return ["\n", findEnd(text, at + block[0].length, block[1])];
  if (text.startsWith(form.line, at)) {
    const end = findLineEnd(text, at);
    const comment = text.slice(at, end);
    return [KEPT.test(comment) ? comment : "", end];
  }
  const char = text[at] ?? "";
  if (!form.quotes.includes(char)) return [char, at + 1];
  const end = findQuoteEnd(text, at, char);
  return [text.slice(at, end), end];
};

const findEnd = (text: string, from: number, close: string): number => {
  const end = text.indexOf(close, from);
  return end < 0 ? text.length : end + close.length;
};

const findLineEnd = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
};

/** Only a back quote spans lines; another quote ends with its line. */
const findQuoteEnd = (text: string, from: number, quote: string): number => {
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\\") at += 1;
    else if (char === quote) return at + 1;
    else if (char === "\n" && quote !== "`") return at;
  }
  return text.length;
};
