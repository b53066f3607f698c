import { code } from "./escape.ts";

const MOST = 5;

/** What a step changed that may not change files; empty where it changed nothing. */
export const thrownAway = (paths: readonly string[]): string => {
  if (paths.length === 0) return "";
  const named = paths.slice(0, MOST).map((path) => code(path));
  const more = paths.length > MOST ? ` and ${paths.length - MOST} more` : "";
  return `It may not change files; what it changed was thrown away: ${named.join(", ")}${more}.`;
};
