import { oneLine } from "./escape.ts";

const MOST = 5;

/** With which other steps, by their titles, a step was verified when it was red; empty where it was verified alone. */
export const redTogether = (titles: readonly string[]): string => {
  if (titles.length === 0) return "";
  const named = titles.slice(0, MOST).map((title) => `"${oneLine(title, 60).replaceAll("`", "'")}"`);
  const more = titles.length > MOST ? ` and ${titles.length - MOST} more` : "";
  return `Red together with ${named.join(", ")}${more}`;
};
