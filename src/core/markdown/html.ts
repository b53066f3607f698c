import type { Range } from "./read.ts";

/** State that raw HTML leaves open for the following text: nothing, a comment, or a quoted attribute or other text that parsers read differently. */
export type OpenHtml = "nothing" | "comment" | "unclear";
export type HtmlTag = { readonly at: number; readonly name: string; readonly closes: boolean };
type HtmlReading = { readonly hidden: readonly Range[]; readonly tags: readonly HtmlTag[]; readonly open: OpenHtml };

type HtmlStep = { readonly to: number; readonly hidden?: readonly Range[]; readonly open?: OpenHtml; readonly tag?: HtmlTag };

/** Shorter labels and attributes are kept although invisible: too short to carry an instruction. */
export const LONGEST_UNSEEN = 40;

const hide = (range: Range, open: OpenHtml = "nothing"): HtmlStep => ({ to: range.to, hidden: [range], open });

/** GitHub shows these tags as text, see "Disallowed Raw HTML" in its Markdown specification; within a paragraph only at the start of the HTML. */
const SHOWN_AS_TEXT = /<\/?(?:title|textarea|style|xmp|iframe|noembed|noframes|script|plaintext)(?=[\s/>])/iy;
const TAG_START = /<(\/?)([a-z][^\s/>]*)/iy;
const BOGUS_START = /<[!?/]/y;

/** Reads raw HTML as a browser does. Total, in linear time. */
export const readHtml = (html: string, before: OpenHtml, place: "block" | "inline"): HtmlReading => {
  const hidden: Range[] = [];
  const tags: HtmlTag[] = [];
  let open = before;
  let at = 0;
  const take = (step: HtmlStep): void => {
    hidden.push(...(step.hidden ?? []));
    if (step.tag) tags.push(step.tag);
    open = step.open ?? "nothing";
    at = step.to;
  };
  if (open === "unclear") take(hide({ from: 0, to: html.length }, open));
  if (open === "comment") take(readHtmlComment(html, 0, 0));
  for (let from = html.indexOf("<", at); from !== -1 && at < html.length; from = html.indexOf("<", at)) {
    const visibleTag = matchAt(SHOWN_AS_TEXT, html, from);
    if (!visibleTag) take(readHtmlStep(html, from));
    else if (place === "block" || from === 0) take({ to: from + visibleTag[0].length });
    else take(hide({ from, to: html.length }, "unclear"));
  }
  return { hidden, tags, open };
};

const matchAt = (pattern: RegExp, text: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at;
  return pattern.exec(text);
};

const readHtmlStep = (html: string, from: number): HtmlStep => {
  const start = matchAt(TAG_START, html, from);
  if (start) return readHtmlTag(html, from, start);
  if (html.startsWith("<!--", from)) {
    const empty = matchAt(/-?>/y, html, from + 4);
    return empty ? hide({ from, to: from + 4 + empty[0].length }) : readHtmlComment(html, from, from + 4);
  }
  if (!matchAt(BOGUS_START, html, from)) return { to: from + 1 };
  const end = html.indexOf(">", from);
  return hide({ from, to: end === -1 ? html.length : end + 1 });
};

/** Reads the rest of a comment. Browsers also end a comment at `--!>`, other parsers do not. */
const readHtmlComment = (html: string, from: number, content: number): HtmlStep => {
  const end = matchAt(/--(!?)>/g, html, content);
  if (!end) return hide({ from, to: html.length }, "comment");
  if (end[1] === "!") return hide({ from, to: html.length }, "unclear");
  return hide({ from, to: end.index + end[0].length });
};

const ATTRIBUTE = /[\s/]*(?:([^\s/>][^\s/>=]*)(?:\s*=\s*(?=[^>\s])(?:(["'])|[^\s>]*))?)?/y;
/** Attributes with a link target or a picture's description. */
const SHOWN_ATTRIBUTE = /^(?:href|src|alt)$/i;

/** Reads a tag with its attributes. The next tag from Markdown ends an unfinished tag, but not a quoted value. */
const readHtmlTag = (html: string, from: number, [start, slash, name = ""]: RegExpExecArray): HtmlStep => {
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
