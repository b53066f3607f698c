import { findPlaces } from "../config/places.ts";
import { type ConfigText, keysOf, type ReadConfig, readConfig } from "../config/read.ts";
import { writeFault } from "../config/fault.ts";
import { redact } from "../policy/secrets.ts";
import { readOptions } from "./options.ts";
import { readOwnLayers } from "./own-layers.ts";
import type { Terminal } from "./terminal.ts";

export const configOptions = {
  json: { type: "boolean", default: false, about: "prints each key with its value and where it is from, as JSON" },
} as const;

/** `enki config`: each key in force here, its value, and the file and line that say so; 1 where a file has a mistake, which counts for nothing. */
export const config = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { json } = readOptions(args, configOptions);
  const read = readConfig(await readOwnLayers(terminal));
  const { faults } = read;
  const keys = keysOf(read.written).map((key) => ({ key, value: shownOf(key, valueOf(read.written, key)), from: from(read, key) }));
  if (json) {
    terminal.out(`${JSON.stringify({ keys, faults }, null, 2)}\n`);
    return faults.length === 0 ? 0 : 1;
  }
  const lines = keys.map(({ key, value, from }) => [`${key} = ${JSON.stringify(value)}`, from] as const);
  const width = Math.min(60, Math.max(...lines.map(([left]) => left.length)));
  for (const [left, origin] of lines) terminal.out(`${left.padEnd(width)}  # ${origin}\n`);
  for (const fault of faults) terminal.err(`${writeFault(fault)}\n`);
  return faults.length === 0 ? 0 : 1;
};

const valueOf = (written: object, key: string): unknown =>
  // A key of this very value: each part but the last is a table.
  key.split(".").reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], written);

/** What is printed ends in logs and issues: of an environment only what is no credential. */
const shownOf = (key: string, value: unknown): unknown => {
  if (typeof value !== "string") return value;
  return /^agent\.(?:\w+\.)?env\./.test(key) && !value.startsWith("$") ? "…" : redact(value);
};

const from = ({ origins }: ReadConfig, key: string): string => {
  const file: ConfigText | undefined = origins.get(key);
  return file ? `${file.path}:${findPlaces(file.text)(key.split(".")).line}` : "default";
};
