import { createKeywordSearch } from "./keyword-filter.ts";
import type { SecretRule } from "./secret-rule.ts";
import { measureEntropy, SECRET_RULES } from "./secret-rules.ts";
import type { TextView } from "./decode-runs.ts";
import { readOtherViews } from "./secret-views.ts";

type SecretRange = { readonly from: number; readonly to: number; readonly name: string };

/** A shorter text is no secret: it occurs by chance, and no rule matches it. In characters. */
const MIN_VALUE_CHARS = 8;
/** In characters; longer than any private key. */
const MAX_KEY_BLOCK_CHARS = 20_000;

/** Names the kinds of credentials that a text seems to contain, in any reading, and whether it contains one of the given values. */
export const findSecrets = (text: string, values: readonly string[] = []): string[] => [
  ...new Set(findSecretRanges(text, values).map(({ name }) => name)),
];

/** The values that are long enough, and their UTF-8 with a character for each byte, as in decoded views. */
const listKnown = (values: readonly string[]): string[] =>
  values
    .filter((value) => value.length >= MIN_VALUE_CHARS)
    .flatMap((value) => [...new Set([value, Buffer.from(value).toString("latin1")])]);

/** Whether a text contains one of the values, in any reading. */
export const holdsValues = (text: string, values: readonly string[]): boolean => {
  const known = listKnown(values);
  if (known.length === 0) return false;
  if (findInView(text, known, []).length > 0) return true;
  for (const view of readOtherViews(text)) if (mayHold(view, known, false) && findInView(view.text, known, []).length > 0) return true;
  return false;
};

/** Replaces credentials and the given values, also encoded or in pieces, and returns the text from a character on. */
export const redactSecrets = (text: string, values: readonly string[] = [], start = 0): string =>
  redactRanges(text, findSecretRanges(text, values), start);

/** Replaces ranges, in any order and overlapping, and returns the text from a character on. */
export const redactRanges = (text: string, ranges: readonly Omit<SecretRange, "name">[], start = 0): string => {
  let redacted = "";
  let read = start;
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from || b.to - a.to)) {
    if (to <= read) continue;
    redacted += from >= read ? `${text.slice(read, from)}[redacted]` : "";
    read = to;
  }
  return redacted + text.slice(read);
};

/** Serializes a value with credentials redacted in each string, keys included, also those that JSON escapes would hide. */
export const redactJson = (value: unknown, values: readonly string[] = []): string =>
  JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "string") return redactSecrets(each, values);
    if (each === null || typeof each !== "object" || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).map(([key, member]) => [redactSecrets(key, values), member]));
  });

/** The places of credentials, in no order and overlapping. */
export const findSecretRanges = (text: string, values: readonly string[]): SecretRange[] => {
  const known = listKnown(values);
  const found = findInView(text, known, SECRET_RULES);
  for (const view of readOtherViews(text)) {
    if (!mayHold(view, known, true)) continue;
    for (const { from, to, name } of findInView(view.text, known, EXACT_RULES)) {
      const [start, end] = view.locate(from, to);
      found.push({ from: start, to: end, name });
    }
  }
  return found;
};

/** Whether a view can contain a value or a keyword of a rule. Decoded bytes are searched without creating their text. */
const mayHold = ({ bytes }: TextView, values: readonly string[], withRules: boolean): boolean =>
  bytes === undefined || (withRules && KEYWORDS.isIn(bytes)) || values.some((value) => bytes.includes(value, 0, "latin1"));

const KEYWORDS = createKeywordSearch(SECRET_RULES.flatMap(({ keywords }) => keywords));
const EXACT_RULES = SECRET_RULES.filter(({ loose }) => loose !== true);

const findInView = (text: string, values: readonly string[], rules: readonly SecretRule[]): SecretRange[] => {
  const found: SecretRange[] = [];
  for (const value of values)
    for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + value.length))
      found.push({ from: at, to: at + value.length, name: "a secret of this job" });
  if (rules.length === 0 || text.length < MIN_VALUE_CHARS) return found;
  const present = KEYWORDS.findIn(text);
  if (present.size === 0) return found;
  for (const rule of rules) {
    if (!rule.keywords.some((keyword) => present.has(keyword))) continue;
    let read = 0;
    for (const { 0: match, index } of text.matchAll(rule.form)) {
      if (index < read || isPlaceholder(match, rule)) continue;
      read = index + match.length + measureKeyBlock(text, rule, index + match.length);
      found.push({ from: index, to: read, name: rule.name });
    }
  }
  return found;
};

const isPlaceholder = (match: string, { entropy }: SecretRule): boolean =>
  entropy !== undefined && (match.endsWith("EXAMPLE") || measureEntropy(match) < entropy);

/** The length of the key that follows its first line; zero for any other credential. */
const measureKeyBlock = (text: string, { name, keywords }: SecretRule, from: number): number => {
  if (name !== "a private key" || keywords[0] !== "private key") return 0;
  const end = text.slice(from, from + MAX_KEY_BLOCK_CHARS).search(/-----END [A-Z0-9 ]{1,80}-----/);
  return end < 0 ? Math.min(text.length - from, MAX_KEY_BLOCK_CHARS) : end + (text.indexOf("-----", from + end + 5) + 5 - (from + end));
};
