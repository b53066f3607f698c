import { readFields, type ReadFields, type WantedFields } from "./read-fields.ts";
import { removeOutputBlocks, removeOutputMarkers } from "./output-block.ts";

export type RoleAnswer = {
  /** What a role said last. */
  readonly answer: string;
  /** The report that it left; null where it left none. */
  readonly report: string | null;
};

/**
 * The fields of what a role said last. They stand at its end, before its output block or in it. Where it says none, its report may:
 * that is as much its last word as the message that goes with it.
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
