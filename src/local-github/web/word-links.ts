import type { Issue } from "../api/forge-issue.ts";
import { toBranchRef, readTaskRef } from "../../core/domain/refs.ts";
import { findNamedCommits } from "./commit-log.ts";
import { html, type TemplatePart } from "./safe-html.ts";
import { issuePath } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";

const WORD_PATTERN = /(#?[A-Za-z0-9_-]{1,200})/;
const COMMIT_ID_PATTERN = /\b[0-9a-f]{7,40}\b/g;
/** The number of looked up words on a page. */
const MAX_LOOKED_UP_WORDS = 2_000;

/** Returns the address of `#<number>`, a task id or a commit id; null if it does not exist. */
export type WordLink = (word: string) => string | null;

/** Creates the word links for these texts. */
export const findWordLinks = async (scope: PageScope, texts: readonly string[]): Promise<WordLink> => {
  const words = new Set(texts.flatMap((text) => text.match(COMMIT_ID_PATTERN) ?? []));
  const commits = await findNamedCommits(scope, [...words].slice(0, MAX_LOOKED_UP_WORDS));
  const { issues } = scope.repository;
  const tasks = new Map(
    [...issues.values()].flatMap((issue): [string, Issue][] => {
      const task = issue.pull && readTaskRef(toBranchRef(issue.pull.headRef));
      return task === null ? [] : [[task, issue]];
    }),
  );
  return (word) => {
    const commit = commits.get(word);
    if (commit !== undefined) return pagePath(scope, "commit", commit);
    const issue = word.startsWith("#") ? issues.get(Number(word.slice(1))) : tasks.get(word);
    return issue ? issuePath(scope, issue) : null;
  };
};

/** Links the words of a text that have an address. */
export const linkWords = (wordLink: WordLink, text: string): TemplatePart =>
  text.split(WORD_PATTERN).map((word) => {
    const to = wordLink(word);
    return to === null ? word : html`<a href="${to}" title="${word}">${word.length === 40 ? word.slice(0, 12) : word}</a>`;
  });
