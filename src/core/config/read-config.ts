import { readOwn, writeOwn } from "../domain/own-record.ts";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import type { CommandSource } from "../domain/agent-command.ts";
import type { Config, Role } from "../domain/config.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import { TIERS } from "../domain/plan.ts";
import { ALWAYS_PROTECTED, listUnprotectable } from "../policy/protected-paths.ts";
import { type ConfigFault, toConfigFaults } from "./config-fault.ts";
import { exceedsLimits, type ValueLimits } from "./value-limits.ts";
import { locateTomlKeys } from "./toml-positions.ts";
import { toConfig, toRole } from "./to-config.ts";
import { type ConfigFile, configFileSchema, type RoleFile, roleFileSchema } from "./config-schema.ts";

/** One file of the cascade: `roles/<name>.toml` or `enki.toml`. */
export type ConfigText = {
  readonly path: string;
  readonly text: string;
  /** Overrides the kind derived from the path. */
  readonly kind?: "role" | "config";
  /** The file that people know, if `path` is a copy; null for settings by the options of a local run. */
  readonly original?: string | null;
};

export type ConfigReading = {
  readonly config: Config;
  readonly faults: readonly ConfigFault[];
  /** The effective `enki.toml`, including every default. */
  readonly effectiveFile: ConfigFile;
  /** The file behind each effective value, by `roles.<name>` and by key of `enki.toml`; no entry for a default. */
  readonly origins: ReadonlyMap<string, ConfigText>;
};

/**
 * Reads the configuration from its files in the order of the cascade: a later role replaces an earlier one completely, a later `enki.toml` overrides single keys.
 * Reports every fault with file and line, and ignores files with faults.
 */
export const readConfig = (files: readonly ConfigText[]): ConfigReading => {
  const faults: ConfigFault[] = [];
  const roles: Record<string, Role> = {};
  const places = new Map<string, string>();
  const origins = new Map<string, ConfigText>();
  let raw: Record<string, unknown> = {};
  let budget = MAX_ALL_CONFIG_CHARS;
  for (const file of files) {
    budget -= file.text.length;
    const table = readTomlTable(file, budget >= 0, faults);
    if (!table) continue;
    if (detectFileKind(file) === "role") {
      const role = checkTable(file, { table, schema: roleFileSchema, faults });
      if (!role || !checkRoleOutput(file, { role, faults }) || !claimRoleName(file, { name: role.name, places, faults })) continue;
      roles[role.name] = toRole(role);
      origins.set(`roles.${role.name}`, file);
    } else if (checkTable(file, { table, schema: configFileSchema, faults })) {
      raw = overlayTables(raw, table);
      for (const key of listDottedKeys(table)) origins.set(key, file);
    }
  }
  const effective = withDefaultPreset(configFileSchema.parse(raw));
  faults.push(...findUnknownModels(effective, origins), ...findUnknownUnprotected(effective, origins));
  const [broken] = faults.filter(({ file }) => /(^|\/)enki\.toml$/.test(file)).map(({ file, line, why }) => `${file}:${line}: ${why}`);
  return {
    config: {
      ...toConfig(effective, findCommandSource(origins)),
      models: listNamedModels(effective),
      roles,
      workflows: {},
      broken: broken ?? null,
    },
    faults,
    effectiveFile: effective,
    origins,
  };
};

const findCommandSource =
  (origins: ConfigReading["origins"]) =>
  (table: string): CommandSource | undefined => {
    const file = origins.get(`${table}.command`);
    return file && { key: `[${table}] command`, file: file.original === undefined ? file.path : file.original };
  };

const DEFAULT_PRESET = "claude";

const withDefaultPreset = (file: ConfigFile): ConfigFile =>
  file.agent.command === undefined && file.agent.preset === undefined
    ? { ...file, agent: { ...file.agent, preset: DEFAULT_PRESET } }
    : file;

/** Changes by a role without `can_edit` are discarded, so such a role cannot deliver a pull request. */
const checkRoleOutput = (
  { path, text }: ConfigText,
  { role, faults }: { readonly role: RoleFile; readonly faults: ConfigFault[] },
): boolean => {
  if (role.can_edit || role.output !== "branch") return true;
  const why = 'output cannot be "branch" if can_edit is false, because all changes of the role are discarded';
  const suggestion = 'write output = "artifact", or can_edit = true';
  faults.push({ file: path, ...locateTomlKeys(text)(["output"]), code: "bad-value", why, suggestion });
  return false;
};

/** If models are listed, each tier must name one of them. */
const findUnknownModels = ({ agent: { models }, tiers }: ConfigFile, origins: ReadonlyMap<string, ConfigText>): ConfigFault[] =>
  TIERS.flatMap((tier): ConfigFault[] => {
    const { model } = tiers[tier];
    const file = origins.get(`tiers.${tier}.model`);
    if (model === undefined || !file || models.length === 0 || models.includes(model)) return [];
    const nearest = findNearestWord(model, models);
    const why = `tiers.${tier}.model cannot be ${JSON.stringify(model)}: [agent] models does not list it`;
    const suggestion =
      nearest === null ? `write one of ${models.join(", ")}, or add the model to the list` : `did you mean ${JSON.stringify(nearest)}?`;
    return [{ file: file.path, ...locateTomlKeys(file.text)(["tiers", tier, "model"]), code: "bad-value", why, suggestion }];
  });

