import { complement, namedSet, type Pattern, PatternError, type Range } from "./syntax.ts";

const LONGEST = 500;
const DEEPEST = 20;
const MOST_REPEATS = 1_000;

type Reader = {
  readonly points: readonly string[];
  at: number;
  depth: number;
  /** `(?i)`, `(?s)`, `(?m)` at the beginning. */
  readonly flags: { readonly dotAll: boolean; readonly multiline: boolean };
};

export type ReadPattern = { readonly pattern: Pattern; readonly ignoreCase: boolean };

/**
 * A regular expression of what RE2 and JavaScript have in common: sets, groups, choices, repeats, anchors, and the flags `(?ism)` at the beginning.
 * No back reference and no look-around: those cannot be matched in linear time. Throws PatternError.
 */
export const readPattern = (source: string): ReadPattern => {
  if (source.length > LONGEST) throw new PatternError(`a pattern has at most ${LONGEST} characters`);
  const flags = /^\(\?([ism]+)\)/.exec(source);
  const letters = flags?.[1] ?? "";
  const reader: Reader = {
    points: Array.from(source.slice(flags?.[0].length ?? 0)),
    at: 0,
    depth: 0,
    flags: { dotAll: letters.includes("s"), multiline: letters.includes("m") },
  };
  const pattern = readChoice(reader);
  if (reader.at < reader.points.length) throw new PatternError("`)` closes nothing");
  return { pattern, ignoreCase: letters.includes("i") };
};

const peek = (reader: Reader): string | undefined => reader.points[reader.at];
const take = (reader: Reader): string | undefined => reader.points[reader.at++];

const readChoice = (reader: Reader): Pattern => {
  reader.depth += 1;
  if (reader.depth > DEEPEST) throw new PatternError(`groups are at most ${DEEPEST} deep`);
  const options = [readSequence(reader)];
  while (peek(reader) === "|") {
    reader.at += 1;
    options.push(readSequence(reader));
  }
  reader.depth -= 1;
  return options.length === 1 && options[0] ? options[0] : { kind: "choice", options };
};

const readSequence = (reader: Reader): Pattern => {
  const parts: Pattern[] = [];
  for (let next = peek(reader); next !== undefined && next !== "|" && next !== ")"; next = peek(reader)) {
    parts.push(readRepeats(reader, readAtom(reader)));
  }
  return { kind: "sequence", parts };
};

const readRepeats = (reader: Reader, part: Pattern): Pattern => {
  const bounds = readBounds(reader);
  if (!bounds) return part;
  if (part.kind === "at") throw new PatternError("a place cannot be repeated");
  // Lazy or greedy is the same where only "matches or not" is asked.
  if (peek(reader) === "?") reader.at += 1;
  if (readBounds(reader)) throw new PatternError("a repeat cannot be repeated: use a group");
  return { kind: "repeat", part, ...bounds };
};

const readBounds = (reader: Reader): { least: number; most: number } | null => {
  const next = peek(reader);
  if (next === "*" || next === "+" || next === "?") {
    reader.at += 1;
    return { least: next === "+" ? 1 : 0, most: next === "?" ? 1 : Infinity };
  }
  return next === "{" ? readCounts(reader) : null;
};

const readCounts = (reader: Reader): { least: number; most: number } => {
  const written = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(reader.points.slice(reader.at, reader.at + 12).join(""));
  if (!written) throw new PatternError("`{` begins a repeat such as `{2,5}`: write `\\{` for the character");
  reader.at += written[0].length;
  const [, low, range, high] = written;
  const least = Number(low);
  const most = range === undefined ? least : high === "" ? Infinity : Number(high);
  if (most < least || least > MOST_REPEATS || (most !== Infinity && most > MOST_REPEATS)) {
    throw new PatternError(`a repeat is at most ${MOST_REPEATS} and not less than its first number`);
  }
  return { least, most };
};

const one = (character: string): Pattern => ({ kind: "set", ranges: [toRange(character)], negated: false });
const toRange = (character: string): Range => [pointOf(character), pointOf(character)];
const pointOf = (character: string): number => character.codePointAt(0) ?? 0;

const readAtom = (reader: Reader): Pattern => {
  const { dotAll, multiline } = reader.flags;
  const next = take(reader) ?? "";
  if (next === "(") return readGroup(reader);
  if (next === "[") return readSet(reader);
  if (next === ".") return { kind: "set", ranges: dotAll ? [] : [[10, 10]], negated: true };
  if (next === "^") return { kind: "at", place: multiline ? "line-start" : "text-start" };
  if (next === "$") return { kind: "at", place: multiline ? "line-end" : "text-end" };
  if (next === "\\") return readEscape(reader);
  if ("*+?{".includes(next)) throw new PatternError(`\`${next}\` repeats nothing`);
  return one(next);
};

const readGroup = (reader: Reader): Pattern => {
  if (peek(reader) === "?") {
    if (reader.points[reader.at + 1] !== ":") throw new PatternError("only `(…)` and `(?:…)` are groups here");
    reader.at += 2;
  }
  const inner = readChoice(reader);
  if (take(reader) !== ")") throw new PatternError("a `(` is not closed");
  return inner;
};

const CONTROL: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v" };

const readEscape = (reader: Reader): Pattern => {
  const letter = take(reader);
  if (letter === undefined) throw new PatternError("the pattern ends with `\\`");
  if (letter === "b" || letter === "B") return { kind: "at", place: letter === "b" ? "word-edge" : "no-word-edge" };
  if (letter === "A" || letter === "z") return { kind: "at", place: letter === "A" ? "text-start" : "text-end" };
  const set = namedSet(letter);
  return set ? { kind: "set", ...set } : one(escaped(letter));
};

const escaped = (letter: string): string => {
  const control = CONTROL[letter];
  if (control !== undefined) return control;
  if (/[\p{L}\p{N}]/u.test(letter)) throw new PatternError(`\`\\${letter}\` is not supported`);
  return letter;
};

const readSet = (reader: Reader): Pattern => {
  const negated = peek(reader) === "^";
  if (negated) reader.at += 1;
  const ranges: Range[] = [];
  for (let first = true; first || peek(reader) !== "]"; first = false) {
    const low = readMember(reader);
    if (typeof low !== "string") {
      ranges.push(...low);
      continue;
    }
    if (peek(reader) !== "-" || reader.points[reader.at + 1] === "]") {
      ranges.push(toRange(low));
      continue;
    }
    reader.at += 1;
    const high = readMember(reader);
    if (typeof high !== "string" || pointOf(high) < pointOf(low))
      throw new PatternError("a range in `[…]` goes from a lower to a higher character");
    ranges.push([pointOf(low), pointOf(high)]);
  }
  reader.at += 1;
  return { kind: "set", ranges, negated };
};

/** One character of a set, or the ranges of a named one. */
const readMember = (reader: Reader): string | readonly Range[] => {
  const next = take(reader);
  if (next === undefined) throw new PatternError("a `[` is not closed");
  if (next === "[" && peek(reader) === ":") throw new PatternError("named sets such as `[:alpha:]` are not supported");
  if (next !== "\\") return next;
  const letter = take(reader);
  if (letter === undefined) throw new PatternError("a `[` is not closed");
  const set = namedSet(letter);
  if (!set) return escaped(letter);
  return set.negated ? complement(set.ranges) : set.ranges;
};
