/** A repository's files: all paths, and the texts of some. */
export type RepositoryFacts = {
  /** Paths of tracked and new files, from the top of the repository. */
  readonly paths: readonly string[];
  /** The text of a file; null if the file does not exist. */
  readonly read: (path: string) => string | null;
};

export const hasFile = ({ paths }: RepositoryFacts, path: string): boolean => paths.includes(path);

/** The first existing path of a list. */
export const findFirstFile = (facts: RepositoryFacts, paths: readonly string[]): string | null =>
  paths.find((path) => hasFile(facts, path)) ?? null;

/** The first path at the top of the repository that matches. */
export const findTopFile = ({ paths }: RepositoryFacts, pattern: RegExp): string | null =>
  paths.find((path) => !path.includes("/") && pattern.test(path)) ?? null;
