import type { ExecutionId, RefName, Sha } from "../domain/ids.ts";
import { LEDGER_REF, toRefusedRef } from "../domain/refs.ts";
import { toInlineCode } from "./escape.ts";

type RestoredRef = { readonly ref: RefName; readonly foreign: Sha | null; readonly restored: Sha | null };

/** The log's line about a ledger or an archive that somebody else wrote. */
export const describeRestoration = ({ ref, foreign, restored }: RestoredRef): string => {
  const how = foreign === null ? "deleted it" : `set it to ${foreign.slice(0, 12)}`;
  return `${ref} was not changed by Enki: somebody ${how}. Enki ignores this and restores ${restored?.slice(0, 12) ?? "no commit"}`;
};

/** For people on an issue whose execution somebody tried to change. */
export const renderRefusedLedger = (execution: ExecutionId, foreign: Sha): string =>
  [
    "> [!WARNING]",
    `> **Somebody other than Enki wrote ${toInlineCode(LEDGER_REF)}**, which holds the state of execution ${toInlineCode(execution)}. Enki ignored the change, restored its own last state and continues from there.`,
    ">",
    `> Git does not record who it was, but only people with write access can do it. Their version is kept in ${toInlineCode(toRefusedRef(foreign))}. Further attempts are only logged.`,
  ].join("\n");
