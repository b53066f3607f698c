import type { ArchivedExecution } from "../../core/domain/archived-execution.ts";
import type { Execution } from "../../core/domain/execution.ts";
import type { Sha } from "../../core/domain/ids.ts";
import { readBlobs } from "../git/git-objects.ts";
import { listTree, type TreeEntry } from "../git/git-tree.ts";
import type { GitContext } from "../git/run-git.ts";
import { parseArchivedExecution, parseArchivedPlan } from "./ledger-files.ts";

type ArchivedFiles = { readonly state: Sha; readonly plans: readonly Sha[] };

/** What to read of an archive: at most `limit` of the newest months' executions, and of these the wanted ones. */
export type ArchiveSelection = { readonly limit: number; readonly isWanted: (execution: Execution) => boolean };

/** Reads executions and their plans from a commit of the archive, newest first, in three processes of git. */
export const readArchivedExecutions = async (
  at: GitContext,
  archive: Sha,
  { limit, isWanted }: ArchiveSelection,
): Promise<readonly ArchivedExecution[]> => {
  const newest = listArchivedFiles(await listTree(at, archive)).slice(0, limit);
  const states = await readBlobs(
    at,
    newest.map(({ state }) => state),
  );
  const wanted = newest.flatMap(({ state, plans: [plan] }) => {
    const execution = parseOrNull(states.get(state), parseArchivedExecution);
    return execution && plan !== undefined && isWanted(execution) ? [{ execution, plan }] : [];
  });
  const plans = await readBlobs(at, [...new Set(wanted.map(({ plan }) => plan))]);
  return wanted
    .flatMap(({ execution, plan: id }) => {
      const plan = parseOrNull(plans.get(id), parseArchivedPlan);
      return plan ? [{ execution, plan }] : [];
    })
    .toSorted((one, other) => other.execution.createdAt - one.execution.createdAt);
};

/** Only Enki writes the archive, but one unreadable file must not hide the others. */
const parseOrNull = <T>(content: Buffer | undefined, parse: (text: string) => T): T | null => {
  try {
    return content === undefined ? null : parse(content.toString("utf8"));
  } catch {
    return null;
  }
};

/** Executions with a plan, by month, newest first. Paths: `<month>/<execution>/state.json` and `<month>/<execution>/plan-<hash>.json`. */
const listArchivedFiles = (tree: ReadonlyMap<string, TreeEntry>): ArchivedFiles[] => {
  const folders = new Map<string, { state?: Sha; plans: Sha[] }>();
  for (const [path, { sha }] of tree) {
    const [, folder, file] = /^(\d{4}-\d{2}\/[^/]+)\/(state\.json|plan-[0-9a-f]+\.json)$/.exec(path) ?? [];
    if (folder === undefined) continue;
    const known = folders.get(folder) ?? { plans: [] };
    folders.set(folder, known);
    if (file === "state.json") known.state = sha;
    else known.plans.push(sha);
  }
  return [...folders]
    .toSorted(([one], [other]) => (one < other ? 1 : -1))
    .flatMap(([, { state, plans }]) => (state === undefined || plans.length === 0 ? [] : [{ state, plans }]));
};
