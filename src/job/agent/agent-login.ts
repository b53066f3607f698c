import type { AgentCommand, PresetName } from "../../core/domain/agent-command.ts";
import { findPreset } from "./find-preset.ts";
import { isInputRecord } from "./tool-input-fields.ts";
import { parseJson } from "../../core/domain/parse-json.ts";

/** Files in an agent's home that hold a person's login, by path relative to the home. */
export type LoginFiles = Readonly<Record<string, string>>;

/** The variable that brings a person's logins to a job. No agent receives the variable itself. */
export const LOGIN_VARIABLE = "ENKI_AGENT_LOGINS";

export const formatLogins = (logins: Readonly<Partial<Record<PresetName, LoginFiles>>>): string => JSON.stringify(logins);

/** Whether a path stays below the home. */
const isInside = (path: string): boolean => path.split("/").every((part) => !["", ".", ".."].includes(part));

/** The login of a job's agent; empty if the person gave none. */
export const readLoginFiles = (agent: AgentCommand, agentEnv: Readonly<Record<string, string>>): LoginFiles => {
  const logins = parseJson(agentEnv[LOGIN_VARIABLE] ?? "null");
  const files = isInputRecord(logins) ? logins[findPreset(agent)?.preset.name ?? ""] : null;
  if (!isInputRecord(files)) return {};
  return Object.fromEntries(
    Object.entries(files).flatMap(([path, content]) => (typeof content === "string" && isInside(path) ? [[path, content]] : [])),
  );
};

/** Words in the names of fields whose values are credentials. */
const SECRET_FIELD = /key|token|secret|access|refresh|auth/i;
/** A shorter value, such as `Bearer`, would occur by chance. In characters. */
const MIN_TOKEN_CHARS = 16;
const TIME_PATTERN = /^\d{4}-\d\d-\d\dT/;

const listTokens = (value: unknown, isSecret: boolean): string[] => {
  if (typeof value === "string")
    return isSecret && value.length >= MIN_TOKEN_CHARS && !/\s/.test(value) && !TIME_PATTERN.test(value) ? [value] : [];
  if (!isInputRecord(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => listTokens(each, isSecret || SECRET_FIELD.test(name)));
};

/** The tokens in these files, which must not leave the job. */
export const listLoginSecrets = (files: LoginFiles): string[] => Object.values(files).flatMap((text) => listTokens(parseJson(text), false));
