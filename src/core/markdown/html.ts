import type { Range } from "./read.ts";

/** What raw HTML leaves open for the text after it: nothing, a comment, or a quoted attribute or other text that is read in more than one way. */
export type OpenHtml = "nothing" | "comment" | "unclear";
/** A tag that opens or closes an element. */
export type HtmlTag = { readonly at: number; readonly name: string; readonly closes: boolean };
type HtmlReading = { readonly hidden: readonly Range[]; readonly tags: readonly HtmlTag[]; readonly open: OpenHtml };

type Step = { readonly to: number; readonly hidden?: readonly Range[]; readonly open?: OpenHtml; readonly tag?: HtmlTag };

/** Labels and attributes up to this many characters are too short to say much, and are kept although nobody sees them. */
export const LONGEST_UNSEEN = 40;

const hide = (range: Range, open: OpenHtml = "nothing"): Step => ({ to: range.to, hidden: [range], open });

/** GitHub shows these tags as text, see "Disallowed Raw HTML" in its Markdown specification. Within a paragraph only the tag that HTML begins with. */
const SHOWN_AS_TEXT = /<\/?(?:title|textarea|style|xmp|iframe|noembed|noframes|script|plaintext)(?=[\s/>])/iy;
const TAG_START = /<(\/?)([a-z][^\s/>]*)/iy;
const BOGUS_START = /<[!?/]/y;

/** Raw HTML as a browser reads it: what it hides, its tags, and what it leaves open. Total, in linear time. */
export const readHtml = (html: string, before: OpenHtml, place: "block" | "inline"): HtmlReading => {
  const hidden: Range[] = [];
  const tags: HtmlTag[] = [];
  let open = before;
  let at = 0;
  const take = (step: Step): void => {
    hidden.push(...(step.hidden ?? []));
    if (step.tag) tags.push(step.tag);
    open = step.open ?? "nothing";
    at = step.to;
  };
  if (open === "unclear") take(hide({ from: 0, to: html.length }, open));
  if (open === "comment") take(commentFrom(html, 0, 0));
  for (let from = html.indexOf("<", at); from !== -1 && at < html.length; from = html.indexOf("<", at)) {
    const asText = matchAt(SHOWN_AS_TEXT, html, from);
    if (!asText) take(stepAt(html, from));
    else if (place === "block" || from === 0) take({ to: from + asText[0].length });
    else take(hide({ from, to: html.length }, "unclear"));
  }
  return { hidden, tags, open };
};

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

const stepAt = (html: string, from: number): Step => {
  const start = matchAt(TAG_START, html, from);
  if (start) return tagFrom(html, from, start);
  if (html.startsWith("<!--", from)) {
    const empty = matchAt(/-?>/y, html, from + 4);
    return empty ? hide({ from, to: from + 4 + empty[0].length }) : commentFrom(html, from, from + 4);
  }
  if (!matchAt(BOGUS_START, html, from)) return { to: from + 1 };
  const end = html.indexOf(">", from);
  return hide({ from, to: end === -1 ? html.length : end + 1 });
};

/** The rest of a comment. Browsers also end it at `--!>`, other parsers do not. */
const commentFrom = (html: string, from: number, content: number): Step => {
  const end = matchAt(/--(!?)>/g, html, content);
  if (!end) return hide({ from, to: html.length }, "comment");
  if (end[1] === "!") return hide({ from, to: html.length }, "unclear");
  return hide({ from, to: end.index + end[0].length });
};

const ATTRIBUTE = /[\s/]*(?:([^\s/>][^\s/>=]*)(?:\s*=\s*(?=[^>\s])(?:(["'])|[^\s>]*))?)?/y;
/** Attributes that lead somewhere, or stand for a picture. */
const SHOWN_ATTRIBUTE = /^(?:href|src|alt)$/i;

/** A tag with its attributes. One that does not end is ended by the next tag that Markdown writes; a quoted value is not. */
const tagFrom = (html: string, from: number, [start, slash, name = ""]: RegExpExecArray): Step => {
  const others: Range[] = [];
  let at = from + start.length;
  while (at < html.length && html[at] !== ">") {
    const [whole = "", attribute = "", quote] = matchAt(ATTRIBUTE, html, at) ?? [];
    const end = quote === undefined ? at + Math.max(1, whole.length) : html.indexOf(quote, at + whole.length) + 1;
    if (end === 0) return hide({ from, to: html.length }, "unclear");
    if (!SHOWN_ATTRIBUTE.test(attribute)) others.push({ from: at, to: end });
    at = end;
  }
  const isLong = others.reduce((sum, { from, to }) => sum + to - from, 0) > LONGEST_UNSEEN;
  const tag = { at: from, name: name.toLowerCase(), closes: slash === "/" };
  return { to: Math.min(html.length, at + 1), tag, hidden: isLong ? others : [] };
};
