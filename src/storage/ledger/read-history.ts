import type { Sha } from "../../core/domain/ids.ts";
import type { Plan } from "../../core/domain/plan.ts";
import { collectHistory, type StepHistory } from "../../core/domain/step-history.ts";
import { readBlobs } from "../git/git-objects.ts";
import { listTree, type TreeEntry } from "../git/git-tree.ts";
import type { GitContext } from "../git/run-git.ts";
import { parseArchivedExecution } from "./ledger-files.ts";

/** Older executions say little about today's agents. */
const MAX_EXECUTIONS = 100;

type ArchivedFiles = { readonly state: Sha; readonly plans: readonly Sha[] };

/** Reads the history of finished steps from the newest executions of an archive's commit, in two processes of git. */
export const readHistory = async (at: GitContext, archive: Sha): Promise<StepHistory> => {
  const newest = listExecutions(await listTree(at, archive)).slice(0, MAX_EXECUTIONS);
  const blobs = await readBlobs(at, [...new Set(newest.flatMap(({ state, plans }) => [state, ...plans]))]);
  const read = (id: Sha): string => blobs.get(id)?.toString("utf8") ?? "";
  return collectHistory(
    newest
      .flatMap(({ state, plans }) => {
        const execution = parseOrNull(read(state), parseArchivedExecution);
        const plan = parseOrNull(plans.map(read).at(0) ?? "", (text) => JSON.parse(text) as Plan);
        return execution && plan ? [{ execution, plan }] : [];
      })
      .toSorted((one, other) => other.execution.createdAt - one.execution.createdAt),
  );
};

/** Only Enki writes the archive, but an estimate is not worth a failure. */
const parseOrNull = <T>(text: string, parse: (text: string) => T): T | null => {
  try {
    return parse(text);
  } catch {
    return null;
  }
};

/** Executions with a plan, by month, newest first. Paths: `<month>/<execution>/state.json` and `<month>/<execution>/plan-<hash>.json`. */
const listExecutions = (tree: ReadonlyMap<string, TreeEntry>): ArchivedFiles[] => {
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
