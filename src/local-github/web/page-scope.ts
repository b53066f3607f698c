import type { MarkdownCache } from "./markdown-cache.ts";
import type { RefMap } from "../api/bare-repository.ts";
import { repositoryFullName, type ForgeRepository } from "../api/forge-repository.ts";
import { type ForgeState } from "../api/forge-state.ts";

/** What a page is about: a repository of a forge, with its refs as they were when it was asked for. */
export type PageScope = {
  readonly forge: ForgeState;
  readonly repository: ForgeRepository;
  readonly refs: RefMap;
  readonly memory: MarkdownCache;
};

/** A path below a repository's page; each segment is encoded, so that no name leads elsewhere. */
export const pagePath = ({ repository }: Pick<PageScope, "repository">, ...segments: readonly (string | number)[]): string =>
  ["", ...repositoryFullName(repository).split("/"), ...segments.map(String)].map((segment) => encodeURIComponent(segment)).join("/");

/** The repositories that anybody may see. */
export const listPublicRepositories = (forge: ForgeState): ForgeRepository[] =>
  [...forge.repositories.values()].filter((repository) => !repository.private);
