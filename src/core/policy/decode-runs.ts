/** A text in another reading, such as decoded or with its lines joined, and the place of each of its parts in the original. */
export type TextView = {
  readonly text: string;
  /** The range of the original that a range of this text comes from. */
  readonly locate: (from: number, to: number) => readonly [from: number, to: number];
  /** The decoded text with one byte for each character. `text` is then created on demand. */
  readonly bytes?: Buffer;
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
/** Groups of four and more, as in addresses and dumps. Each match is at least as long as the limit below. */
const HEX_GROUPS = /(?<![0-9a-f])(?:(?:[0-9a-f]{4}){1,4}[\s,:;_.-]{1,3}){5,4000}(?:[0-9a-f]{2}){1,8}\b/gi;
const MIN_HEX_LIST_CHARS = 27;
const CODE_LIST = /(?<!\d)(?:\d{2,3}\D{1,8}){19,4000}\d{2,3}\b/g;
const OCTAL_LIST = /(?<!\d)(?:[01][0-7]{2}[\s,]{1,3}){19,4000}[01][0-7]{2}\b/g;
const BINARY_LIST = /(?<!\d)(?:[01]{7,8}[\s,]{1,3}){19,4000}[01]{7,8}\b/g;
const BINARY_RUN = /(?<!\d)(?:[01]{8}){20,4000}(?!\d)/g;

/** All encoded runs of a text, decoded: one view for each alignment and reading. A run is the smallest part that can be located. */
export function* decodeRuns(view: TextView): Generator<TextView> {
  for (const decoded of listDecoded(view.text))
    yield {
      get text() {
        return decoded.text;
      },
      locate: (from, to) => view.locate(...decoded.locate(from, to)),
      ...(decoded.bytes && { bytes: decoded.bytes }),
    };
}

function* listDecoded(text: string): Generator<TextView> {
  const base64 = findRuns(text, BASE64_CODES, MIN_BASE64_CHARS);
  const reversedBase64 = base64.map(reverseRun);
  for (let skip = 0; skip < 4; skip += 1) {
    yield* readDecoded(base64, (run) => decodeBase64(run.slice(skip)));
    yield* decodeOnce(reversedBase64, (run) => decodeBase64(run.slice(skip)));
  }
  const hex = findRunsWithin(base64, HEX_CODES, MIN_HEX_CHARS);
  const reversedHex = hex.map(reverseRun);
  for (const skip of [0, 1]) {
    yield* readDecoded(hex, (run) => decodeHex(run.slice(skip)));
    yield* decodeOnce(reversedHex, (run) => decodeHex(run.slice(skip)));
  }
  const base32 = findRunsWithin(base64, BASE32_CODES, MIN_BASE32_CHARS);
  for (let skip = 0; skip < 8; skip += 1) yield* decodeOnce(base32, (run) => decodeBase32(run.slice(skip)));
  const listed = findRuns(text, HEX_LIST_CODES, MIN_HEX_LIST_CHARS);
  for (const form of [HEX_LIST, HEX_GROUPS])
    yield* readDecoded(findMatchesAround(text, listed, form), (run) => decodeHex(run.replaceAll(/0x|\\x|[\s,:;_.-]/gi, "")));
  for (const [form, radix] of [
    [CODE_LIST, 10],
    [OCTAL_LIST, 8],
    [BINARY_LIST, 2],
    [BINARY_RUN, 2],
  ] as const)
    yield* readLists(findMatches(text, form), radix);
}

const findMatches = (text: string, form: RegExp): EncodedRun[] => [...text.matchAll(form)].map(({ 0: run, index }) => ({ run, index }));

/** The matches in these parts of a text, whose neighbours on both sides a form may look at. */
const findMatchesAround = (text: string, parts: readonly EncodedRun[], form: RegExp): EncodedRun[] =>
  parts.flatMap(({ run, index: start }) => {
    const from = Math.max(0, start - 1);
    return findMatches(text.slice(from, start + run.length + 1), form).map(({ run, index }) => ({ run, index: from + index }));
  });

type EncodedRun = { readonly run: string; readonly index: number };

/** Reverses a run and keeps its position. */
const reverseRun = ({ run, index }: EncodedRun): EncodedRun => ({ run: reverse(run), index });

/** A one at each code of these characters. */
type CodeSet = Uint8Array;

const toCodeSet = (characters: string): CodeSet => {
  const known = new Uint8Array(0x1_0000);
  for (const char of characters) known[char.charCodeAt(0)] = 1;
  return known;
};
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const HEX = "0123456789abcdefABCDEF";
const BASE32 = `${LETTERS.toUpperCase()}234567`;
/** Many programs write base32 in lower case. */
const BASE32_CODES = toCodeSet(`${LETTERS}${BASE32}`);
const BASE32_VALUES = new Uint8Array(128);
for (const [value, char] of Array.from(BASE32).entries())
  for (const each of [char, char.toLowerCase()]) BASE32_VALUES[each.charCodeAt(0)] = value;
/** Every character that `\s` matches. */
const SPACES =
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
const BASE64_CODES = toCodeSet(`${LETTERS}${LETTERS.toUpperCase()}0123456789+/_-`);
/** Characters of a text that can be encoded itself. */
const ENCODED_TEXT_CODES = toCodeSet(`${LETTERS}${LETTERS.toUpperCase()}0123456789_+/=-${SPACES}`);
const HEX_CODES = toCodeSet(HEX);
const HEX_LIST_CODES = toCodeSet(`${HEX}${SPACES}xX\\,:;_.-`);

/**
 * Runs of at least so many characters, however long: a regular expression would need a stack for megabytes. Looks at the last character first
 * that a run needs, so that it passes over most characters of other texts.
 */
const findRuns = (text: string, codes: CodeSet, least: number): EncodedRun[] => {
  const runs: EncodedRun[] = [];
  let start = 0;
  while (start + least <= text.length) {
    let at = start + least - 1;
    while (at >= start && codes[text.charCodeAt(at)] === 1) at -= 1;
    if (at < start) {
      let end = start + least;
      while (end < text.length && codes[text.charCodeAt(end)] === 1) end += 1;
      runs.push({ run: text.slice(start, end), index: start });
      at = end;
    }
    start = at + 1;
  }
  return runs;
};

const findRunsWithin = (runs: readonly EncodedRun[], codes: CodeSet, least: number): EncodedRun[] =>
  runs.flatMap(({ run: text, index: start }) => findRuns(text, codes, least).map(({ run, index }) => ({ run, index: start + index })));

/** Decoded runs in one text, each on a line of its own. UTF-16 has a zero in each character. */
function* decodeOnce(runs: readonly EncodedRun[], decode: (run: string) => Buffer): Generator<TextView> {
  if (runs.length === 0) return;
  yield joinDecoded(
    runs,
    runs.map(({ run }) => withoutZeros(decode(run))),
  );
}
const withoutZeros = (bytes: Buffer): Buffer => {
  if (!bytes.includes(0)) return bytes;
  const kept = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (const byte of bytes) {
    kept[length] = byte;
    if (byte !== 0) length += 1;
  }
  return kept.subarray(0, length);
};

/** Decoded runs in one text; also reversed, and decoded once more. */
function* readDecoded(runs: readonly EncodedRun[], decode: (run: string) => Buffer): Generator<TextView> {
  if (runs.length === 0) return;
  const decoded = runs.map(({ run }) => withoutZeros(decode(run)));
  yield joinDecoded(runs, decoded);
  yield joinDecoded(
    runs,
    decoded.map((each) => Buffer.from(each).reverse()),
  );
  const again = decoded.map((each) => decodeAgain(each));
  if (again.some(({ length }) => length > 0)) yield joinDecoded(runs, again);
}

const NOTHING = Buffer.alloc(0);
const decodeAgain = (bytes: Buffer): Buffer => {
  if (bytes.length < MIN_BASE64_CHARS || bytes.some((byte) => ENCODED_TEXT_CODES[byte] !== 1)) return NOTHING;
  const run = bytes.toString("latin1").replaceAll(/\s/g, "");
  return /^[0-9a-f]+$/i.test(run) ? decodeHex(run) : decodeBase64(run);
};

/** Lists of codes in one text. Their characters may need more than a byte. */
function* readLists(runs: readonly EncodedRun[], radix: number): Generator<TextView> {
  if (runs.length === 0) return;
  const texts = runs.map(({ run }) => readCodes(run.match(/\d{2,8}/g) ?? [], radix).replaceAll("\0", ""));
  yield { text: texts.join("\n"), locate: locateRuns(runs, texts) };
}

const joinDecoded = (runs: readonly EncodedRun[], parts: readonly Buffer[]): TextView => {
  const bytes = joinLines(parts);
  return {
    bytes,
    get text() {
      return bytes.toString("latin1");
    },
    locate: locateRuns(runs, parts),
  };
};

const LINE_END = 10;
const joinLines = (parts: readonly Buffer[]): Buffer => {
  const [first = NOTHING] = parts;
  if (parts.length === 1) return first;
  const joined = Buffer.alloc(
    parts.reduce((sum, { length }) => sum + length + 1, -1),
    LINE_END,
  );
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length + 1;
  }
  return joined;
};

