import { stripHiddenChars } from "../domain/visible-text.ts";
import { LONGEST_UNSEEN } from "./html.ts";
import { isWithin, type MarkdownEvent, type MarkdownToken, type Range, rangeOf } from "./read.ts";

/** Names of link definitions and of footnotes. */
type Names = { readonly links: Set<string>; readonly footnotes: Set<string> };
type Definition = { label: string; targetEnd: number };

const newNames = (): Names => ({ links: new Set(), footnotes: new Set() });
const sourceOf = (text: string, { start, end }: MarkdownToken): string => text.slice(start.offset, end.offset);
const nameOf = (label: string): string => label.replaceAll(/\s+/g, " ").trim().toLowerCase();

/** Finds Markdown that readers do not see: definitions, titles, long labels, what follows a fence's language, invisible character references. */
export const findUnseen = (text: string, events: readonly MarkdownEvent[], hidden: readonly Range[]): Range[] => {
  const used = findUsed(text, events, hidden);
  const defined = newNames();
  const ranges: Range[] = [];
  let definition: Definition = { label: "", targetEnd: 0 };
  let footnotes: Range[] = [];
  for (const [phase, token] of events) {
    if (phase === "exit") {
      if (token.type === "definition")
        ranges.push({ from: keptEnd(definition, used, defined) ?? token.start.offset, to: token.end.offset });
      continue;
    }
    if (token.type === "definitionLabelString") definition = { label: sourceOf(text, token), targetEnd: 0 };
    if (token.type === "definitionDestination") definition.targetEnd = token.end.offset;
    if (token.type === "gfmFootnoteDefinition") footnotes = [rangeOf(token)];
    if (token.type === "gfmFootnoteDefinitionLabelString" && !isCalled(nameOf(sourceOf(text, token)), used, defined))
      ranges.push(...footnotes);
    if (isUnseen(text, token)) ranges.push(rangeOf(token));
  }
  return ranges;
};

/** How far a definition is kept: to the end of its target, where a link uses it. */
const keptEnd = ({ label, targetEnd }: Definition, used: Names, defined: Names): number | null => {
  const name = nameOf(label);
  const isFirst = !defined.links.has(name);
  defined.links.add(name);
  return isFirst && used.links.has(name) && label.length <= LONGEST_UNSEEN ? targetEnd : null;
};

const isCalled = (name: string, used: Names, defined: Names): boolean => {
  const isFirst = !defined.footnotes.has(name);
  defined.footnotes.add(name);
  return isFirst && used.footnotes.has(name);
};

/** Names of the definitions that links and footnote calls use which are not hidden themselves. */
const findUsed = (text: string, events: readonly MarkdownEvent[], hidden: readonly Range[]): Names => {
  const used = newNames();
  const links: (string | null)[] = [];
  for (const [phase, token] of events) {
    if (phase === "exit") {
      if (isLink(token)) used.links.add(nameOf(links.pop() ?? ""));
      continue;
    }
    if (isLink(token)) links.push(null);
    if (isWithin(hidden, token.start.offset)) continue;
    if (token.type === "labelText" || token.type === "referenceString") links[links.length - 1] = sourceOf(text, token);
    if (token.type === "gfmFootnoteCallString") used.footnotes.add(nameOf(sourceOf(text, token)));
  }
  return used;
};

const isLink = ({ type }: MarkdownToken): boolean => type === "link" || type === "image";

const isUnseen = (text: string, token: MarkdownToken): boolean => {
  const { type, start, end } = token;
  if (type === "codeFencedFenceMeta" || type === "resourceTitle") return true;
  if (type === "codeFencedFenceInfo" || type === "reference") return end.offset - start.offset > LONGEST_UNSEEN;
  return type === "characterReference" && isInvisible(sourceOf(text, token));
};

const INVISIBLE_NAME =
  /^&(?:shy|zwj|zwnj|lrm|rlm|NoBreak|ZeroWidthSpace|Negative(?:VeryThin|Thin|Medium|Thick)Space|af|ApplyFunction|it|InvisibleTimes|ic|InvisibleComma);$/;

/** Whether a character reference stands for a character that nobody sees. */
const isInvisible = (reference: string): boolean => {
  const { decimal, hexadecimal } = /^&#(?:(?<decimal>\d+)|x(?<hexadecimal>[\da-f]+));$/i.exec(reference)?.groups ?? {};
  if (decimal === undefined && hexadecimal === undefined) return INVISIBLE_NAME.test(reference);
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  return code <= 0x10ffff && stripHiddenChars(String.fromCodePoint(code)) === "";
};
