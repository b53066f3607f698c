import type { gfmHtml } from "micromark-extension-gfm";
import { escapeHtml } from "./safe-html.ts";

type HtmlExtension = ReturnType<typeof gfmHtml>;
type CompileContext = ThisParameterType<NonNullable<NonNullable<HtmlExtension["enter"]>["htmlFlow"]>>;

/** HTML elements in Enki's comments. They have no attributes except in `<details open>`. */
const ALLOWED_ELEMENTS = /&lt;(\/?)(details|summary|sub|sup|kbd|code|span|br)(\s+open)?\s*\/?&gt;/gi;
const HTML_COMMENT_PATTERN = /&lt;!--(?:&gt;|-&gt;|[^]*?(?:--&gt;|$))/g;
const DECIMAL_ENTITY = /&amp;#(\d{1,7});/g;
const HEX_ENTITY = /&amp;#x([\da-f]{1,6});/gi;
const NAMED_ENTITY = /&amp;(lt|gt|amp|quot);/g;
const MAX_ELEMENT_DEPTH = 50;

const escapeCodePoint = (code: number): string => escapeHtml(code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd");

/** Decodes entities, which also stand for characters in HTML that is shown as text. */
const readEntities = (text: string): string =>
  text
    .replace(DECIMAL_ENTITY, (_, code: string) => escapeCodePoint(Number(code)))
    .replace(HEX_ENTITY, (_, code: string) => escapeCodePoint(Number.parseInt(code, 16)))
    .replace(NAMED_ENTITY, "&$1;");

type ElementTag = { readonly closing: boolean; readonly name: string; readonly unfolded: boolean };

/** Writes a tag. A closing tag also closes open inner elements; a closing tag without an opening one is dropped. */
const writeTag = (context: CompileContext, open: string[], { closing, name, unfolded }: ElementTag): void => {
  if (name === "br") return context.tag("<br>");
  if (!closing) {
    if (open.length >= MAX_ELEMENT_DEPTH) return;
    open.push(name);
    return context.tag(`<${name}${unfolded && name === "details" ? " open" : ""}>`);
  }
  if (!open.includes(name)) return;
  for (let last = ""; last !== name;) {
    last = open.pop() ?? name;
    context.tag(`</${last}>`);
  }
};

/** Handles HTML in Markdown: hides comments, passes a few elements through and shows everything else as text. */
export const createBareElements = (): { extension: HtmlExtension; unclosed: () => string } => {
  const open: string[] = [];
  const enter = function (this: CompileContext): undefined {
    this.buffer();
  };
  const exit = function (this: CompileContext): undefined {
    const text = this.resume().replace(HTML_COMMENT_PATTERN, "");
    let from = 0;
    for (const found of text.matchAll(ALLOWED_ELEMENTS)) {
      this.raw(readEntities(text.slice(from, found.index)));
      writeTag(this, open, { closing: found[1] === "/", name: (found[2] ?? "").toLowerCase(), unfolded: found[3] !== undefined });
      from = found.index + found[0].length;
    }
    this.raw(readEntities(text.slice(from)));
  };
  return {
    extension: { enter: { htmlFlow: enter, htmlText: enter }, exit: { htmlFlow: exit, htmlText: exit } },
    unclosed: () =>
      open
        .splice(0)
        .reverse()
        .map((name) => `</${name}>`)
        .join(""),
  };
};
