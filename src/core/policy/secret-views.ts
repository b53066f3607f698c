import { decodeRuns, findLastAtMost, reverse, type TextView } from "./decode-runs.ts";

/**
 * The other readings of a text in which a credential may hide: without invisible characters, with escapes decoded, with literals and lines
 * joined, reversed, and its base64 and hexadecimal parts decoded. Takes time linear in the text.
 */
export function* readOtherViews(text: string): Generator<TextView> {
  const visible = rewrite(text, INVISIBLE, () => "");
  const unescaped = rewrite(text, ESCAPES, decodeEscape);
  const rewritten = [visible, unescaped, rewrite(text, STYLED_CHARS, readStyled), rewrite(text, STYLE_ESCAPES, decodeStyleEscape)];
  for (const view of rewritten) if (view) yield view;
  yield* readSeparated(text);
  if (unescaped) yield* decodeRuns(unescaped);
  if (visible) yield* decodeRuns(visible);
  yield reverseView(readAsIs(text));
  yield* decodeRuns(readAsIs(text));
  for (const joined of [rewrite(text, LITERAL_JOINTS, () => ""), rewrite(text, LINE_JOINTS, () => "")]) {
    if (!joined) continue;
    yield joined;
    yield reverseView(joined);
    yield* decodeRuns(joined);
  }
  // A line of base64 may start with a mark that other lines have before their text.
  for (const joined of [rewrite(text, BASE64_JOINTS, () => ""), rewrite(text, DUMP_LINES, readDumpLine)])
    if (joined) yield* decodeRuns(joined);
}

const readAsIs = (text: string): TextView => ({ text, locate: (from, to) => [from, to] });

/** Also the colours of a terminal, and marks over letters. */
const INVISIBLE = /(?:[\p{Default_Ignorable_Code_Point}\p{Cf}\p{M}\0]|\p{Cc}\[[\d;]{0,20}m)+/gu;

/** Wide, mathematical and circled characters; tags, and variation selectors for bytes, which nobody sees. */
const STYLED_CHARS =
  // oxlint-disable-next-line no-misleading-character-class -- variation selectors are what is looked for
  /[\u2070-\u209c\u2100-\u214f\u2460-\u24ff\uff01-\uff5e\u{1d400}-\u{1d7ff}\u{1f110}-\u{1f169}\u{e0009}-\u{e007e}\u{e0110}-\u{e016e}\ufe09\ufe0a\ufe0d]/gu;
const TAG_OFFSET = 0xe0000;
/** Before the selector for the byte 16, and the selector for the byte 0: the first sixteen have a block of their own. */
const SELECTOR_OFFSET = 0xe00f0;
const FIRST_SELECTOR = 0xfe00;
const readStyled = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  if (code > FIRST_SELECTOR && code < 0xfe10) return String.fromCharCode(code - FIRST_SELECTOR);
  if (code > SELECTOR_OFFSET) return String.fromCharCode(code - SELECTOR_OFFSET);
  return code > TAG_OFFSET ? String.fromCharCode(code - TAG_OFFSET) : char.normalize("NFKC");
};

const ESCAPES =
  /%(?:25){0,3}[0-9a-f]{2}|\\x[0-9a-f]{2}|\\U0{6}[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\u\{0{0,4}[0-9a-f]{2}\}|\\0{0,2}(?:1[0-7]{2}|[4-7][0-7])|&#(?:x0{0,6}[0-9a-f]{1,2}(?![0-9a-f])|0{0,6}\d{2,3}(?!\d));?|&(?:lowbar|underbar|period|sol|plus|equals);|=[0-9A-F]{2}/gi;
/** The signs of credentials for which HTML has names. */
const NAMED_SIGNS: Readonly<Record<string, string>> = { lowbar: "_", underbar: "_", period: ".", sol: "/", plus: "+", equals: "=" };
const decodeEscape = (escape: string): string => {
  const named = /^&([a-z]+);$/i.exec(escape)?.[1];
  if (named !== undefined) return NAMED_SIGNS[named.toLowerCase()] ?? "";
  const decimal = /^&#(\d+);?$/.exec(escape)?.[1];
  const octal = /^\\([0-7]+)$/.exec(escape)?.[1];
  if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
  return String.fromCharCode(
    decimal === undefined ? Number.parseInt(/[0-9a-f]{1,2}(?=[};]?$)/i.exec(escape)?.[0] ?? "0", 16) : Number(decimal),
  );
};
const STYLE_ESCAPES = /\\(?:0{4}[2-7][0-9a-f]|0{0,3}[2-7][0-9a-f](?: |(?![0-9a-f])))/gi;
const decodeStyleEscape = (escape: string): string => String.fromCharCode(Number.parseInt(escape.slice(1), 16));

