import { code } from "./escape.ts";

const MOST = 5;

/** The first few of several paths, and how many more there are. */
export const namedPaths = (paths: readonly string[]): string => {
  const named = paths.slice(0, MOST).map((path) => code(path));
  return `${named.join(", ")}${paths.length > MOST ? ` and ${paths.length - MOST} more` : ""}`;
};

/** What a step changed that may not change files; empty where it changed nothing. */
export const thrownAway = (paths: readonly string[]): string =>
  paths.length === 0 ? "" : `It may not change files, so its changes were discarded: ${namedPaths(paths)}.`;
