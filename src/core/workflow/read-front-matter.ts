import matter from "gray-matter";
import type { FoundFault, FaultReporter } from "./workflow-fault.ts";
import { type FrontMatterFormat, type PathKey, parseSource, type ParsedSource } from "./parse-source.ts";

/** A file split into front matter and body. Lines count from 1 in the file. */
export type FrontMatter = {
  readonly data: unknown;
  readonly body: string;
  /** The first line of the body. */
  readonly bodyLine: number;
  /** The line of a key or item; of the nearest enclosing one if it is not in the file. */
  readonly lineOf: (path: readonly PathKey[]) => number;
};

/** Gray-matter looks for empty front matter in time quadratic in a run of white space. */
const LONG_SPACE = /\s{2000}/;

/**
 * Splits a file into its front matter and its body: YAML (`---`), TOML (`+++`, `---toml`) or JSON (`;;;`, `---json`, or `{…}` and an empty line).
 * Returns null after a fault. Gray-matter splits the text and chooses the parser; the parsers are ours, because they know lines.
 */
export const readFrontMatter = (text: string, report: FaultReporter): FrontMatter | null => {
  const { fenced, offset } = normalize(text);
  const opening = readOpening(fenced, offset + 1, report);
  if (!opening) return null;
  if (LONG_SPACE.test(fenced)) {
    const why = "the file contains thousands of blanks in one piece";
    report({ code: "bad-front-matter", line: opening.line, reason: why, instead: "remove them" });
    return null;
  }
  const split = splitFrontMatter(fenced, opening);
  const closeLine = countNewlines(split.head.replace(/\n$/, "")) + 1 + offset;
  if (!checkClosed(split, opening, (why, isOpen) => report(openFault(opening, why, isOpen ? opening.line : closeLine)))) return null;
  for (const found of split.faults) report({ ...found, line: found.line + offset });
  const { parsed, content, head } = split;
  const bodyLine = countNewlines(head) + 1 + offset;
  return parsed && { data: parsed.data, body: content.slice(0, -1), bodyLine, lineOf: (path) => parsed.lineOf(path) + offset };
};

const countNewlines = (text: string): number => text.split("\n").length - 1;

/** The text from its first non-empty line, and the number of lines before it. */
const normalize = (text: string): { fenced: string; offset: number } => {
  const normal = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const blank = /^(?:[^\S\n]*\n)*/.exec(normal)?.[0] ?? "";
  const rest = normal.slice(blank.length);
  if (!rest.startsWith("{")) return { fenced: rest, offset: countNewlines(blank) };
  // Bare JSON has no delimiters: one is added before it and one replaces the first empty line.
  const empty = /\n[^\S\n]*(?:\n|$)/.exec(rest);
  const [head, body] = empty ? [rest.slice(0, empty.index), rest.slice(empty.index + empty[0].length)] : [rest, ""];
  return { fenced: `;;;\n${head}\n;;;\n${body}`, offset: countNewlines(blank) - 1 };
};

type FrontMatterOpening = { readonly delimiter: string; readonly format: FrontMatterFormat; readonly line: number };

const DELIMITERS: ReadonlyMap<string, FrontMatterFormat> = new Map([
  ["---", "yaml"],
  ["+++", "toml"],
  [";;;", "json"],
]);
const LANGUAGES: ReadonlyMap<string, FrontMatterFormat> = new Map([
  ["yaml", "yaml"],
  ["yml", "yaml"],
  ["toml", "toml"],
  ["json", "json"],
]);

const readOpening = (text: string, line: number, report: FaultReporter): FrontMatterOpening | null => {
  const [, delimiter = "", language = ""] = /^(---|\+\+\+|;;;)[^\S\n]*([a-z]*)[^\S\n]*(?:\n|$)/i.exec(text) ?? [];
  const natural = DELIMITERS.get(delimiter);
  const format = language === "" ? natural : LANGUAGES.get(language);
  if (natural && format) return { delimiter, format, line };
  if (natural) {
    report({
      code: "unknown-format",
      line,
      reason: `front matter of the kind \`${language}\` is not read`,
      instead: "write `---` for YAML, `---toml` or `---json`",
    });
    return null;
  }
  const instead = "begin it with `---`, then `roles:` and `edges:`, then `---`";
  report({ code: "no-front-matter", line, reason: "no roles: the file does not begin with front matter", instead });
  return null;
};

type SplitFile = {
  /** The text before the body, including the closing delimiter. */
  readonly head: string;
  readonly content: string;
  readonly parsed: ParsedSource | null;
  /** Lines count in the split text. */
  readonly faults: readonly FoundFault[];
};

const splitFrontMatter = (fenced: string, { delimiter, format }: FrontMatterOpening): SplitFile => {
  let parsed: ParsedSource | null = { data: {}, lineOf: () => 2 };
  const faults: FoundFault[] = [];
  const engine = (kind: FrontMatterFormat) => (source: string) => {
    parsed = parseSource(kind, source, (found) => faults.push(found));
    return {};
  };
  const engines = { yaml: engine("yaml"), toml: engine("toml"), json: engine("json"), javascript: rejectJavaScript };
  // Gray-matter needs a line break to find where the language ends.
  const whole = `${fenced}\n`;
  const { content } = matter(whole, { language: format, delimiters: delimiter, engines });
  return { head: whole.slice(0, whole.length - content.length), content, parsed, faults };
};

/** Replaces gray-matter's JavaScript engine, which evaluates the text. No opening selects it. */
const rejectJavaScript = (): never => {
  throw new Error("front matter is never evaluated");
};

const checkClosed = (
  { head, content }: SplitFile,
  { delimiter }: FrontMatterOpening,
  report: (why: string, isOpen: boolean) => void,
): boolean => {
  const isOpen = !head.replace(/\n$/, "").endsWith(`\n${delimiter}`);
  const isAlone = head.endsWith("\n") || /^[^\S\n]*(?:\n|$)/.test(content);
  if (isOpen) report("the front matter is not closed", true);
  else if (!isAlone) report(`\`${delimiter}\` closes the front matter, and must stand alone on its line`, false);
  return !isOpen && isAlone;
};

const openFault = ({ delimiter }: FrontMatterOpening, why: string, line: number): FoundFault => ({
  code: "open-front-matter",
  line,
  reason: why,
  instead: `write \`${delimiter}\` on a line of its own after the front matter`,
});
