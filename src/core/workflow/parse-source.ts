import { parse as parseToml, TomlError } from "smol-toml";
import { type Document, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument, visit, type YAMLMap } from "yaml";
import { exceedsLimits, type ValueLimits } from "../config/value-limits.ts";
import { locateTomlKeys } from "../config/toml-positions.ts";
import { isTooComplexYaml, MAX_YAML_ALIASES } from "../config/yaml-nesting.ts";
import type { FoundFault } from "./workflow-fault.ts";

export type FrontMatterFormat = "yaml" | "toml" | "json";
export type PathKey = string | number;

/** The value of a front matter, and the lines of its parts, counted from 1 in this text. */
export type ParsedSource = { readonly data: unknown; readonly lineOf: (path: readonly PathKey[]) => number };

/** A single missing bracket causes many errors; the first ones suffice. */
const MAX_ERRORS_REPORTED = 10;
const FRONT_MATTER_LIMITS: ValueLimits = { depth: 50, entries: 100_000 };

/** Parses the text between the delimiters. Returns null after a fault. */
export const parseSource = (format: FrontMatterFormat, text: string, report: (found: FoundFault) => void): ParsedSource | null => {
  const tooComplex = format !== "toml" && isTooComplexYaml(text);
  const parsed = tooComplex ? null : parseFormat(format, text, report);
  if (!tooComplex && (!parsed || exceedsLimits(parsed.data, FRONT_MATTER_LIMITS) === null)) return parsed;
  const { depth, entries } = FRONT_MATTER_LIMITS;
  report({
    ...sourceFault(
      `the front matter has more than ${entries} values, tables nested more than ${depth} deep, or more than ${MAX_YAML_ALIASES} aliases`,
      1,
    ),
    instead: "make several workflows, and call one from the other",
  });
  return null;
};

const parseFormat = (format: FrontMatterFormat, text: string, report: (found: FoundFault) => void): ParsedSource | null => {
  if (format === "toml") return parseTomlSource(text, report);
  return format === "json" && !checkJson(text, report) ? null : parseYamlSource(format, text, report);
};

/** Parses JSON as well: it is YAML, so its lines and duplicate keys are found in the same way. */
const parseYamlSource = (format: FrontMatterFormat, text: string, report: (found: FoundFault) => void): ParsedSource | null => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: false, version: "1.2" });
  const errors = format === "yaml" ? [...document.errors, ...document.warnings] : [];
  for (const { message, linePos } of errors.slice(0, MAX_ERRORS_REPORTED)) report(yamlFault(message, linePos?.[0].line ?? 1));
  if (errors.length > 0) return null;
  try {
    if (reportDuplicateKeys(document, lines, report)) return null;
    return { data: format === "json" ? JSON.parse(text) : document.toJS(), lineOf: createLineFinder(document, lines) };
  } catch (error) {
    // Too many aliases, where a small text expands to a very large one.
    if (!(error instanceof ReferenceError)) throw error;
    report(sourceFault(error.message, 1));
    return null;
  }
};

const yamlFault = (message: string, line: number): FoundFault =>
  sourceFault((message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, ""), line);

/** Reports repeated keys of a table; the parser's own search compares each key with all others. Returns whether there are any. */
const reportDuplicateKeys = (document: Document.Parsed, lines: LineCounter, report: (found: FoundFault) => void): boolean => {
  let count = 0;
  visit(document, {
    Map: (_, table) => {
      const keys = new Set<unknown>();
      for (const { key } of table.items) {
        if (!isScalar(key)) continue;
        if (keys.has(key.value) && (count += 1) <= MAX_ERRORS_REPORTED)
          report(sourceFault("a key stands there twice", lines.linePos(key.range?.[0] ?? 0).line, true));
        keys.add(key.value);
      }
    },
  });
  return count > 0;
};

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
    return { data, lineOf: (path) => placeOf(path).line };
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
