import { constants, lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { StepFault } from "./step-fault.ts";

const MAX_COMMAND_FILE_BYTES = 16 << 20;
const COMMAND_FILE_KINDS = ["output", "env", "path", "state", "summary"] as const;
type CommandFileKind = (typeof COMMAND_FILE_KINDS)[number];

const COMMAND_FILE_VARIABLES: Readonly<Record<CommandFileKind, string>> = {
  output: "GITHUB_OUTPUT",
  env: "GITHUB_ENV",
  path: "GITHUB_PATH",
  state: "GITHUB_STATE",
  summary: "GITHUB_STEP_SUMMARY",
};

/** The files through which a step sets outputs, environment, path, state and summary. */
export type CommandFiles = {
  readonly env: Readonly<Record<string, string>>;
  /** Creates the files, for a step with a process. */
  readonly create: () => void;
  /**
   * Reads the values that the step wrote. Throws `StepFault` if a file was replaced or does not have GitHub's format.
   */
  read(): Promise<CommandValues>;
};

type CommandEntries = readonly (readonly [name: string, value: string])[];
export type CommandValues = {
  readonly output: CommandEntries;
  readonly env: CommandEntries;
  readonly state: CommandEntries;
  readonly path: readonly string[];
  readonly summary: string;
};

const invalidFormatFault = (kind: CommandFileKind, line: string): StepFault =>
  new StepFault(`Unable to process file command '${kind}' successfully: invalid format '${line}'`);

/** Reads `name=value` lines and `name<<DELIMITER` blocks. Throws `StepFault` for any other line. */
const readCommandEntries = (kind: CommandFileKind, text: string): CommandEntries => {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const entries: [string, string][] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const [equals, heredoc] = [line.indexOf("="), line.indexOf("<<")];
    if (heredoc > 0 && (equals < 0 || heredoc < equals)) {
      const end = lines.indexOf(line.slice(heredoc + 2), at + 1);
      if (end < 0 || line.length === heredoc + 2) throw invalidFormatFault(kind, line);
      entries.push([line.slice(0, heredoc), lines.slice(at + 1, end).join("\n")]);
      at = end;
    } else if (equals > 0) entries.push([line.slice(0, equals), line.slice(equals + 1)]);
    else throw invalidFormatFault(kind, line);
  }
  return entries;
};

// A step may have replaced the file by a link, a pipe or a directory, so only regular files are read.
const readRegularFile = async (kind: CommandFileKind, path: string): Promise<string> => {
  // Most files stay empty, and checking the size is cheaper than opening them.
  const seen = lstatSync(path, { throwIfNoEntry: false });
  if (seen?.isFile() && seen.size === 0) return "";
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (!file) return "";
  const fault = (reason: string): StepFault => new StepFault(`Unable to process file command '${kind}' successfully: ${reason}`);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw fault("not a regular file");
    if (stat.size > MAX_COMMAND_FILE_BYTES) throw fault(`over ${MAX_COMMAND_FILE_BYTES >> 20} MiB`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
};

const NO_VALUES: CommandValues = { output: [], env: [], state: [], path: [], summary: "" };

/** A step's command files in `directory`. The tag must be unique and hard to guess. */
export const openCommandFiles = (directory: string, tag: string): CommandFiles => {
  const path = (kind: CommandFileKind): string => join(directory, `${kind}_${tag}`);
  const read = (kind: CommandFileKind): Promise<string> => readRegularFile(kind, path(kind));
  let isCreated = false;
  return {
    create: () => {
      isCreated = true;
      mkdirSync(directory, { recursive: true });
      for (const kind of COMMAND_FILE_KINDS) writeFileSync(path(kind), "", { flag: "wx" });
    },
    env: Object.fromEntries(COMMAND_FILE_KINDS.map((kind) => [COMMAND_FILE_VARIABLES[kind], path(kind)])),
    read: async () => {
      if (!isCreated) return NO_VALUES;
      const [output, env, paths, state, summary] = await Promise.all([
        read("output"),
        read("env"),
        read("path"),
        read("state"),
        read("summary"),
      ]);
      return {
        output: readCommandEntries("output", output),
        env: readCommandEntries("env", env),
        state: readCommandEntries("state", state),
        path: paths.split(/\r?\n/).filter((line) => line !== ""),
        summary,
      };
    },
  };
};