/** Maps a range of the decoded runs, joined by line ends, to the whole runs that the range touches. */
const locateRuns = (runs: readonly EncodedRun[], texts: readonly { readonly length: number }[]): TextView["locate"] => {
  const starts: number[] = [];
  let length = 0;
  for (const each of texts) {
    starts.push(length);
    length += each.length + 1;
  }
  const runAt = (at: number): EncodedRun => runs[findLastAtMost(starts, at)] ?? { run: "", index: 0 };
  return (from, to) => {
    const last = runAt(Math.max(from, to - 1));
    return [runAt(from).index, last.index + last.run.length];
  };
};

const decodeBase64 = (run: string): Buffer => Buffer.from(run, "base64");
const readCodes = (codes: readonly string[], radix: number): string =>
  String.fromCharCode(...codes.map((code) => Number.parseInt(code, radix)));
/** Five bits of each character. */
const decodeBase32 = (run: string): Buffer => {
  const bytes = Buffer.allocUnsafe(Math.floor((run.length * 5) / 8));
  let [bits, held, length] = [0, 0, 0];
  for (let at = 0; at < run.length; at += 1) {
    bits = ((bits << 5) | (BASE32_VALUES[run.charCodeAt(at)] ?? 0)) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes[length] = bits >> held;
    length += 1;
  }
  return bytes;
};
const decodeHex = (run: string): Buffer => Buffer.from(run, "hex");
