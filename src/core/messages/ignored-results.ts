import type { Execution } from "../domain/execution.ts";
import { toInlineCode } from "./escape.ts";

/** A warning about forged results; empty without any. */
export const renderIgnoredResults = ({ ignoredResults: ignored }: Execution): string => {
  if (!ignored) return "";
  const claim = ignored.claim === "no-result" ? "holds no result" : `claims ${toInlineCode(ignored.claim)}`;
  const last = `${toInlineCode(ignored.ref)}, which ${claim}`;
  const what =
    ignored.count === 1
      ? `Enki ignored and deleted the ref ${last}: no run of Enki created it.`
      : `Enki ignored and deleted ${ignored.count} refs that no run of Enki created. The last one is ${last}.`;
  return `> [!WARNING]\n> ${what}`;
};
