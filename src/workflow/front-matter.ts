import matter from "gray-matter";
import type { Found, Report } from "./fault.ts";
import { type Format, type Key, parseSource, type Parsed } from "./source.ts";

/** A file in its two halves. Lines are those of the file, from 1. */
export type FrontMatter = {
  readonly data: unknown;
  readonly body: string;
  /** The line that the body begins on. */
  readonly bodyLine: number;
  /** The line that a key or item is written on; that of the nearest enclosing one where it is not written. */
  readonly lineOf: (path: readonly Key[]) => number;
};

/** Where a file's front matter stands: lines from 0, `end` is that of the closing line. */
type Block = { readonly format: Format; readonly close: string; readonly first: number; readonly end: number; readonly bare: boolean };

/** More white space in one piece is no front matter, and would hold gray-matter up. */
const LONG_SPACE = /\s{2000}/;

/**
 * A file's front matter: YAML (`---`), TOML (`+++`, `---toml`) or JSON (`;;;`, `---json`, or `{…}` and an empty line). Null after a fault.
 * Gray-matter is given our own readers only: of itself it would evaluate `---js`, and read YAML less strictly.
 */
export const readFrontMatter = (text: string, report: Report): FrontMatter | null => {
  const lines = text
    .replace(/^\uFEFF/, "")
    .replaceAll("\r\n", "\n")
    .split("\n");
  const block = findBlock(lines, report);
  if (!block) return null;
  const { format, close, first, end, bare } = block;
  const inner = lines.slice(bare ? first : first + 1, end).join("\n");
  const offset = bare ? first : first + 1;
  if (LONG_SPACE.test(inner)) {
    report({
      code: "bad-front-matter",
      line: first + 1,
      why: "the front matter holds thousands of blanks in one piece",
      instead: "remove them",
    });
    return null;
  }
  let parsed: Parsed | null = { data: {}, lineOf: () => 1 };
  const read = (): object => {
    parsed = parseSource(format, inner, (found: Found) => report({ ...found, line: found.line + offset }));
    return {};
  };
  const refuse = (): object => ({});
  const whole = [close, inner, close, ...lines.slice(bare ? end : end + 1)].join("\n");
  const options = { language: "own", delimiters: close, engines: { own: read, yaml: refuse, json: refuse, javascript: refuse } };
  const { content } = matter(whole, options);
  return toFrontMatter(parsed, { body: content, bodyLine: (bare ? end : end + 1) + 1, offset });
};

const toFrontMatter = (
  parsed: Parsed | null,
  { body, bodyLine, offset }: { body: string; bodyLine: number; offset: number },
): FrontMatter | null => parsed && { data: parsed.data, body, bodyLine, lineOf: (path) => parsed.lineOf(path) + offset };

const OPENERS: readonly (readonly [opener: RegExp, format: Format, close: string])[] = [
  [/^---(?:\s*ya?ml)?\s*$/, "yaml", "---"],
  [/^---\s*toml\s*$/, "toml", "---"],
  [/^\+\+\+\s*$/, "toml", "+++"],
  [/^---\s*json\s*$/, "json", "---"],
  [/^;;;\s*$/, "json", ";;;"],
];

const findBlock = (lines: readonly string[], report: Report): Block | null => {
  const first = lines.findIndex((line) => line.trim() !== "");
  const opener = lines[first] ?? "";
  if (opener.startsWith("{")) {
    const blank = lines.findIndex((line, at) => at > first && line.trim() === "");
    return { format: "json", close: ";;;", first, end: blank === -1 ? lines.length : blank, bare: true };
  }
  const found = OPENERS.find(([pattern]) => pattern.test(opener));
  if (!found) {
    report(unopened(opener, Math.max(first, 0) + 1));
    return null;
  }
  const [, format, close] = found;
  const end = lines.findIndex((line, at) => at > first && line.startsWith(close));
  if (lines[end]?.trimEnd() === close) return { format, close, first, end, bare: false };
  const why = end === -1 ? "the front matter is not closed" : `\`${close}\` closes the front matter, and must stand alone on its line`;
  report({
    code: "open-front-matter",
    line: Math.max(end, first) + 1,
    why,
    instead: `write \`${close}\` on a line of its own after the front matter`,
  });
  return null;
};

const unopened = (opener: string, line: number): Found => {
  const unknown = /^(?:---|\+\+\+|;;;)\s*(\S+)\s*$/.exec(opener)?.[1];
  if (unknown !== undefined && /^[a-z]+$/i.test(unknown)) {
    return {
      code: "unknown-format",
      line,
      why: `front matter of the kind \`${unknown}\` is not read`,
      instead: "write `---` for YAML, `---toml` or `---json`",
    };
  }
  const instead = "begin it with `---`, then `roles:` and `edges:`, then `---`";
  return { code: "no-front-matter", line, why: "no roles: the file does not begin with front matter", instead };
};
