import { locateTomlKeys } from "../core/config/toml-positions.ts";
import { type ConfigText, listDottedKeys, type ConfigReading, readConfig } from "../core/config/read-config.ts";
import { formatFault } from "../core/config/config-fault.ts";
import { redactSecrets } from "../core/policy/secrets.ts";
import { readOptions } from "./command-options.ts";
import { readEffectiveLayers } from "./effective-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const configOptions = {
  json: { type: "boolean", default: false, about: "prints keys, values and sources as JSON" },
} as const;

/**
 * `enki config`: prints each effective key with its value and source line. A file with a mistake has no effect and leads to exit code 1.
 */
export const runConfigCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { json } = readOptions(args, configOptions);
  const read = readConfig(await readEffectiveLayers(terminal));
  const { faults } = read;
  const keys = listDottedKeys(read.effectiveFile).map((key) => ({
    key,
    value: maskConfigValue(key, getWrittenValue(read.effectiveFile, key)),
    from: formatOrigin(read, key),
  }));
  if (json) {
    terminal.out(`${JSON.stringify({ keys, faults }, null, 2)}\n`);
    return faults.length === 0 ? 0 : 1;
  }
  const lines = keys.map(({ key, value, from }) => [`${key} = ${JSON.stringify(value)}`, from] as const);
  const width = Math.min(60, Math.max(...lines.map(([left]) => left.length)));
  for (const [left, origin] of lines) terminal.out(`${left.padEnd(width)}  # ${origin}\n`);
  for (const fault of faults) terminal.err(`${formatFault(fault)}\n`);
  return faults.length === 0 ? 0 : 1;
};

const getWrittenValue = (written: object, key: string): unknown =>
  // The key comes from this value, so each part but the last names a table.
  key.split(".").reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], written);

/** The output ends up in logs and issues, so values of the environment that may be credentials are masked. */
const maskConfigValue = (key: string, value: unknown): unknown => {
  if (typeof value !== "string") return value;
  return /^agent\.(?:\w+\.)?env\./.test(key) && !value.startsWith("$") ? "…" : redactSecrets(value);
};

const formatOrigin = ({ origins }: ConfigReading, key: string): string => {
  const file: ConfigText | undefined = origins.get(key);
  return file ? `${file.path}:${locateTomlKeys(file.text)(key.split(".")).line}` : "default";
};
