import type { RepositoryFacts } from "../../../src/core/setup/repository-facts.ts";

/** A repository with these files. */
export const factsOf = (files: Readonly<Record<string, string>>): RepositoryFacts => ({
  paths: Object.keys(files),
  read: (path) => files[path] ?? null,
});
