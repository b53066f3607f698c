import { stripHiddenChars } from "../domain/visible-text.ts";
import { LONGEST_UNSEEN } from "./html.ts";
import { isWithin, type MarkdownEvent, type MarkdownToken, type Range, rangeOf } from "./read.ts";

type Names = { readonly links: Set<string>; readonly footnotes: Set<string> };
type Definition = { label: string; targetEnd: number };

const createNames = (): Names => ({ links: new Set(), footnotes: new Set() });
const readSource = (text: string, { start, end }: MarkdownToken): string => text.slice(start.offset, end.offset);
const normalizeName = (label: string): string => label.replaceAll(/\s+/g, " ").trim().toLowerCase();

/** Finds invisible Markdown: definitions, titles, long labels, text after a fence's language, invisible character references. */
export const findUnseen = (text: string, events: readonly MarkdownEvent[], hidden: readonly Range[]): Range[] => {
  const used = findUsed(text, events, hidden);
  const defined = createNames();
  const ranges: Range[] = [];
  let definition: Definition = { label: "", targetEnd: 0 };
  let footnotes: Range[] = [];
  for (const [phase, token] of events) {
    if (phase === "exit") {
      if (token.type === "definition")
        ranges.push({ from: findKeptEnd(definition, used, defined) ?? token.start.offset, to: token.end.offset });
      continue;
    }
    if (token.type === "definitionLabelString") definition = { label: readSource(text, token), targetEnd: 0 };
    if (token.type === "definitionDestination") definition.targetEnd = token.end.offset;
    if (token.type === "gfmFootnoteDefinition") footnotes = [rangeOf(token)];
    if (token.type === "gfmFootnoteDefinitionLabelString" && !isFootnoteUsed(normalizeName(readSource(text, token)), used, defined))
      ranges.push(...footnotes);
    if (isUnseen(text, token)) ranges.push(rangeOf(token));
  }
  return ranges;
};

/** The end of the visible part of a definition: the end of its target if a link uses it, otherwise null. */
const findKeptEnd = ({ label, targetEnd }: Definition, used: Names, defined: Names): number | null => {
  const name = normalizeName(label);
  const isFirst = !defined.links.has(name);
  defined.links.add(name);
  return isFirst && used.links.has(name) && label.length <= LONGEST_UNSEEN ? targetEnd : null;
};

const isFootnoteUsed = (name: string, used: Names, defined: Names): boolean => {
  const isFirst = !defined.footnotes.has(name);
  defined.footnotes.add(name);
  return isFirst && used.footnotes.has(name);
};

/** Names of definitions used by visible links and footnote calls. */
const findUsed = (text: string, events: readonly MarkdownEvent[], hidden: readonly Range[]): Names => {
  const used = createNames();
  const links: (string | null)[] = [];
  for (const [phase, token] of events) {
    if (phase === "exit") {
      if (isLink(token)) used.links.add(normalizeName(links.pop() ?? ""));
      continue;
    }
    if (isLink(token)) links.push(null);
    if (isWithin(hidden, token.start.offset)) continue;
    if (token.type === "labelText" || token.type === "referenceString") links[links.length - 1] = readSource(text, token);
    if (token.type === "gfmFootnoteCallString") used.footnotes.add(normalizeName(readSource(text, token)));
  }
  return used;
};

const isLink = ({ type }: MarkdownToken): boolean => type === "link" || type === "image";

const isUnseen = (text: string, token: MarkdownToken): boolean => {
  const { type, start, end } = token;
  if (type === "codeFencedFenceMeta" || type === "resourceTitle") return true;
  if (type === "codeFencedFenceInfo" || type === "reference") return end.offset - start.offset > LONGEST_UNSEEN;
  return type === "characterReference" && isInvisible(readSource(text, token));
};

const INVISIBLE_NAME =
  /^&(?:shy|zwj|zwnj|lrm|rlm|NoBreak|ZeroWidthSpace|Negative(?:VeryThin|Thin|Medium|Thick)Space|af|ApplyFunction|it|InvisibleTimes|ic|InvisibleComma);$/;

/** Whether a character reference encodes an invisible character. */
const isInvisible = (reference: string): boolean => {
  const { decimal, hexadecimal } = /^&#(?:(?<decimal>\d+)|x(?<hexadecimal>[\da-f]+));$/i.exec(reference)?.groups ?? {};
  if (decimal === undefined && hexadecimal === undefined) return INVISIBLE_NAME.test(reference);
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  return code <= 0x10ffff && stripHiddenChars(String.fromCodePoint(code)) === "";
};
