import { toInlineCode } from "./escape.ts";

const MAX_PATHS_LISTED = 5;

/** The first few paths and the number of the others. */
export const formatPaths = (paths: readonly string[]): string => {
  const named = paths.slice(0, MAX_PATHS_LISTED).map((path) => toInlineCode(path));
  return `${named.join(", ")}${paths.length > MAX_PATHS_LISTED ? ` and ${paths.length - MAX_PATHS_LISTED} more` : ""}`;
};

/** Empty if nothing was discarded. */
export const renderDiscardedChanges = (paths: readonly string[]): string =>
  paths.length === 0 ? "" : `It may not change files, so its changes were discarded: ${formatPaths(paths)}.`;
