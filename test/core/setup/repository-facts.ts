import type { RepositoryFacts } from "../../../src/core/setup/repository-facts.ts";

/** Builds the facts of a repository with the given files. */
export const factsOf = (files: Readonly<Record<string, string>>): RepositoryFacts => ({
  paths: Object.keys(files),
  read: (path) => files[path] ?? null,
});