/** Characters with one blank between each. */
const SPACED_CHARS = /(?:[ -~\n][ \t\u00a0\u00b7]){19,4000}[ -~\n]/g;
/** Characters with the same sign between each, and perhaps a blank. */
const SEPARATED_CHARS = /[ -~\n]([,;|./_:-] ?|  )(?:[ -~\n]\1){18,4000}[ -~\n]/g;
function* readSeparated(text: string): Generator<TextView> {
  for (const form of [SPACED_CHARS, SEPARATED_CHARS])
    for (const { 0: run, 1: separator = " ", index } of text.matchAll(form)) {
      const step = 1 + separator.length;
      const chars = Array.from({ length: Math.ceil(run.length / step) }, (_, at) => run.charAt(at * step));
      const locate = (from: number, to: number): [number, number] => [index + from * step, index + (to - 1) * step + 1];
      yield { text: chars.join(""), locate };
      const joined = joinTouching(text, { from: index, to: index + run.length }, { text: chars.join(""), locate });
      if (joined) yield joined;
    }
}

/** Longer than any credential that keeps a part of its characters together. */
const MAX_TOUCHING_CHARS = 200;
const isVisible = (code: number): boolean => code > 0x20 && code < 0x7f;

/** A part of a text with the words that touch it: only some characters of a credential may be separated. Null if none touches it. */
const joinTouching = (text: string, part: { readonly from: number; readonly to: number }, view: TextView): TextView | null => {
  let from = part.from;
  while (from > 0 && part.from - from < MAX_TOUCHING_CHARS && isVisible(text.charCodeAt(from - 1))) from -= 1;
  let to = part.to;
  while (to < text.length && to - part.to < MAX_TOUCHING_CHARS && isVisible(text.charCodeAt(to))) to += 1;
  if (from === part.from && to === part.to) return null;
  const start = part.from - from;
  const end = start + view.text.length;
  const place = (at: number): number => {
    if (at < start) return from + at;
    return at < end ? view.locate(at - start, at - start + 1)[0] : part.to + at - end;
  };
  return {
    text: text.slice(from, part.from) + view.text + text.slice(part.to, to),
    locate: (first, last) => [place(first), place(last - 1) + 1],
  };
};

/** The joint of two pieces of a literal: quotes with an operator, a call, a comma or a line between them. */
const LITERAL_JOINTS =
  /["'`]\s{0,40}(?:\)?\.concat\(|;?\s{0,4}\w{1,30}\s{0,4}\+=|, ?concat\(|<<|<>|[+.,&|]{0,2}(?: _)?)\s{0,40}\\?\s{0,40}["'`]|\\(?=[\n\w-])|\$@|\$?\{\w{0,20}["'`]{0,2}\}|<\/?[a-z]{1,10} ?\/?>|<!--[^>]{0,80}-->|\/\*[^*]{0,80}\*\/|\*\*|`/g;
/** The end of a line and what begins the next one in code, quotes, lists, changes and logs. */
const LINE_JOINTS =
  /[\\=]?(?:\r\n?|[\n\v\f\u0085\u2028\u2029])[ \t]{0,40}(?:\d{1,5}[.):|]?(?=[ \t])|\/\/|#|\*|>|\||--(?= )|[-+](?= )|\+)?[ \t]{0,4}/g;
const BASE64_JOINTS =
  /(?:\r\n?|[\n\v\f\u0085\u2028\u2029])(?<=[A-Za-z0-9+/_-](?:\r\n|[\r\n\v\f\u0085\u2028\u2029]))[ \t]{0,20}(?:\d{1,5}[.):|]?[ \t]{1,4})?(?=[A-Za-z0-9+/_=-])|[ .,](?<=[A-Za-z0-9+/_-]{8}.)(?=[A-Za-z0-9+/_-]{8})/g;
/** A line of a dump by `xxd` or `hexdump`: address, bytes, and the same as characters. */
const DUMP_LINES = /^[0-9a-f]{7,8}:? {1,2}((?:[0-9a-f]{2,4} {1,2}){1,16})[^\n]{0,40}\n?/gim;
const readDumpLine = (line: string): string =>
  line
    .replace(/^\w+:? +/, "")
    .replace(/(?: {2}|[|]).*$/s, "")
    .replaceAll(/\W/g, "");

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
