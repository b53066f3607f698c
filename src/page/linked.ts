import type { Issue } from "../forge/state.ts";
import { branchRef, readTaskRef } from "../model/refs.ts";
import { commitsNamed } from "./history.ts";
import { html, type Part } from "./html.ts";
import { issuePath } from "./parts.ts";
import { path, type Place } from "./place.ts";

const WORD = /(#?[A-Za-z0-9_-]{1,200})/;
const HEX = /\b[0-9a-f]{7,40}\b/g;
/** Words that are looked up for one page. */
const MOST = 2_000;

/** Where a word leads: `#<number>`, the id of a task or of a commit; null where there is no such thing. */
export type Lead = (word: string) => string | null;

/** Where the words of these texts lead. */
export const leadsOf = async (place: Place, texts: readonly string[]): Promise<Lead> => {
  const words = new Set(texts.flatMap((text) => text.match(HEX) ?? []));
  const commits = await commitsNamed(place, [...words].slice(0, MOST));
  const { issues } = place.repository;
  const tasks = new Map(
    [...issues.values()].flatMap((issue): [string, Issue][] => {
      const task = issue.pull && readTaskRef(branchRef(issue.pull.headRef));
      return task === null ? [] : [[task, issue]];
    }),
  );
  return (word) => {
    const commit = commits.get(word);
    if (commit !== undefined) return path(place, "commit", commit);
    const issue = word.startsWith("#") ? issues.get(Number(word.slice(1))) : tasks.get(word);
    return issue ? issuePath(place, issue) : null;
  };
};

/** A text of which those words are links that lead somewhere. */
export const linked = (lead: Lead, text: string): Part =>
  text.split(WORD).map((word) => {
    const to = lead(word);
    return to === null ? word : html`<a href="${to}" title="${word}">${word.length === 40 ? word.slice(0, 12) : word}</a>`;
  });
