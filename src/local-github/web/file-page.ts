import { html, type SafeHtml } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { renderMarkdown, renderPlainText } from "./render-markdown.ts";
import { renderCommitLink } from "./page-parts.ts";
import type { PageScope } from "./page-scope.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import type { Sha } from "../../core/domain/ids.ts";

const MAX_FILE_CHARS = 500_000;
/** A page reads no larger file, because many at once would fill the memory of the process. */
const MAX_FILE_BYTES = 2_000_000;
/** GitHub shows larger Markdown files as plain text: https://docs.github.com/repositories/creating-and-managing-repositories/repository-limits */
const MAX_MARKDOWN_BYTES = 512_000;

/** Renders a file of a commit, Markdown as GitHub does and other files as plain text; null if the file does not exist. */
export const renderFilePage = async (scope: PageScope, commit: Sha, path: string): Promise<PageContent | null> => {
  const folder = path.split("/").slice(0, -1).join("/");
  const entry = (await scope.repository.bare.listEntries(commit, folder)).find(({ name }) => name === path.split("/").at(-1));
  if (entry?.type !== "blob") return null;
  if (entry.size > MAX_FILE_BYTES) return renderLargeFile(scope, { commit, path, bytes: entry.size });
  const content = await scope.repository.bare.readFile(commit, path);
  if (!content) return null;
  const text = content.toString("utf8");
  const isMarkdown = path.endsWith(".md") && content.length <= MAX_MARKDOWN_BYTES;
  const main = html`${renderFileTitle(scope, commit, path)}
  ${isMarkdown ? renderMarkdownFile(scope, text) : renderPlainText(takeFirstChars(text, MAX_FILE_CHARS))}${text.length > MAX_FILE_CHARS ? html`<p class="dim">… and more.</p>` : null}`;
  return { title: path, tab: "commits", main };
};

const renderFileTitle = (scope: PageScope, commit: Sha, path: string): SafeHtml =>
  html`<div>
    <h1><span class="mono">${path}</span></h1>
    <p class="dim small line">at commit ${renderCommitLink(scope, commit)}</p>
  </div>`;

type LargeFile = { readonly commit: Sha; readonly path: string; readonly bytes: number };

const renderLargeFile = (scope: PageScope, { commit, path, bytes }: LargeFile): PageContent => ({
  title: path,
  tab: "commits",
  main: html`${renderFileTitle(scope, commit, path)}
    <p class="empty">The file has ${bytes} bytes, which is too much for a page.</p>`,
});

/** Words of a file lead nowhere: GitHub links issues and people in comments only. */
const renderMarkdownFile = ({ markdownCache }: PageScope, text: string): SafeHtml =>
  html`<div class="card in prose">${renderMarkdown(text, { wordLink: () => null, id: "file", markdownCache })}</div>`;
