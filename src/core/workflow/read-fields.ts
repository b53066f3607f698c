import { closesFence, readFenceOpening } from "./code-fence.ts";
import { isJsonObject, type JsonValue, readJson } from "./read-json.ts";
import { findMismatches, type OutputSchema } from "./output-schema.ts";

/** The fields in a role's text. */
export type ReadFields = {
  readonly fields: Readonly<Record<string, JsonValue>>;
  readonly source: "json" | "key-values" | "none";
  /** Sentences for the role when it is asked again; empty if there is no problem. */
  readonly problems: readonly string[];
};

export type WantedFields = {
  /** Whether `key: value` lines at the end count as fields: all of them, or the named ones. */
  readonly wantsKeyValues: boolean | readonly string[];
  readonly schema: OutputSchema | null;
};

/** Characters at the end of a text that are searched. */
const MAX_SEARCHED_CHARS = 50_000;

/**
 * Reads the fields of the last `json` block, otherwise of the `key: value` lines at the end. A last block that is no JSON object results in no fields.
 * With a schema only a block counts, and `problems` lists the mismatches.
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

/** The content of the last `json` block. Fences are matched by line, so a fence inside a JSON string closes nothing. */
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

/** Ends an open block at a fence behind its last brace. */
const cutAtInlineFence = (block: string): string => {
  const end = block.search(/```[ \t]*(?:\n|$)/);
  return end === -1 ? block : block.slice(0, end);
};

/** Reads lines such as `verdict: LGTM` upwards from the end to the first other line. The last line of a repeated key counts. */
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
