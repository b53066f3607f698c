import type { PlannedStep } from "../domain/plan.ts";

const MAX_KIND_CHARS = 300;
/** Deeper folders say more about one step than about its tests. */
const MAX_FOLDER_DEPTH = 2;
const WILDCARD_PATTERN = /[*?[{!]/;

/**
 * The kind of a step's verify run: its own commands and the folders that it may change, because commands may select tests by the changed
 * files. Runs of one kind take about the same time.
 */
export const toVerifyKind = ({ verify, paths }: Pick<PlannedStep, "verify" | "paths">): string =>
  [...verify, ...new Set(paths.map((path) => findFolder(path)).sort())].join("\n").slice(0, MAX_KIND_CHARS);

/** The folder of every path that matches a glob. */
const findFolder = (glob: string): string => {
  const names = glob.split("/").slice(0, -1);
  const wildcard = names.findIndex((name) => WILDCARD_PATTERN.test(name));
  return `${(wildcard < 0 ? names : names.slice(0, wildcard)).slice(0, MAX_FOLDER_DEPTH).join("/")}/`;
};
