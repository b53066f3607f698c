import type { ExecutionTimeline } from "../../core/domain/execution-timeline.ts";
import { startTimeline } from "../../core/domain/execution-timeline.ts";
import type { Execution } from "../../core/domain/execution.ts";
import type { Sha } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { readBlobs } from "../../storage/git/git-objects.ts";
import { listTree } from "../../storage/git/git-tree.ts";
import type { GitContext } from "../../storage/git/run-git.ts";
import { openExecutionHistory } from "../../storage/ledger/execution-history.ts";
import { readLedger } from "../../storage/ledger/ledger-files.ts";
import { repositoryKey } from "../api/forge-repository.ts";
import type { PageScope } from "./page-scope.ts";

/** How long a page waits for the history of a long execution; the rest appears with the next refresh. */
const HISTORY_PATIENCE_MS = 400;

/** Runs git in the repository of a page. */
export const toGitContext = ({ forge, repository }: PageScope): GitContext => ({
  directory: repository.bare.directory,
  after: forge.after,
});

const readAt = async (at: GitContext, commit: Sha): Promise<Ledger | null> => {
  const entries = [...(await listTree(at, commit))];
  const blobs = await readBlobs(at, [...new Set(entries.map(([, { sha }]) => sha))]);
  const read = readLedger(new Map(entries.map(([path, { sha }]) => [path, blobs.get(sha) ?? Buffer.alloc(0)])));
  return read.ok ? read.value : null;
};

/** The ledger that the refs of the request name; null without a readable ledger. */
export const readPageLedger = async (scope: PageScope): Promise<Ledger | null> => {
  const commit = scope.refs.get(LEDGER_REF);
  if (commit === undefined) return null;
  const key = repositoryKey(scope.repository);
  const known = scope.ledgerCache.ledgers.get(key);
  if (known?.commit === commit) return known.ledger;
  const ledger = readAt(toGitContext(scope), commit);
  scope.ledgerCache.ledgers.set(key, { commit, ledger });
  return ledger;
};

/** The timeline of an execution, and whether its history is read to the end. */
export const readPageTimeline = async (
  scope: PageScope,
  { id }: Execution,
): Promise<{ readonly timeline: ExecutionTimeline; readonly isComplete: boolean }> => {
  const key = `${repositoryKey(scope.repository)} ${id}`;
  const history = scope.ledgerCache.histories.get(key) ?? openExecutionHistory(toGitContext(scope), id);
  scope.ledgerCache.histories.set(key, history);
  let cancel = (): void => undefined;
  const late = new Promise<null>((resolve) => (cancel = scope.forge.after(HISTORY_PATIENCE_MS, () => resolve(null))));
  const timeline = await Promise.race([history.read(), late]);
  cancel();
  return timeline ? { timeline, isComplete: true } : { timeline: startTimeline(id), isComplete: false };
};
