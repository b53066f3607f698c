import type { Execution } from "../../core/domain/execution.ts";
import type { ExecutionId, Sha } from "../../core/domain/ids.ts";
import type { Plan } from "../../core/domain/plan.ts";
import type { ArchivedExecution } from "../../core/domain/archived-execution.ts";
import { ARCHIVE_REF } from "../../core/domain/refs.ts";
import { readBlobs } from "../../storage/git/git-objects.ts";
import { listTree } from "../../storage/git/git-tree.ts";
import { parseArchivedExecution } from "../../storage/ledger/ledger-files.ts";
import { repositoryKey } from "../api/forge-repository.ts";
import type { ArchivedFiles } from "./ledger-cache.ts";
import { toGitContext } from "./page-ledger.ts";
import type { PageScope } from "./page-scope.ts";

const FILE_PATTERN = /^(\d{4}-\d{2})\/([^/]+)\/(state|plan-[0-9a-f]+)\.json$/;

const listAt = async (scope: PageScope, tip: Sha): Promise<ReadonlyMap<ExecutionId, ArchivedFiles>> => {
  const found = new Map<ExecutionId, ArchivedFiles>();
  for (const [path, { sha }] of await listTree(toGitContext(scope), tip)) {
    const [, month = "", id = "", file] = FILE_PATTERN.exec(path) ?? [];
    if (file === undefined) continue;
    const known = found.get(id) ?? { month, state: null, plan: null };
    found.set(id, file === "state" ? { ...known, state: sha } : { ...known, plan: sha });
  }
  return new Map([...found].toSorted(([, a], [, b]) => b.month.localeCompare(a.month)));
};

/** The finished executions that left the ledger, from the newest month to the oldest. */
export const listArchived = async (scope: PageScope): Promise<ReadonlyMap<ExecutionId, ArchivedFiles>> => {
  const commit = scope.refs.get(ARCHIVE_REF);
  if (commit === undefined) return new Map();
  const key = repositoryKey(scope.repository);
  const known = scope.ledgerCache.archives.get(key);
  if (known?.commit === commit) return known.files;
  const files = listAt(scope, commit);
  scope.ledgerCache.archives.set(key, { commit, files });
  // A fault of git may be temporary, so the next request reads again.
  files.catch(() => scope.ledgerCache.archives.delete(key));
  return files;
};

/** The states of some archived executions. */
export const readArchivedStates = async (scope: PageScope, files: readonly ArchivedFiles[]): Promise<Execution[]> => {
  const states = files.flatMap(({ state }) => state ?? []);
  const blobs = await readBlobs(toGitContext(scope), states);
  return states.flatMap((sha) => {
    const blob = blobs.get(sha);
    return blob ? [parseArchivedExecution(blob.toString("utf8"))] : [];
  });
};

/** An archived execution with its plan; null if the archive does not contain the id. */
export const readArchived = async (scope: PageScope, id: string): Promise<ArchivedExecution | null> => {
  const files = (await listArchived(scope)).get(id);
  const [execution] = files ? await readArchivedStates(scope, [files]) : [];
  if (!files || !execution) return null;
  const plan = files.plan === null ? undefined : (await readBlobs(toGitContext(scope), [files.plan])).get(files.plan);
  // The ledger wrote the plan in its own format.
  return { execution, plan: plan ? (JSON.parse(plan.toString("utf8")) as Plan) : { steps: [] } };
};
