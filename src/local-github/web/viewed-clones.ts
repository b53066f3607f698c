import type { Millis } from "../../core/domain/ids.ts";
import type { ViewedRepository } from "../../core/domain/viewer-port.ts";
import type { RefMap } from "../api/bare-repository.ts";
import type { ForgeRepository } from "../api/forge-repository.ts";
import { openClonedRepository } from "./cloned-repository.ts";
import { createLedgerCache, type LedgerCache } from "./ledger-cache.ts";
import type { MarkdownCache } from "./markdown-cache.ts";
import type { PageServer } from "./page-server.ts";

export type ViewedClone = {
  readonly repository: ForgeRepository;
  readonly markdownCache: MarkdownCache;
  readonly ledgerCache: LedgerCache;
  /** The refs of at most {@link REFS_MS} ago, so that many open pages cost as much as one. */
  readonly readRefs: () => Promise<RefMap>;
};

const MAX_OPEN = 20;
const MAX_HISTORIES = 200;
const REFS_MS = 500;

const openRefs = (repository: ForgeRepository, now: () => Millis): (() => Promise<RefMap>) => {
  let known: { readonly at: Millis; readonly refs: Promise<RefMap> } | null = null;
  return async () => {
    if (known === null || known.at + REFS_MS < now()) known = { at: now(), refs: repository.bare.listRefs() };
    const { refs } = known;
    return refs.catch((error: unknown) => {
      known = null;
      throw error;
    });
  };
};

/** The recently viewed clones with what was read of them. */
export const openViewedClones = (server: Pick<PageServer, "now" | "after">) => {
  const open = new Map<string, ViewedClone>();
  return (directory: string, { id, name: fullName, defaultBranch }: ViewedRepository): ViewedClone => {
    const key = `${id} ${defaultBranch} ${directory}`;
    const known = open.get(key);
    open.delete(key);
    const isFull = (known?.ledgerCache.histories.size ?? 0) > MAX_HISTORIES;
    const viewed = known && !isFull ? known : openOne();
    open.set(key, viewed);
    for (const [oldest] of open) {
      if (open.size <= MAX_OPEN) break;
      open.delete(oldest);
    }
    return viewed;

    function openOne(): ViewedClone {
      const [owner = "", name = ""] = fullName.split("/");
      const repository = openClonedRepository(server, { id, owner, name, defaultBranch, directory });
      return { repository, markdownCache: new Map(), ledgerCache: createLedgerCache(), readRefs: openRefs(repository, server.now) };
    }
  };
};
