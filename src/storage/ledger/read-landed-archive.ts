import type { ArchivedExecution } from "../../core/domain/archived-execution.ts";
import type { Sha } from "../../core/domain/ids.ts";
import type { GitContext } from "../git/run-git.ts";
import { readArchivedExecutions } from "./archive-files.ts";

/** Executions whose landings a person may still undo: more would make a decision slow. */
const MAX_EXECUTIONS = 1_000;

/** Reads the executions of an archive's commit that landed work, oldest first. */
export const readLandedArchive = async (at: GitContext, archive: Sha): Promise<readonly ArchivedExecution[]> => {
  const isWanted = ({ steps }: ArchivedExecution["execution"]): boolean => Object.values(steps).some(({ landed }) => landed !== null);
  return (await readArchivedExecutions(at, archive, { limit: MAX_EXECUTIONS, isWanted })).toReversed();
};
