import type { Sha } from "../../core/domain/ids.ts";
import { collectHistory, type StepHistory } from "../../core/domain/step-history.ts";
import type { GitContext } from "../git/run-git.ts";
import { readArchivedExecutions } from "./read-archived-executions.ts";

/** Older executions say little about today's agents. */
const MAX_EXECUTIONS = 100;

/** Reads the history of finished steps from the newest executions of an archive's commit. */
export const readHistory = async (at: GitContext, archive: Sha): Promise<StepHistory> =>
  collectHistory(await readArchivedExecutions(at, archive, { limit: MAX_EXECUTIONS, isWanted: () => true }));
