/** What `enki init` and `enki doctor` know of a repository's files: all paths, and the text of those that matter. */
export type RepositoryFacts = {
  /** Paths of tracked and new files, from the top of the repository. */
  readonly paths: readonly string[];
  /** The text of a file; null if the file does not exist. */
  readonly read: (path: string) => string | null;
};

export const hasFile = ({ paths }: RepositoryFacts, path: string): boolean => paths.includes(path);

/** The first of these paths that exists. */
export const findFirstFile = (facts: RepositoryFacts, paths: readonly string[]): string | null =>
  paths.find((path) => hasFile(facts, path)) ?? null;

/** The first path at the top of the repository that matches. */
export const findTopFile = ({ paths }: RepositoryFacts, pattern: RegExp): string | null =>
  paths.find((path) => !path.includes("/") && pattern.test(path)) ?? null;
