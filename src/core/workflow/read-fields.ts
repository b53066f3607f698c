import { closesFence, readFenceOpening } from "./code-fence.ts";
import { isJsonObject, type JsonValue, readJson } from "./read-json.ts";
import { findMismatches, type OutputSchema } from "./output-schema.ts";

/** What a role's text says in fields. */
export type ReadFields = {
  readonly fields: Readonly<Record<string, JsonValue>>;
  readonly source: "json" | "key-values" | "none";
  /** What is wrong, each a sentence that can be put to the role when it is asked again; none when all is well. */
  readonly problems: readonly string[];
};

export type WantedFields = {
  /** Trailing `key: value` lines are fields only where the role was asked for them: all of them, or those that are named. */
  readonly wantsKeyValues: boolean | readonly string[];
  readonly schema: OutputSchema | null;
};

/** Characters of the end of a text that are looked at. */
const MAX_SEARCHED_CHARS = 50_000;

/**
 * The fields of a text: of its last `json` block, else of the `key: value` lines at its end. A last block that is no JSON object gives no fields at all,
 * and nothing else is taken for it. With a schema only a block counts, and the problems say what does not fit.
 */
export const readFields = (text: string, { wantsKeyValues, schema }: WantedFields): ReadFields => {
  const end = text.slice(-MAX_SEARCHED_CHARS);
  const block = findLastJsonBlock(end);
  if (block === null) {
    if (schema) return { fields: {}, source: "none", problems: ["There is no ```json block."] };
    const fields = readTrailingFields(end, wantsKeyValues);
    return { fields, source: Object.keys(fields).length > 0 ? "key-values" : "none", problems: [] };
  }
  const read = readJson(block);
  if (!read) return { fields: {}, source: "none", problems: ["The last ```json block is not valid JSON."] };
  if (!isJsonObject(read.value)) return { fields: {}, source: "none", problems: ["The last ```json block is not an object (`{ … }`)."] };
  return { fields: read.value, source: "json", problems: schema ? findMismatches(schema, JSON.parse(block)) : [] };
};

/** What is in the last block fenced as `json`, by lines: a fence inside a string of the JSON closes nothing. */
const findLastJsonBlock = (text: string): string | null => {
  let last: string | null = null;
  let open: { readonly marks: string; readonly json: string[] | null } | null = null;
  for (const line of text.split(/\r?\n/)) {
    if (open === null) {
      const fence = readFenceOpening(line);
      if (fence) open = { marks: fence.marks, json: fence.word === "json" ? [] : null };
    } else if (closesFence(line, open.marks)) {
      last = open.json?.join("\n") ?? last;
      open = null;
    } else open.json?.push(line);
  }
  return open?.json ? cutAtInlineFence(open.json.join("\n")) : last;
};

/** A block whose fence stands behind its last brace, or that was never closed. */
const cutAtInlineFence = (block: string): string => {
  const end = block.search(/```[ \t]*(?:\n|$)/);
  return end === -1 ? block : block.slice(0, end);
};

/** Lines such as `verdict: LGTM`, read upwards from the end to the first that is none. Of a key that stands there twice the lower counts. */
const readTrailingFields = (text: string, wanted: WantedFields["wantsKeyValues"]): Record<string, JsonValue> => {
  const isWanted = (key: string): boolean => (typeof wanted === "boolean" ? wanted : wanted.includes(key));
  const found = new Map<string, string>();
  for (const line of text.trimEnd().split(/\r?\n/).reverse()) {
    const [, key, value] = /^ {0,3}([A-Za-z_][A-Za-z0-9_]*):(?!\/\/)[ \t]*(.*)$/.exec(line) ?? [];
    if (key === undefined) break;
    if (isWanted(key) && !found.has(key)) found.set(key, (value ?? "").trim());
  }
  return Object.fromEntries([...found].reverse());
};
