import { type ArchivedExecution, type ArchiveSubject, selectRelated } from "../../core/domain/archived-execution.ts";
import type { Sha } from "../../core/domain/ids.ts";
import type { GitContext } from "../git/run-git.ts";
import { readArchivedExecutions } from "./read-archived-executions.ts";

/** The reach of an undo. Older landings are undone by hand. */
const MAX_EXECUTIONS = 1_000;

/** Reads the executions of an archive's commit that landed work and concern a command, oldest first. */
export const readLandedArchive = async (
  at: GitContext,
  { archive, ...subject }: { readonly archive: Sha } & ArchiveSubject,
): Promise<readonly ArchivedExecution[]> => {
  const isWanted = ({ steps }: ArchivedExecution["execution"]): boolean => Object.values(steps).some(({ landed }) => landed !== null);
  const landed = await readArchivedExecutions(at, archive, { limit: MAX_EXECUTIONS, isWanted });
  return selectRelated(landed.toReversed(), subject);
};
