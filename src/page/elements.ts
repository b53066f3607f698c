import type { gfmHtml } from "micromark-extension-gfm";
import { escape } from "./html.ts";

type HtmlExtension = ReturnType<typeof gfmHtml>;
type CompileContext = ThisParameterType<NonNullable<NonNullable<HtmlExtension["enter"]>["htmlFlow"]>>;

/** The elements that Enki writes, without attributes but `<details open>`. */
const ALLOWED = /&lt;(\/?)(details|summary|sub|sup|kbd|code|br)(\s+open)?\s*\/?&gt;/gi;
const COMMENT = /&lt;!--(?:&gt;|-&gt;|[^]*?(?:--&gt;|$))/g;
const DECIMAL = /&amp;#(\d{1,7});/g;
const HEXADECIMAL = /&amp;#x([\da-f]{1,6});/gi;
const NAMED = /&amp;(lt|gt|amp|quot);/g;
/** As many elements within one another as anybody writes. */
const DEEPEST = 50;

const letter = (code: number): string => escape(code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd");

/** Entities mean letters in HTML also where the HTML is shown as text. */
const readEntities = (text: string): string =>
  text
    .replace(DECIMAL, (_, code: string) => letter(Number(code)))
    .replace(HEXADECIMAL, (_, code: string) => letter(Number.parseInt(code, 16)))
    .replace(NAMED, "&$1;");

type Tag = { readonly closing: boolean; readonly name: string; readonly unfolded: boolean };

/** Writes a tag; closes what stands open within, and nothing that the text did not open itself. */
const write = (context: CompileContext, open: string[], { closing, name, unfolded }: Tag): void => {
  if (name === "br") return context.tag("<br>");
  if (!closing) {
    if (open.length >= DEEPEST) return;
    open.push(name);
    return context.tag(`<${name}${unfolded && name === "details" ? " open" : ""}>`);
  }
  if (!open.includes(name)) return;
  for (let last = ""; last !== name;) {
    last = open.pop() ?? name;
    context.tag(`</${last}>`);
  }
};

/** HTML in Markdown: comments are hidden, a few bare elements are let through, everything else is shown as text. */
export const bareElements = (): { extension: HtmlExtension; unclosed: () => string } => {
  const open: string[] = [];
  const enter = function (this: CompileContext): undefined {
    this.buffer();
  };
  const exit = function (this: CompileContext): undefined {
    const text = this.resume().replace(COMMENT, "");
    let from = 0;
    for (const found of text.matchAll(ALLOWED)) {
      this.raw(readEntities(text.slice(from, found.index)));
      write(this, open, { closing: found[1] === "/", name: (found[2] ?? "").toLowerCase(), unfolded: found[3] !== undefined });
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
