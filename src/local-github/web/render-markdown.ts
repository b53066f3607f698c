import type { WordLink } from "./word-links.ts";
import type { MarkdownCache, CompiledMarkdown } from "./markdown-cache.ts";
import { escapeHtml, replaceControls, type SafeHtml, trustMarkup } from "./safe-html.ts";
import { createBareElements } from "./bare-elements.ts";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { isTame } from "../../core/markdown/tame.ts";
import { drawMermaid } from "./draw-mermaid.ts";

export type MarkdownOptions = {
  readonly lead: WordLink;
  /** Distinguishes the footnotes of this text from those of others on the page. */
  readonly id: string;
  readonly memory: MarkdownCache;
};
const ENTITY_CHARACTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };
const unescapeEntities = (text: string): string => text.replace(/&(?:lt|gt|quot|amp);/g, (name) => ENTITY_CHARACTERS[name] ?? name);
const DIAGRAM_PATTERN = /<pre><code class="language-mermaid">([^<]*)<\/code><\/pre>/g;
const IMAGE_PATTERN = /<img src="[^"]*" alt="([^"]*)"[^>]*>/g;
const FENCE_PATTERN = /<pre><code/g;
const TABLE_PATTERN = /<table>[^]*?<\/table>/g;
/** `> [!NOTE]` and its like: the words stand in a line of their own. */
const ALERT_PATTERN = /<blockquote>\n<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?:(?:<br \/>)?\n|(<\/p>))/gi;
const renderAlert = (_: string, kind: string, alone: string | undefined): string => {
  const name = kind.toLowerCase();
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `<blockquote class="alert is-${name}">\n<p class="alert-title">${title}</p>${alone === undefined ? "\n<p>" : ""}`;
};
const REFERENCE_PATTERN = /(^|[\s(,:;·])(#\d{1,9}|[0-9a-f]{7,40})\b/g;
/** Numbers and commits in running text as links, where there are such. */
const linkReferences = (markup: string, lead: WordLink): string => {
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
      return piece.replace(REFERENCE_PATTERN, (all, before: string, word: string) => {
        const to = lead(word);
        return to === null ? all : `${before}<a href="${escapeHtml(to)}">${word}</a>`;
      });
    })
    .join("");
};
const MAX_CACHED_TEXTS = 300;
const compileMarkdown = (text: string, { id, memory }: Pick<MarkdownOptions, "id" | "memory">): CompiledMarkdown => {
  const key = `${id} ${text}`;
  const known = memory.get(key);
  if (known) return known;
  const elements = createBareElements();
  const markup = micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml({ clobberPrefix: `${id}-` }), elements.extension] });
  const compiled = { markup: replaceControls(markup), unclosed: elements.unclosed() };
  const [oldest] = memory.keys();
  if (memory.size >= MAX_CACHED_TEXTS && oldest !== undefined) memory.delete(oldest);
  memory.set(key, compiled);
  return compiled;
};
/** A text as its writer typed it. */
export const renderPlainText = (text: string): SafeHtml =>
  trustMarkup(`<pre class="wrap">${escapeHtml(text.replace(/\r\n?/g, "\n"))}</pre>`);
/**
 * A comment's Markdown as HTML: GitHub's dialect, as far as Enki writes it. Nothing in it is evaluated or loaded: HTML is text, images are
 * their words, links lead to the web or nowhere. What would take long to read is shown as it was written.
 */
export const renderMarkdown = (text: string, { lead, ...of }: MarkdownOptions): SafeHtml => {
  if (!isTame(text)) return renderPlainText(text);
  const { markup, unclosed } = compileMarkdown(text, of);
  const plain = markup
    .replace(DIAGRAM_PATTERN, (all, diagram: string) => drawMermaid(unescapeEntities(diagram))?.markup ?? all)
    .replace(IMAGE_PATTERN, (_, words: string) => `<em>[image: ${words}]</em>`)
    .replace(FENCE_PATTERN, '<pre tabindex="0"><code')
    .replace(TABLE_PATTERN, (table) => `<div class="scroll" tabindex="0">${table}</div>`)
    .replace(ALERT_PATTERN, renderAlert)
    .replaceAll('<a href="', '<a rel="nofollow noopener noreferrer" href="');
  return trustMarkup(linkReferences(plain, lead) + unclosed);
};
/** The first graph that a text draws; not one that it quotes as code. Null where there is none. */
export const drawFirstGraph = (text: string, memory: MarkdownCache): SafeHtml | null => {
  if (!text.includes("```mermaid") || !isTame(text)) return null;
  const [first] = compileMarkdown(text, { id: "graph", memory }).markup.matchAll(DIAGRAM_PATTERN);
  return first ? drawMermaid(unescapeEntities(first[1] ?? "")) : null;
};
