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
  const rewritten = [
    rewrite(text, INVISIBLE, () => ""),
    rewrite(text, WIDE_CHARS, (char) => String.fromCharCode(char.charCodeAt(0) - WIDE_OFFSET)),
    rewrite(text, ESCAPES, decodeEscape),
  ];
  for (const view of rewritten) if (view) yield view;
  yield reverseView(readAsIs(text));
  yield* decodeRuns(readAsIs(text));
  for (const joined of [rewrite(text, LITERAL_JOINTS, () => ""), rewrite(text, LINE_JOINTS, () => "")]) {
    if (!joined) continue;
    yield joined;
    yield reverseView(joined);
    yield* decodeRuns(joined);
  }
  // A line of base64 may start with a mark that other lines have before their text.
  for (const joined of [rewrite(text, BASE64_LINE_ENDS, () => ""), rewrite(text, DUMP_LINES, readDumpLine)])
    if (joined) yield* decodeRuns(joined);
}

const readAsIs = (text: string): TextView => ({ text, locate: (from, to) => [from, to] });

/** Also the colours of a terminal. */
const INVISIBLE = /(?:[\p{Default_Ignorable_Code_Point}\p{Cf}\0]|\p{Cc}\[[\d;]{0,20}m)+/gu;
const WIDE_CHARS = /[\uff01-\uff5e]/g;
const WIDE_OFFSET = 0xfee0;

const ESCAPES =
  /%(?:25)?[0-9a-f]{2}|\\x[0-9a-f]{2}|\\U0{6}[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\u\{[0-9a-f]{2}\}|\\[01][0-7]{2}|&#(?:x[0-9a-f]{2}|\d{2,3});|=[0-9A-F]{2}/gi;
const decodeEscape = (escape: string): string => {
  const decimal = /^&#(\d+);$/.exec(escape)?.[1];
  const octal = /^\\([01][0-7]{2})$/.exec(escape)?.[1];
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  return String.fromCharCode(
    decimal === undefined ? Number.parseInt(/[0-9a-f]{2}(?=[};]?$)/i.exec(escape)?.[0] ?? "0", 16) : Number(decimal),
  );
};

/** The joint of two pieces of a literal: quotes with an operator, a call, a comma or a line between them. */
const LITERAL_JOINTS =
  /["'`]\s{0,40}(?:\)?\.concat\(|;?\s{0,4}\w{1,30}\s{0,4}\+=|<<|[+.,&|]{0,2})\s{0,40}\\?\s{0,40}["'`]|\\\n|\$?\{["'`]{0,2}\}/g;
/** The end of a line and what begins the next one in code, quotes, lists, changes and logs. */
const LINE_JOINTS = /[\\=]?\r?\n[ \t]{0,40}(?:\/\/|#|\*|>|\||--(?= )|[-+](?= )|\+)?[ \t]{0,4}/g;
const BASE64_LINE_ENDS = /(?<=[A-Za-z0-9+/_-])\r?\n[ \t]{0,20}(?=[A-Za-z0-9+/_=-])/g;
/** A line of a dump by `xxd` or `hexdump`: address, bytes, and the same as characters. */
const DUMP_LINES = /^[0-9a-f]{7,8}:? {1,2}((?:[0-9a-f]{2,4} {1,2}){1,16})[^\n]{0,40}\n?/gim;
const readDumpLine = (line: string): string =>
  line
    .replace(/^\w+:? +/, "")
    .replace(/(?: {2}|[|]).*$/s, "")
    .replaceAll(/\W/g, "");

const reverse = (text: string): string => Buffer.from(text, "utf16le").reverse().swap16().toString("utf16le");
const reverseView = ({ text, locate }: TextView): TextView => ({
  text: reverse(text),
  locate: (from, to) => locate(text.length - to, text.length - from),
});

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

/** No credential is shorter. */
const MIN_BASE64_CHARS = 24;
const MIN_HEX_CHARS = 48;
const HEX_LIST = /(?:(?:0x|\\x)?[0-9a-f]{2}[\s,:;]{1,3}){23,4000}(?:0x|\\x)?[0-9a-f]{2}\b/gi;
const CODE_LIST = /(?:\d{2,3}[\s,;]{1,3}){19,4000}\d{2,3}\b/g;

/** All runs of a form, decoded: one view for each alignment and reading. A run is the smallest part that can be located. */
function* decodeRuns(view: TextView): Generator<TextView> {
  for (const decoded of listDecoded(view.text))
    yield { text: decoded.text, locate: (from, to) => view.locate(...decoded.locate(from, to)) };
}

function* listDecoded(text: string): Generator<TextView> {
  const base64 = findRuns(text, isBase64Code, MIN_BASE64_CHARS);
  for (let skip = 0; skip < 4; skip += 1) {
    yield* readDecoded(base64, (run) => decodeBase64(run.slice(skip)));
    yield* decodeOnce(base64, (run) => decodeBase64(reverse(run).slice(skip)));
  }
  const hex = findRuns(text, isHexCode, MIN_HEX_CHARS);
  for (const skip of [0, 1]) {
    yield* readDecoded(hex, (run) => decodeHex(run.slice(skip)));
    yield* decodeOnce(hex, (run) => decodeHex(reverse(run).slice(skip)));
  }
  yield* readDecoded(findMatches(text, HEX_LIST), (run) => decodeHex(run.replaceAll(/0x|\\x|[\s,:;]/gi, "")));
  yield* decodeOnce(findMatches(text, CODE_LIST), (run) => String.fromCharCode(...run.split(/[\s,;]+/).map(Number)));
}

const findMatches = (text: string, form: RegExp): EncodedRun[] => [...text.matchAll(form)].map(({ 0: run, index }) => ({ run, index }));

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

/** Decoded runs in one text, each on a line of its own. UTF-16 has a zero in each character. */
function* decodeOnce(runs: readonly EncodedRun[], decode: (run: string) => string): Generator<TextView> {
  if (runs.length === 0) return;
  yield joinDecoded(
    runs,
    runs.map(({ run }) => withoutZeros(decode(run))),
  );
}
const withoutZeros = (text: string): string => (text.includes("\0") ? text.replaceAll("\0", "") : text);

/** Decoded runs in one text; also reversed, and decoded once more. */
function* readDecoded(runs: readonly EncodedRun[], decode: (run: string) => string): Generator<TextView> {
  if (runs.length === 0) return;
  const decoded = runs.map(({ run }) => withoutZeros(decode(run)));
  yield joinDecoded(runs, decoded);
  yield joinDecoded(
    runs,
    decoded.map((each) => reverse(each)),
  );
  const again = decoded.map((each) => decodeAgain(each));
  if (again.some((each) => each !== "")) yield joinDecoded(runs, again);
}

const decodeAgain = (text: string): string => {
  if (text.length < MIN_BASE64_CHARS || /[^\w+/=\s-]/.test(text)) return "";
  const run = text.replaceAll(/\s/g, "");
  return /^[0-9a-f]+$/i.test(run) ? decodeHex(run) : decodeBase64(run);
};

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
