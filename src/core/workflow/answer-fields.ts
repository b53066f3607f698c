import { readFields, type ReadFields, type WantedFields } from "./fields.ts";
import { withoutBlocks, withoutMarkers } from "./output-block.ts";

export type Said = {
  /** What a role said last. */
  readonly answer: string;
  /** The report that it left; null where it left none. */
  readonly report: string | null;
};

/**
 * The fields of what a role said last. They stand at its end, before its output block or in it. Where it says none, its report may:
 * that is as much its last word as the message that goes with it.
 */
export const readAnswerFields = ({ answer, report }: Said, wanted: WantedFields): ReadFields => {
  const outside = readFields(withoutBlocks(answer), wanted);
  if (outside.source === "json") return outside;
  const all = readFields(withoutMarkers(answer), wanted);
  if (all.source === "json") return all;
  if (outside.source === "key-values" || all.source === "key-values")
    return { ...all, source: "key-values", fields: { ...all.fields, ...outside.fields } };
  return report === null ? all : readFields(report, wanted);
};
