import type { WordLink } from "./word-links.ts";
import type { MarkdownCache, CompiledMarkdown } from "./markdown-cache.ts";
import { escapeHtml, replaceControls, type SafeHtml, trustMarkup } from "./safe-html.ts";
import { createBareElements } from "./bare-elements.ts";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { isTame } from "../../core/markdown/tame.ts";
import { drawMermaid } from "./draw-mermaid.ts";

export type MarkdownOptions = {
  readonly wordLink: WordLink;
  /** Distinguishes the footnotes of this text from other footnotes on the page. */
  readonly id: string;
  readonly markdownCache: MarkdownCache;
};
const ENTITY_CHARACTERS: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&" };
const unescapeEntities = (text: string): string => text.replace(/&(?:lt|gt|quot|amp);/g, (name) => ENTITY_CHARACTERS[name] ?? name);
const DIAGRAM_PATTERN = /<pre><code class="language-mermaid">([^<]*)<\/code><\/pre>/g;
const IMAGE_PATTERN = /<img src="[^"]*" alt="([^"]*)"[^>]*>/g;
const FENCE_PATTERN = /<pre><code/g;
const TABLE_PATTERN = /<table>[^]*?<\/table>/g;
/** Alerts such as `> [!NOTE]`, with the keyword on its own line. */
const ALERT_PATTERN = /<blockquote>\n<p>\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?:(?:<br \/>)?\n|(<\/p>))/gi;
const renderAlert = (_: string, kind: string, alone: string | undefined): string => {
  const name = kind.toLowerCase();
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return `<blockquote class="alert is-${name}">\n<p class="alert-title">${title}</p>${alone === undefined ? "\n<p>" : ""}`;
};
const REFERENCE_PATTERN = /(^|[\s(,:;·])(#\d{1,9}|[0-9a-f]{7,40})\b/g;
/** Links issue numbers and commit ids in running text, if they exist. */
const linkReferences = (markup: string, wordLink: WordLink): string => {
  let depth = 0;
  return markup
    .split(/(<[^>]*>)/)
    .map((piece) => {
      if (piece.startsWith("<")) {
        if (/^<(?:a|code|svg)[ >]/.test(piece)) depth += 1;
        if (/^<\/(?:a|code|svg)>/.test(piece)) depth -= 1;
        return piece;
      }
      if (depth > 0) return piece;
      return piece.replace(REFERENCE_PATTERN, (all, before: string, word: string) => {
        const to = wordLink(word);
        return to === null ? all : `${before}<a href="${escapeHtml(to)}">${word}</a>`;
      });
    })
    .join("");
};
const MAX_CACHED_TEXTS = 300;
const compileMarkdown = (text: string, { id, markdownCache }: Pick<MarkdownOptions, "id" | "markdownCache">): CompiledMarkdown => {
  const key = `${id} ${text}`;
  const known = markdownCache.get(key);
  if (known) return known;
  const elements = createBareElements();
  const markup = micromark(text, { extensions: [gfm()], htmlExtensions: [gfmHtml({ clobberPrefix: `${id}-` }), elements.extension] });
  const compiled = { markup: replaceControls(markup), unclosed: elements.unclosed() };
  const [oldest] = markdownCache.keys();
  if (markdownCache.size >= MAX_CACHED_TEXTS && oldest !== undefined) markdownCache.delete(oldest);
  markdownCache.set(key, compiled);
  return compiled;
};
/** Renders a text without interpreting it. */
export const renderPlainText = (text: string): SafeHtml =>
  trustMarkup(`<pre class="wrap">${escapeHtml(text.replace(/\r\n?/g, "\n"))}</pre>`);
/**
 * Renders the Markdown of a comment as HTML, as far as Enki uses GitHub's dialect. Nothing is evaluated or loaded:
 * HTML is shown as text, images as their descriptions, and links lead only to the web. Text that is slow to parse is
 * shown as plain text.
 */
export const renderMarkdown = (text: string, { wordLink, ...options }: MarkdownOptions): SafeHtml => {
  if (!isTame(text)) return renderPlainText(text);
  const { markup, unclosed } = compileMarkdown(text, options);
  const plain = markup
    .replace(DIAGRAM_PATTERN, (all, diagram: string) => drawMermaid(unescapeEntities(diagram))?.markup ?? all)
    .replace(IMAGE_PATTERN, (_, words: string) => `<em>[image: ${words}]</em>`)
    .replace(FENCE_PATTERN, '<pre tabindex="0"><code')
    .replace(TABLE_PATTERN, (table) => `<div class="scroll" tabindex="0">${table}</div>`)
    .replace(ALERT_PATTERN, renderAlert)
    .replaceAll('<a href="', '<a rel="nofollow noopener noreferrer" href="');
  return trustMarkup(linkReferences(plain, wordLink) + unclosed);
};
/** Draws the first graph of a text, ignoring graphs inside quoted code. Returns null without one. */
export const drawFirstGraph = (text: string, markdownCache: MarkdownCache): SafeHtml | null => {
  if (!text.includes("```mermaid") || !isTame(text)) return null;
  const [first] = compileMarkdown(text, { id: "graph", markdownCache }).markup.matchAll(DIAGRAM_PATTERN);
  return first ? drawMermaid(unescapeEntities(first[1] ?? "")) : null;
};
