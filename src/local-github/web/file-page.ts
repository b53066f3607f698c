import { html, type SafeHtml } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { renderMarkdown, renderPlainText } from "./render-markdown.ts";
import { renderCommitLink } from "./page-parts.ts";
import type { PageScope } from "./page-scope.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import type { Sha } from "../../core/domain/ids.ts";

const MAX_FILE_CHARS = 500_000;
/** GitHub shows larger Markdown files as plain text: https://docs.github.com/repositories/creating-and-managing-repositories/repository-limits */
const MAX_MARKDOWN_BYTES = 512_000;

/** Renders a file of a commit, Markdown as GitHub does and other files as plain text; null if the file does not exist. */
export const renderFilePage = async (scope: PageScope, commit: Sha, path: string): Promise<PageContent | null> => {
  const content = await scope.repository.bare.readFile(commit, path);
  if (!content) return null;
  const text = content.toString("utf8");
  const isMarkdown = path.endsWith(".md") && content.length <= MAX_MARKDOWN_BYTES;
  const main = html`<div>
      <h1><span class="mono">${path}</span></h1>
      <p class="dim small line">at commit ${renderCommitLink(scope, commit)}</p>
    </div>
    ${isMarkdown ? renderMarkdownFile(scope, text) : renderPlainText(takeFirstChars(text, MAX_FILE_CHARS))}${text.length > MAX_FILE_CHARS ? html`<p class="dim">… and more.</p>` : null}`;
  return { title: path, tab: "commits", main };
};

/** Words of a file lead nowhere: GitHub links issues and people in comments only. */
const renderMarkdownFile = ({ markdownCache }: PageScope, text: string): SafeHtml =>
  html`<div class="card in prose">${renderMarkdown(text, { wordLink: () => null, id: "file", markdownCache })}</div>`;
