import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { findNearestWord } from "../core/domain/nearest-word.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Usage error: exit code 2. */
export class UsageError extends Error {}

/** A failure explained by a sentence: exit code 1. `next` is a helpful command, or null. */
export class CommandError extends Error {
  readonly next: string | null;
  constructor(message: string, next: string | null = null) {
    super(message);
    this.next = next;
  }
}

/** An option of a subcommand; `value` names its value in the help. */
type OptionDefinition = {
  readonly type: "string" | "boolean";
  readonly default?: string | boolean;
  readonly multiple?: boolean;
  readonly value?: string;
  readonly about: string;
};
export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>;

/** Reads the options of a subcommand without words; throws {@link UsageError}. */
export const readOptions = <T extends OptionDefinitions>(args: readonly string[], options: T) => {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw toUsageError(error, options);
  }
};

/** Reads options and at most `most` words; throws {@link UsageError}. */
export const readOptionsAndWords = <T extends OptionDefinitions>(args: readonly string[], options: T, most: number) => {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (positionals.length <= most) return { values, words: positionals };
    throw new UsageError(`unexpected argument '${positionals[most] ?? ""}'`);
  } catch (error) {
    throw toUsageError(error, options);
  }
};

/** Reads at most `most` words for a subcommand without options; throws {@link UsageError}. */
export const readWords = (args: readonly string[], most: number): readonly string[] => {
  try {
    const { positionals } = parseArgs({ args: [...args], options: {}, allowPositionals: true });
    if (positionals.length <= most) return positionals;
    throw new UsageError(`unexpected argument '${positionals[most] ?? ""}'`);
  } catch (error) {
    throw toUsageError(error, {});
  }
};

/** Node's message has several sentences, with advice about dashes. */
const toUsageError = (error: unknown, options: OptionDefinitions): unknown => {
  if (!(error instanceof Error && "code" in error)) return error;
  const [, quoted = ""] = /'(-{0,2}[^'\s]*)/.exec(error.message) ?? [];
  const name = quoted.replace(/^--?/, "");
  switch (error.code) {
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION":
      return new UsageError(`there is no option ${quoted}${suggestOption(name, options)}`);
    case "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL":
      return new UsageError(`unexpected argument '${quoted}'`);
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      return new UsageError(options[name]?.type === "boolean" ? `--${name} takes no value` : `--${name} needs a value`);
    default:
      return error;
  }
};

const suggestOption = (name: string, options: OptionDefinitions): string => {
  const meant = findNearestWord(name, Object.keys(options));
  return meant === null ? "" : `; did you mean --${meant}?`;
};

/** Lists options with their descriptions, a line each. */
export const describeOptions = (options: OptionDefinitions): string[] => {
  const named = Object.entries(options).map(
    ([name, { value, about }]) => [`--${name}${value === undefined ? "" : ` ${value}`}`, about] as const,
  );
  const width = Math.max(0, ...named.map(([left]) => left.length));
  return named.map(([left, about]) => `  ${left.padEnd(width)}  ${about}`);
};

const MAX_PORT = 65_535;

export const readPort = (text: string): number => {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= MAX_PORT) return port;
  throw new UsageError(`--port must be a number from 0 to ${MAX_PORT}, not '${text}'`);
};

/** Reads a text file that a person named. */
export const readNamedFile = async ({ cwd }: TerminalHost, path: string): Promise<string> => {
  const file = resolve(cwd, path);
  const found = await stat(file).catch(() => null);
  if (!found) throw new CommandError(`there is no file ${file}`);
  if (!found.isFile()) throw new CommandError(`${file} is not a file`);
  return readFile(file, "utf8");
};
