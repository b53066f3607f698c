/** A text in another reading, such as decoded or with its lines joined, and the place of each of its parts in the original. */
export type TextView = {
  readonly text: string;
  /** The range of the original that a range of this text comes from. */
  readonly locate: (from: number, to: number) => readonly [from: number, to: number];
};

/**
 * The other readings of a text in which a credential may hide: without invisible characters, with escapes decoded, with literals and lines
 * joined, reversed, and its base64 and hexadecimal parts decoded. Takes time linear in the text.
 */
export function* readOtherViews(text: string): Generator<TextView> {
  const plain = rewrite(text, /[\p{Default_Ignorable_Code_Point}\p{Cf}\0]+/gu, () => "");
  if (plain) yield plain;
  const unescaped = rewrite(text, ESCAPES, decodeEscape);
  if (unescaped) yield unescaped;
  for (const joined of [rewrite(text, LITERAL_JOINTS, () => ""), rewrite(text, LINE_JOINTS, () => "")]) if (joined) yield joined;
  yield { text: reverse(text), locate: (from, to) => [text.length - to, text.length - from] };
  yield* decodeRuns(text);
  const wrapped = rewrite(text, BASE64_LINE_ENDS, () => "");
  if (wrapped)
    for (const view of decodeRuns(wrapped.text)) yield { text: view.text, locate: (from, to) => wrapped.locate(...view.locate(from, to)) };
}

const ESCAPES = /%[0-9a-f]{2}|\\x[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\u\{[0-9a-f]{2}\}|&#(?:x[0-9a-f]{2}|\d{2,3});|=[0-9A-F]{2}/gi;
const decodeEscape = (escape: string): string => {
  const decimal = /^&#(\d+);$/.exec(escape)?.[1];
  return String.fromCharCode(
    decimal === undefined ? Number.parseInt(/[0-9a-f]{2}(?=[};]?$)/i.exec(escape)?.[0] ?? "0", 16) : Number(decimal),
  );
};

