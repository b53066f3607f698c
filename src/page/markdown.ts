import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { escape, type Html, trusted } from "./html.ts";
import { drawMermaid } from "./mermaid.ts";

type HtmlExtension = ReturnType<typeof gfmHtml>;
type CompileContext = ThisParameterType<NonNullable<NonNullable<HtmlExtension["enter"]>["htmlFlow"]>>;

export type Reading = {
  /** Where `#<number>` leads; null where there is no such number. */
  readonly refer: (number: number) => string | null;
  /** Distinguishes the footnotes of this text from those of others on the page. */
  readonly id: string;
};

/** Longer texts are shown as they are: parsing time grows faster than their length. */
const LARGEST = 100_000;
/** The elements that Enki writes, always without attributes. */
const ALLOWED = /&lt;(\/?)(details|summary|sub|sup|kbd|br)\s*\/?&gt;/gi;
const COMMENT = /&lt;!--(?:&gt;|-&gt;|[^]*?(?:--&gt;|$))/g;

/** HTML in Markdown: comments are hidden, a few bare elements are let through, everything else is shown as text. */
const bareElements = (): { extension: HtmlExtension; unclosed: () => string } => {
  const open: string[] = [];
  const element = (context: CompileContext, { closing, name }: { closing: boolean; name: string }): undefined => {
    if (name === "br") return context.tag("<br>");
    if (!closing) {
      open.push(name);
      return context.tag(`<${name}>`);
    }
    if (!open.includes(name)) return undefined;
    for (let last = ""; last !== name;) {
      last = open.pop() ?? name;
      context.tag(`</${last}>`);
    }
    return undefined;
  };
  const enter = function (this: CompileContext): undefined {
    this.buffer();
  };
  const exit = function (this: CompileContext): undefined {
    const text = this.resume().replace(COMMENT, "");
    let from = 0;
    for (const found of text.matchAll(ALLOWED)) {
      this.raw(text.slice(from, found.index));
      element(this, { closing: found[1] === "/", name: (found[2] ?? "").toLowerCase() });
      from = found.index + found[0].length;
    }
    this.raw(text.slice(from));
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

const LETTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };
const unescape = (text: string): string => text.replace(/&(?:lt|gt|quot|amp);/g, (name) => LETTERS[name] ?? name);

const DIAGRAM = /<pre><code class="language-mermaid">([^<]*)<\/code><\/pre>/g;
const IMAGE = /<img src="[^"]*" alt="([^"]*)"[^>]*>/g;
const FENCE = /<pre><code/g;

/** `#<number>` in running text as a link, where such a number exists. */
const linkNumbers = (markup: string, refer: Reading["refer"]): string => {
  let within = 0;
  return markup
    .split(/(<[^>]*>)/)
    .map((piece) => {
      if (piece.startsWith("<")) {
        if (/^<(?:a|code|svg)[ >]/.test(piece)) within += 1;
        if (/^<\/(?:a|code|svg)>/.test(piece)) within -= 1;
        return piece;
      }
      if (within > 0) return piece;
      return piece.replace(/(^|[\s(,:;·])#(\d{1,9})\b/g, (all, before: string, number: string) => {
        const to = refer(Number(number));
        return to === null ? all : `${before}<a href="${escape(to)}">#${number}</a>`;
      });
    })
    .join("");
};

/**
 * A comment's Markdown as HTML: GitHub's dialect, as far as Enki writes it. Nothing in it is evaluated or loaded: HTML is text, images are
 * their words, links lead to the web or nowhere.
 */
export const readMarkdown = (text: string, { refer, id }: Reading): Html => {
  if (text.length > LARGEST) return trusted(`<pre>${escape(text)}</pre>`);
  const elements = bareElements();
  const markup = micromark(text, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml({ clobberPrefix: `${id}-` }), elements.extension],
  });
  const plain = markup
    .replace(DIAGRAM, (all, diagram: string) => drawMermaid(unescape(diagram))?.markup ?? all)
    .replace(IMAGE, (_, words: string) => `<em>[image: ${words}]</em>`)
    .replace(FENCE, '<pre tabindex="0"><code')
    .replaceAll('<a href="', '<a rel="nofollow noopener noreferrer" href="');
  return trusted(linkNumbers(plain, refer) + elements.unclosed());
};
