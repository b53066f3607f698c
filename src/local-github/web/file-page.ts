import { html } from "./safe-html.ts";
import type { PageContent } from "./page-layout.ts";
import { renderPlainText } from "./render-markdown.ts";
import { renderCommitLink } from "./page-parts.ts";
import type { PageScope } from "./page-scope.ts";
import { takeFirstChars } from "../../core/domain/visible-text.ts";
import type { Sha } from "../../core/domain/ids.ts";

const MAX_FILE_CHARS = 500_000;

/** A file of a commit, as it was written; null where there is none. */
export const renderFilePage = async (place: PageScope, commit: Sha, path: string): Promise<PageContent | null> => {
  const content = await place.repository.bare.file(commit, path);
  if (!content) return null;
  const text = content.toString("utf8");
  const main = html`<div>
      <h1><span class="mono">${path}</span></h1>
      <p class="dim small line">as of ${renderCommitLink(place, commit)}</p>
    </div>
    ${renderPlainText(takeFirstChars(text, MAX_FILE_CHARS))}${text.length > MAX_FILE_CHARS ? html`<p class="dim">… and more.</p>` : null}`;
  return { title: path, tab: "commits", main };
};
