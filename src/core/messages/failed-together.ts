import { toOneLine } from "./escape.ts";

const MAX_TITLES_LISTED = 5;

/** Lists the other steps of a failed verify run by title; empty if the step was verified alone. */
export const renderFailedTogether = (titles: readonly string[]): string => {
  if (titles.length === 0) return "";
  const named = titles.slice(0, MAX_TITLES_LISTED).map((title) => `"${toOneLine(title, 60).replaceAll("`", "'")}"`);
  const more = titles.length > MAX_TITLES_LISTED ? ` and ${titles.length - MAX_TITLES_LISTED} more` : "";
  return `Failed together with ${named.join(", ")}${more}`;
};
