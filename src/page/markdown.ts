import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { bareElements } from "./elements.ts";
import { escape, type Html, shown, trusted } from "./html.ts";
import type { Lead } from "./linked.ts";
import { drawMermaid } from "./mermaid.ts";
import { isTame } from "../markdown/tame.ts";

export type Reading = {
  readonly lead: Lead;
  /** Distinguishes the footnotes of this text from those of others on the page. */
  readonly id: string;
  readonly memory: Memory;
};

const LETTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };
const unescape = (text: string): string => text.replace(/&(?:lt|gt|quot|amp);/g, (name) => LETTERS[name] ?? name);

const DIAGRAM = /<pre><code class="language-mermaid">([^<]*)<\/code><\/pre>/g;
const IMAGE = /<img src="[^"]*" alt="([^"]*)"[^>]*>/g;
const FENCE = /<pre><code/g;
const TABLE = /<table>[^]*?<\/table>/g;
/** `> [!NOTE]` and its like: the words stand in a line of their own. */
const ALERT = /<blockquote>\n<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?:(?:<br \/>)?\n|(<\/p>))/gi;

const alert = (_: string, kind: string, alone: string | undefined): string => {
  const name = kind.toLowerCase();
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `<blockquote class="alert is-${name}">\n<p class="alert-title">${title}</p>${alone === undefined ? "\n<p>" : ""}`;
};

const REFERENCE = /(^|[\s(,:;·])(#\d{1,9}|[0-9a-f]{7,40})\b/g;

/** Numbers and commits in running text as links, where there are such. */
const linkReferences = (markup: string, lead: Lead): string => {
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
      return piece.replace(REFERENCE, (all, before: string, word: string) => {
        const to = lead(word);
        return to === null ? all : `${before}<a href="${escape(to)}">${word}</a>`;
      });
    })
    .join("");
};

type Compiled = { readonly markup: string; readonly unclosed: string };
/** What was compiled lately, by its text: a page that renews itself shows mostly what it showed before. */
export type Memory = Map<string, Compiled>;
const MOST_KEPT = 300;

const compile = (text: string, { id, memory }: Pick<Reading, "id" | "memory">): Compiled => {
  const key = `${id} ${text}`;
  const known = memory.get(key);
  if (known) return known;
  const elements = bareElements();
  const markup = micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml({ clobberPrefix: `${id}-` }), elements.extension] });
  const compiled = { markup: shown(markup), unclosed: elements.unclosed() };
  const [oldest] = memory.keys();
  if (memory.size >= MOST_KEPT && oldest !== undefined) memory.delete(oldest);
  memory.set(key, compiled);
  return compiled;
};

/** A text as its writer typed it. */
export const asWritten = (text: string): Html => trusted(`<pre class="wrap">${escape(text.replace(/\r\n?/g, "\n"))}</pre>`);

/**
 * A comment's Markdown as HTML: GitHub's dialect, as far as Enki writes it. Nothing in it is evaluated or loaded: HTML is text, images are
 * their words, links lead to the web or nowhere. What would take long to read is shown as it was written.
 */
export const readMarkdown = (text: string, { lead, ...of }: Reading): Html => {
  if (!isTame(text)) return asWritten(text);
  const { markup, unclosed } = compile(text, of);
  const plain = markup
    .replace(DIAGRAM, (all, diagram: string) => drawMermaid(unescape(diagram))?.markup ?? all)
    .replace(IMAGE, (_, words: string) => `<em>[image: ${words}]</em>`)
    .replace(FENCE, '<pre tabindex="0"><code')
    .replace(TABLE, (table) => `<div class="scroll" tabindex="0">${table}</div>`)
    .replace(ALERT, alert)
    .replaceAll('<a href="', '<a rel="nofollow noopener noreferrer" href="');
  return trusted(linkReferences(plain, lead) + unclosed);
};

/** The first graph that a text draws; not one that it quotes as code. Null where there is none. */
export const firstGraph = (text: string, memory: Memory): Html | null => {
  if (!text.includes("```mermaid") || !isTame(text)) return null;
  const [first] = compile(text, { id: "graph", memory }).markup.matchAll(DIAGRAM);
  return first ? drawMermaid(unescape(first[1] ?? "")) : null;
};
