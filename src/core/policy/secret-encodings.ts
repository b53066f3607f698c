/** A text in another reading, such as decoded or with its lines joined, and the place of each of its parts in the original. */
export type TextView = {
  readonly text: string;
  /** The range of the original that a range of this text comes from. */
  readonly locate: (from: number, to: number) => readonly [from: number, to: number];
};

export const reverse = (text: string): string => Buffer.from(text, "utf16le").reverse().swap16().toString("utf16le");

/** The index of the last of the sorted values that is at most the given one; 0 if there is none. */
export const findLastAtMost = (sorted: readonly number[], value: number): number => {
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
const MIN_BASE32_CHARS = 32;
const HEX_LIST = /(?<![0-9a-f])(?:(?:0x|\\x)?[0-9a-f]{2}[\s,:;_.-]{1,3}){23,4000}(?:0x|\\x)?[0-9a-f]{2}\b/gi;
/** Groups of four and more, as in addresses and dumps. */
const HEX_GROUPS = /(?<![0-9a-f])(?:(?:[0-9a-f]{4}){1,4}[\s,:;_.-]{1,3}){5,4000}(?:[0-9a-f]{2}){1,8}\b/gi;
const CODE_LIST = /(?<!\d)(?:\d{2,3}\D{1,8}){19,4000}\d{2,3}\b/g;
const OCTAL_LIST = /(?<!\d)(?:[01][0-7]{2}[\s,]{1,3}){19,4000}[01][0-7]{2}\b/g;
const BINARY_LIST = /(?<!\d)(?:[01]{7,8}[\s,]{1,3}){19,4000}[01]{7,8}\b/g;

/** All encoded runs of a text, decoded: one view for each alignment and reading. A run is the smallest part that can be located. */
export function* decodeRuns(view: TextView): Generator<TextView> {
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
  const base32 = findRuns(text, isBase32Code, MIN_BASE32_CHARS);
  for (let skip = 0; skip < 8; skip += 1) yield* decodeOnce(base32, (run) => decodeBase32(run.slice(skip)));
  for (const form of [HEX_LIST, HEX_GROUPS])
    yield* readDecoded(findMatches(text, form), (run) => decodeHex(run.replaceAll(/0x|\\x|[\s,:;_.-]/gi, "")));
  for (const [form, radix] of [
    [CODE_LIST, 10],
    [OCTAL_LIST, 8],
    [BINARY_LIST, 2],
  ] as const)
    yield* decodeOnce(findMatches(text, form), (run) => readCodes(run.match(/\d{2,8}/g) ?? [], radix));
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
const BASE32 = `${LETTERS.toUpperCase()}234567`;
const isBase32Code = toCodeSet(BASE32);

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
const readCodes = (codes: readonly string[], radix: number): string =>
  String.fromCharCode(...codes.map((code) => Number.parseInt(code, radix)));
/** Five bits of each character. */
const decodeBase32 = (run: string): string => {
  let [text, bits, held] = ["", 0, 0];
  for (const char of run.toUpperCase()) {
    bits = ((bits << 5) | BASE32.indexOf(char)) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    text += String.fromCharCode((bits >> held) & 0xff);
  }
  return text;
};
const decodeHex = (run: string): string => Buffer.from(run, "hex").toString("latin1");
