import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type FileFault, formatFault } from "../core/config/config-fault.ts";
import { type ConfigText, readConfig } from "../core/config/read-config.ts";
import { CommandError, readOptionsAndWords } from "./command-options.ts";
import { readEffectiveLayers, readEffectiveWorkflows } from "./effective-layers.ts";
import { findMissingCommands } from "./find-missing-commands.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { readAllWorkflows } from "./read-all-workflows.ts";

export const validateOptions = {
  json: { type: "boolean", default: false, about: "prints the faults as JSON" },
} as const;

/** The kind of a file by its path; null for other files. */
const classifyPath = (path: string): "role" | "config" | "workflow" | null => {
  if (path.endsWith(".md")) return basename(dirname(path)) === "workflows" ? "workflow" : null;
  if (!path.endsWith(".toml")) return null;
  return basename(path) === "enki.toml" ? "config" : "role";
};

const MAX_VALIDATED_PATHS = 1_000;

/** `enki validate`: lists every mistake in configuration, here or at the given paths. Exits with 1 after a mistake. */
export const runValidateCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const { values, words } = readOptionsAndWords(args, validateOptions, MAX_VALIDATED_PATHS);
  const texts =
    words.length === 0
      ? [...(await readEffectiveLayers(terminal)), ...(await readEffectiveWorkflows(terminal))]
      : await readGivenFiles(terminal, words);
  const faults = await collectFaults(terminal, texts);
  if (values.json) terminal.out(`${JSON.stringify({ files: texts.map(({ path }) => path), faults }, null, 2)}\n`);
  else for (const line of formatValidation(texts, faults)) terminal.out(`${line}\n`);
  return faults.length === 0 ? 0 : 1;
};

/** A workflow may name every effective role and model, besides those of the validated files. */
const collectFaults = async (terminal: TerminalHost, texts: readonly ConfigText[]): Promise<FileFault[]> => {
  const flows = texts.filter(({ path }) => classifyPath(path) === "workflow");
  const reading = readConfig(texts.filter(({ path }) => classifyPath(path) !== "workflow"));
  const { config } = reading;
  const faults = [...reading.faults, ...(await findMissingCommands(terminal, reading))];
  if (flows.length === 0) return faults;
  const known = readConfig(await readEffectiveLayers(terminal)).config;
  const roles = [...Object.keys(known.roles), ...Object.keys(config.roles)];
  const models = known.models || config.models ? [...(known.models ?? []), ...(config.models ?? [])] : null;
  return [...faults, ...readAllWorkflows(flows, { roles, models }).faults];
};

const formatValidation = (texts: readonly ConfigText[], faults: readonly FileFault[]): string[] => {
  const wrong = new Set(faults.map(({ file }) => file)).size;
  const files = (count: number): string => `${count} ${count === 1 ? "file" : "files"}`;
  if (faults.length === 0) return [`${files(texts.length)} without a mistake`];
  const many = faults.length === 1 ? "1 mistake" : `${faults.length} mistakes`;
  return [...faults.map(formatFault), `${many} in ${wrong} of ${files(texts.length)}`];
};

/** The given files, and the files in given directories: a repository, its `.enki`, or a directory of roles. */
const readGivenFiles = async ({ cwd }: TerminalHost, words: readonly string[]): Promise<ConfigText[]> => {
  const paths: string[] = [];
  for (const word of words) {
    const path = resolve(cwd, word);
    const found = await stat(path).catch(() => null);
    if (!found) throw new CommandError(`there is no file or directory ${path}`);
    if (found.isFile() && classifyPath(path) === null)
      throw new CommandError(`Enki does not read ${word}; it reads enki.toml, roles (*.toml) and workflows (workflows/<name>.md)`);
    const below = found.isDirectory() ? await listConfigFiles(path) : [path];
    // A directory without files to validate is an error.
    if (below.length === 0) throw new CommandError(`there is no enki.toml and no role in ${path}`);
    paths.push(...below);
  }
  const texts = await Promise.all([...new Set(paths)].map(async (path) => ({ path, text: await readFile(path, "utf8") })));
  return texts.map(({ path, text }) => ({
    path: relative(cwd, path) || path,
    text,
    kind: classifyPath(path) === "config" ? "config" : "role",
  }));
};

const listConfigFiles = async (directory: string): Promise<string[]> => {
  const names = await readdir(directory);
  if (names.includes(".enki")) return listConfigFiles(join(directory, ".enki"));
  const roles = names.includes("roles") ? (await readdir(join(directory, "roles"))).map((name) => join("roles", name)) : [];
  const flows = names.includes("workflows") ? (await readdir(join(directory, "workflows"))).map((name) => join("workflows", name)) : [];
  const own = ["roles", "workflows"].includes(basename(directory)) ? names : names.filter((name) => name === "enki.toml");
  return [...own, ...roles, ...flows]
    .filter((name) => classifyPath(join(directory, name)) !== null)
    .toSorted()
    .map((name) => join(directory, name));
};