/** `unprotected` names groups and globs that exist, so that a typing error does not leave a file protected unnoticed. */
const findUnknownUnprotected = ({ policy }: ConfigFile, origins: ReadonlyMap<string, ConfigText>): ConfigFault[] => {
  const known = listUnprotectable(policy.protected);
  const file = origins.get("policy.unprotected");
  if (!file) return [];
  return policy.unprotected.flatMap((name): ConfigFault[] => {
    if (known.includes(name)) return [];
    const isFixed = ALWAYS_PROTECTED.includes(name);
    const nearest = findNearestWord(name, known);
    const why = `policy.unprotected cannot be ${JSON.stringify(name)}: ${isFixed ? "steps never change these files" : "nothing of that name is protected"}`;
    const suggestion =
      isFixed || nearest === null
        ? "remove it, or write a name of the table in docs/security.md"
        : `did you mean ${JSON.stringify(nearest)}?`;
    return [{ file: file.path, ...locateTomlKeys(file.text)(["policy", "unprotected"]), code: "bad-value", why, suggestion }];
  });
};

/** `null` if no model is named. */
const listNamedModels = ({ agent, tiers }: ConfigFile): readonly string[] | null => {
  const named = new Set([...agent.models, ...TIERS.flatMap((tier) => tiers[tier].model ?? [])]);
  return named.size === 0 ? null : [...named].toSorted();
};

/** Lists the dotted keys of all values except tables. */
export const listDottedKeys = (table: Readonly<Record<string, unknown>>, lower = ""): string[] =>
  Object.entries(table).flatMap(([key, value]) => (isTomlTable(value) ? listDottedKeys(value, `${lower}${key}.`) : [`${lower}${key}`]));

const detectFileKind = ({ path, kind }: ConfigText): "role" | "config" =>
  kind ?? (/(^|\/)roles\/[^/]+\.toml$/.test(path) ? "role" : "config");

type RoleNaming = { readonly name: string; readonly places: Map<string, string>; readonly faults: ConfigFault[] };

/** Role names are unique within a directory; otherwise the order of files would decide. */
const claimRoleName = ({ path, text }: ConfigText, { name, places, faults }: RoleNaming): boolean => {
  const key = `${path.slice(0, path.lastIndexOf("/"))}\0${name}`;
  const other = places.get(key);
  if (other === undefined) {
    places.set(key, path);
    return true;
  }
  const why = `${other} already has a role ${name}`;
  faults.push({ file: path, ...locateTomlKeys(text)(["name"]), code: "duplicate-name", why, suggestion: "rename one of the two roles" });
  return false;
};

/** Far beyond a file that a person writes; reading it must not delay the events of other repositories. */
const MAX_CONFIG_CHARS = 256_000;
/** For the files of all layers together. */
const MAX_ALL_CONFIG_CHARS = 2_000_000;
const CONFIG_LIMITS: ValueLimits = { depth: 20, entries: 5_000 };

const readTomlTable = ({ path, text }: ConfigText, isAffordable: boolean, faults: ConfigFault[]): Record<string, unknown> | null => {
  try {
    const table = isAffordable && text.length <= MAX_CONFIG_CHARS ? parse(text) : null;
    if (table && exceedsLimits(table, CONFIG_LIMITS) === null) return table;
    const { entries, depth } = CONFIG_LIMITS;
    const why = isAffordable
      ? `the file has more than ${MAX_CONFIG_CHARS} characters, more than ${entries} values, or tables nested more than ${depth} deep`
      : `this file and those before it have more than ${MAX_ALL_CONFIG_CHARS} characters`;
    faults.push({ file: path, line: 1, column: 1, code: "too-large", why, suggestion: "remove what Enki does not read" });
    return null;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const why = (error.message.split("\n")[0] ?? "").replace("Invalid TOML document: ", "");
    const { line, column } = error;
    faults.push({ file: path, line, column, code: "bad-toml", why, suggestion: "fix the TOML; see https://toml.io" });
    return null;
  }
};

type SchemaCheck<S extends z.ZodType> = { readonly table: unknown; readonly schema: S; readonly faults: ConfigFault[] };

const checkTable = <S extends z.ZodType>({ path, text }: ConfigText, { table, schema, faults }: SchemaCheck<S>): z.output<S> | null => {
  const read = schema.safeParse(table);
  if (read.success) return read.data;
  faults.push(...toConfigFaults({ path, text, table, schema }, read.error));
  return null;
};

const isTomlTable = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Overrides key by key. */
const overlayTables = (lower: Record<string, unknown>, upper: Record<string, unknown>): Record<string, unknown> => {
  const merged: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    const lowerValue = readOwn(merged, key);
    writeOwn(merged, key, isTomlTable(lowerValue) && isTomlTable(value) ? overlayTables(lowerValue, value) : value);
  }
  return merged;
};
