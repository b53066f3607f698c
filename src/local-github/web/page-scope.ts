import type { MarkdownCache } from "./markdown-cache.ts";
import type { LedgerCache } from "./ledger-cache.ts";
import type { PageSession } from "./page-session.ts";
import type { RefMap } from "../api/bare-repository.ts";
import { repositoryFullName, type ForgeRepository } from "../api/forge-repository.ts";
import type { PageServer } from "./page-server.ts";

/** The origin of a cloned repository without discussions and runs; `address` is its page on GitHub, if known. */
export type ClonedFrom = { readonly source: string; readonly address: string | null };

/** The repository that a page shows, with its refs at the time of the request. */
export type PageScope = {
  readonly forge: PageServer;
  /** Set for a repository that was only cloned. */
  readonly cloned: ClonedFrom | null;
  readonly repository: ForgeRepository;
  readonly refs: RefMap;
  readonly markdownCache: MarkdownCache;
  readonly ledgerCache: LedgerCache;
  /** The signed-in person; null for strangers, who only read. */
  readonly session: PageSession | null;
  /** The path of the requested page. */
  readonly path: string;
};

/** The path of a page of a repository. Every segment is encoded, so that no name can change the path. */
export const pagePath = ({ repository }: Pick<PageScope, "repository">, ...segments: readonly (string | number)[]): string =>
  ["", ...repositoryFullName(repository).split("/"), ...segments.map(String)].map((segment) => encodeURIComponent(segment)).join("/");

/** Lists the public repositories. */
export const listPublicRepositories = (forge: PageServer): ForgeRepository[] =>
  [...forge.repositories.values()].filter((repository) => !repository.private);
