import type { RepositoryClone } from "../git/repository-clone.ts";
import type { ExecutionId } from "../../core/domain/ids.ts";
import type { QueryAnswers } from "../../core/domain/query.ts";
import { ARCHIVE_REF } from "../../core/domain/refs.ts";
import { parseArchivedExecution } from "./ledger-files.ts";

/** Final step states of an archived execution; null if the archive does not contain the execution. */
export const readArchivedStates = async (clone: RepositoryClone, execution: ExecutionId): Promise<QueryAnswers["archived"]> => {
  const tip = (await clone.refs())[ARCHIVE_REF];
  if (tip === undefined) return null;
  const files = await clone.readFiles(tip, (path) => path.endsWith(`/${execution}/state.json`));
  const [content] = files.values();
  if (!content) return null;
  const { steps } = parseArchivedExecution(content.toString("utf8"));
  return Object.fromEntries(Object.values(steps).map(({ id, state }) => [id, state]));
};
