import type { Clone } from "../git/clone.ts";
import type { Execution } from "../model/execution.ts";
import type { ExecutionId } from "../model/ids.ts";
import type { Answers } from "../model/query.ts";
import { ARCHIVE } from "../model/refs.ts";

/** How the steps of an execution ended that left the ledger; null where the archive does not have it. */
export const readArchived = async (clone: Clone, execution: ExecutionId): Promise<Answers["archived"]> => {
  const tip = (await clone.refs())[ARCHIVE];
  if (tip === undefined) return null;
  const files = await clone.readFiles(tip, (path) => path.endsWith(`/${execution}/state.json`));
  const [content] = files.values();
  if (!content) return null;
  // Written by the save that put it there.
  const { steps } = JSON.parse(content.toString("utf8")) as Execution;
  return Object.fromEntries(Object.values(steps).map(({ id, state }) => [id, state]));
};
