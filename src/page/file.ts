import { html } from "./html.ts";
import type { Page } from "./layout.ts";
import { asWritten } from "./markdown.ts";
import { commitLink } from "./parts.ts";
import type { Place } from "./place.ts";
import { cut } from "../model/visible.ts";
import type { Sha } from "../model/ids.ts";

const LONGEST = 500_000;

/** A file of a commit, as it was written; null where there is none. */
export const filePage = async (place: Place, commit: Sha, path: string): Promise<Page | null> => {
  const content = await place.repository.bare.file(commit, path);
  if (!content) return null;
  const text = content.toString("utf8");
  const main = html`<div>
      <h1><span class="mono">${path}</span></h1>
      <p class="dim small line">as of ${commitLink(place, commit)}</p>
    </div>
    ${asWritten(cut(text, LONGEST))}${text.length > LONGEST ? html`<p class="dim">… and more.</p>` : null}`;
  return { title: path, tab: "commits", main };
};
