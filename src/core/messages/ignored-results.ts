import type { Execution } from "../domain/execution.ts";
import { toInlineCode } from "./escape.ts";

/** A warning about forged results; empty without any. */
export const renderIgnoredResults = ({ ignoredResults: ignored }: Execution): string => {
  if (!ignored) return "";
  if (ignored.claim === "foreign-ledger") return renderForeignLedger(ignored.ref);
  const claim = ignored.claim === "no-result" ? "holds no result" : `claims ${toInlineCode(ignored.claim)}`;
  const last = `${toInlineCode(ignored.ref)}, which ${claim}`;
  const what =
    ignored.count === 1
      ? `Enki ignored and deleted the ref ${last}: no run of Enki created it.`
      : `Enki ignored and deleted ${ignored.count} refs that no run of Enki created. The last one is ${last}.`;
  return `> [!WARNING]\n> ${what}`;
};

const renderForeignLedger = (ref: string): string =>
  `> [!WARNING]\n> Enki ignored and deleted the ref ${toInlineCode(ref)}, because its job read a ledger that Enki did not write. Enki starts the job again.`;
