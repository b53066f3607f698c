import { toOneLine } from "./escape.ts";

const MAX_TITLES_LISTED = 5;

/** With which other steps, by their titles, a step was verified when it was red; empty where it was verified alone. */
export const renderFailedTogether = (titles: readonly string[]): string => {
  if (titles.length === 0) return "";
  const named = titles.slice(0, MAX_TITLES_LISTED).map((title) => `"${toOneLine(title, 60).replaceAll("`", "'")}"`);
  const more = titles.length > MAX_TITLES_LISTED ? ` and ${titles.length - MAX_TITLES_LISTED} more` : "";
  return `Red together with ${named.join(", ")}${more}`;
};