/** The joint of two pieces of a literal: quotes with an operator, comma or line between them. */
const LITERAL_JOINTS = /["'`]\s{0,40}[+.,&]{0,2}\s{0,40}\\?\s{0,40}["'`]|\\\n|\$\{["'`]{0,2}\}/g;
/** The end of a line and what begins the next one in code, quotes and logs. */
const LINE_JOINTS = /\\?\r?\n[ \t]{0,40}(?:\/\/|#|\*|>|\||--(?= ))?[ \t]{0,4}/g;
const BASE64_LINE_ENDS = /(?<=[A-Za-z0-9+/_-])\r?\n[ \t]{0,20}(?=[A-Za-z0-9+/_=-])/g;

const reverse = (text: string): string => Buffer.from(text, "utf16le").reverse().swap16().toString("utf16le");

/** Replaces all matches; null if there is none. */
const rewrite = (text: string, form: RegExp, replace: (match: string) => string): TextView | null => {
  const pieces: string[] = [];
  const starts: number[] = [];
  const origins: number[] = [];
  const ends: number[] = [];
  let length = 0;
  let read = 0;
  const keep = (piece: string, origin: number, end: number): void => {
    if (piece === "") return;
    pieces.push(piece);
    starts.push(length);
    origins.push(origin);
    ends.push(end);
    length += piece.length;
  };
  for (const { 0: match, index } of text.matchAll(form)) {
    keep(text.slice(read, index), read, index);
    read = index + match.length;
    keep(replace(match), index, read);
  }
  if (read === 0) return null;
  keep(text.slice(read), read, text.length);
  const startOf = (at: number): number => {
    const piece = findLastAtMost(starts, at);
    return (origins[piece] ?? 0) + (at - (starts[piece] ?? 0));
  };
  // A decoded character stands for its whole escape.
  const endOf = (at: number): number => {
    const piece = findLastAtMost(starts, at);
    const isLast = (starts[piece + 1] ?? length) === at + 1;
    return isLast ? (ends[piece] ?? text.length) : startOf(at) + 1;
  };
  return { text: pieces.join(""), locate: (from, to) => [startOf(from), endOf(Math.max(from, to - 1))] };
};

const findLastAtMost = (sorted: readonly number[], value: number): number => {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
};

/** Shorter runs hold no credential. */
const MIN_BASE64_CHARS = 24;
const MIN_HEX_CHARS = 48;
const HEX_LIST = /(?:(?:0x|\\x)?[0-9a-f]{2}[\s,:;]{1,3}){23,4000}(?:0x|\\x)?[0-9a-f]{2}\b/gi;

/** All runs of a form, decoded: one view for each alignment and reading. A run is the smallest part that can be located. */
function* decodeRuns(text: string): Generator<TextView> {
  const base64 = findRuns(text, isBase64Code, MIN_BASE64_CHARS);
  for (let skip = 0; skip < 4; skip += 1) yield* readDecoded(base64, (run) => decodeBase64(run.slice(skip)));
  const hex = findRuns(text, isHexCode, MIN_HEX_CHARS);
  for (const skip of [0, 1]) yield* readDecoded(hex, (run) => decodeHex(run.slice(skip)));
  const lists = [...text.matchAll(HEX_LIST)].map(({ 0: run, index }) => ({ run, index }));
  yield* readDecoded(lists, (run) => decodeHex(run.replaceAll(/0x|\\x|[\s,:;]/gi, "")));
}

type EncodedRun = { readonly run: string; readonly index: number };

const toCodeSet = (characters: string): ((code: number) => boolean) => {
  const known = new Uint8Array(128);
  for (const char of characters) known[char.charCodeAt(0)] = 1;
  return (code) => known[code] === 1;
};
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const isBase64Code = toCodeSet(`${LETTERS}${LETTERS.toUpperCase()}0123456789+/_-`);
const isHexCode = toCodeSet("0123456789abcdefABCDEF");

/** Runs of characters, however long: a regular expression would need a stack for megabytes. */
const findRuns = (text: string, isIn: (code: number) => boolean, least: number): EncodedRun[] => {
  const runs: EncodedRun[] = [];
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    if (at < text.length && isIn(text.charCodeAt(at))) continue;
    if (at - start >= least) runs.push({ run: text.slice(start, at), index: start });
    start = at + 1;
  }
  return runs;
};

/** Decoded runs in one text, each on a line of its own; also reversed, and decoded once more. */
function* readDecoded(runs: readonly EncodedRun[], decode: (run: string) => string): Generator<TextView> {
  if (runs.length === 0) return;
  const decoded = runs.map(({ run }) => decode(run));
  yield joinDecoded(runs, decoded);
  yield joinDecoded(
    runs,
    decoded.map((each) => reverse(each)),
  );
  yield joinDecoded(
    runs,
    decoded.map((each) => (each.length < MIN_BASE64_CHARS || /[^\w+/=\s-]/.test(each) ? "" : decodeBase64(each.replaceAll(/\s/g, "")))),
  );
}

const joinDecoded = (runs: readonly EncodedRun[], texts: readonly string[]): TextView => {
  const starts: number[] = [];
  let length = 0;
  for (const each of texts) {
    starts.push(length);
    length += each.length + 1;
  }
  const runAt = (at: number): EncodedRun => runs[findLastAtMost(starts, at)] ?? { run: "", index: 0 };
  const locate = (from: number, to: number): readonly [number, number] => {
    const last = runAt(Math.max(from, to - 1));
    return [runAt(from).index, last.index + last.run.length];
  };
  return { text: texts.join("\n"), locate };
};

const decodeBase64 = (run: string): string => Buffer.from(run, "base64").toString("latin1");
const decodeHex = (run: string): string => Buffer.from(run, "hex").toString("latin1");
