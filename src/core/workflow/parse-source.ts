import { parse as parseToml, TomlError } from "smol-toml";
import { type Document, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, type YAMLMap } from "yaml";
import { locateTomlKeys } from "../config/toml-positions.ts";
import type { FoundFault } from "./workflow-fault.ts";

export type FrontMatterFormat = "yaml" | "toml" | "json";
export type PathKey = string | number;

/** The value of a front matter, and the lines of its parts, counted from 1 in this text. */
export type ParsedSource = { readonly data: unknown; readonly lineOf: (path: readonly PathKey[]) => number };

/** A single missing bracket causes many errors; the first ones suffice. */
const MAX_ERRORS_REPORTED = 10;

/** Parses the text between the delimiters. Returns null after a fault. */
export const parseSource = (format: FrontMatterFormat, text: string, report: (found: FoundFault) => void): ParsedSource | null => {
  if (format === "toml") return parseTomlSource(text, report);
  if (format === "json" && !checkJson(text, report)) return null;
  const lines = new LineCounter();
  // JSON is YAML, so its lines and duplicate keys are found in the same way.
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, version: "1.2" });
  const errors = [...document.errors, ...document.warnings].filter(({ code }) => format === "yaml" || code === "DUPLICATE_KEY");
  for (const { code, message, linePos } of errors.slice(0, MAX_ERRORS_REPORTED)) report(yamlFault(code, message, linePos?.[0].line ?? 1));
  if (errors.length > 0) return null;
  try {
    return { data: format === "json" ? JSON.parse(text) : document.toJS(), lineOf: createLineFinder(document, lines) };
  } catch (error) {
    // Too many aliases: a small text that expands to a very large one.
    if (!(error instanceof ReferenceError)) throw error;
    report(sourceFault(error.message, 1));
    return null;
  }
};

const yamlFault = (code: string, message: string, line: number): FoundFault =>
  code === "DUPLICATE_KEY"
    ? sourceFault("a key stands there twice", line, true)
    : sourceFault((message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, ""), line);

const sourceFault = (why: string, line: number, twice = false): FoundFault => ({
  code: twice ? "duplicate-key" : "bad-front-matter",
  line,
  reason: why,
  instead: twice ? "keep one of the two" : "fix the front matter; put texts that hold `: ` or ` #` in quotes",
});

const checkJson = (text: string, report: (found: FoundFault) => void): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const place = Number(/position (\d+)/.exec(why)?.[1] ?? 0);
    report({ ...sourceFault("the front matter is no JSON", text.slice(0, place).split("\n").length), instead: "fix the JSON" });
    return false;
  }
};

type YamlPair = { readonly key: ParsedNode; readonly value: ParsedNode | null };

/** Looks up the line of a path. The keys of a table are indexed when first needed. */
const createLineFinder = (document: Document.Parsed, lines: LineCounter): ParsedSource["lineOf"] => {
  const indexed = new Map<ParsedNode, ReadonlyMap<string, YamlPair>>();
  const pairsOf = (node: YAMLMap.Parsed): ReadonlyMap<string, YamlPair> => {
    const pairs = indexed.get(node) ?? new Map(node.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : "", pair]));
    indexed.set(node, pairs);
    return pairs;
  };
  return (path) => {
    let node: ParsedNode | null = document.contents;
    let offset = node?.range[0] ?? 0;
    for (const key of path) {
      const pair: YamlPair | undefined = isMap<ParsedNode, ParsedNode | null>(node) ? pairsOf(node).get(String(key)) : undefined;
      const item: ParsedNode | undefined = isSeq<ParsedNode>(node) && typeof key === "number" ? node.items[key] : undefined;
      const found: ParsedNode | undefined = pair?.key ?? item;
      if (!found) break;
      offset = found.range[0];
      node = pair ? pair.value : found;
    }
    return lines.linePos(offset).line;
  };
};

const parseTomlSource = (text: string, report: (found: FoundFault) => void): ParsedSource | null => {
  try {
    const data = parseToml(text);
    const placeOf = locateTomlKeys(text);
    return { data, lineOf: (path) => findTomlLine(data, text, { path, line: placeOf(path).line }) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const why = error.message.split("\n")[0] ?? "";
    report({
      ...sourceFault(why, error.line, /redefine|already/.test(why)),
      instead: /redefine|already/.test(why) ? "keep one of the two" : "fix the TOML",
    });
    return null;
  }
};

/** Finds a list item by its text, since the TOML parser reports no positions of items. */
const findTomlLine = (data: unknown, text: string, { path, line }: { path: readonly PathKey[]; line: number }): number => {
  const last = path.at(-1);
  if (typeof last !== "number") return line;
  const item = path.reduce<unknown>(
    (value, key) => (value !== null && typeof value === "object" ? Reflect.get(value, key) : undefined),
    data,
  );
  const lines = text.split("\n");
  const found = typeof item === "string" ? lines.findIndex((each, at) => at >= line - 1 && each.includes(item)) : -1;
  return found === -1 ? line : found + 1;
};
