import { readFields, type ReadFields, type WantedFields } from "./read-fields.ts";
import { removeOutputBlocks, removeOutputMarkers } from "./output-block.ts";

export type RoleAnswer = {
  /** The last message of the role. */
  readonly answer: string;
  /** The report file; null if there is none. */
  readonly report: string | null;
};

/**
 * Reads the fields of an answer: at its end, before its output block, or in the block. An answer without fields takes those of the report.
 */
export const readAnswerFields = ({ answer, report }: RoleAnswer, wanted: WantedFields): ReadFields => {
  const outside = readFields(removeOutputBlocks(answer), wanted);
  if (outside.source === "json") return outside;
  const all = readFields(removeOutputMarkers(answer), wanted);
  if (all.source === "json") return all;
  if (outside.source === "key-values" || all.source === "key-values")
    return { ...all, source: "key-values", fields: { ...all.fields, ...outside.fields } };
  return report === null ? all : readFields(report, wanted);
};
