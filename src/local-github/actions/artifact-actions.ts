import { copyFile, lstat, mkdir, readdir, realpath, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { type ArtifactFile, isArtifactName } from "./artifact-store.ts";
import type { BuiltInAction, ActionsJobHost } from "./job-host.ts";
import { StepFault } from "./step-fault.ts";

const isInsideJob = (path: string, root: string): boolean => path === root || path.startsWith(root + sep);

/**
 * Resolves the real path of `path`; null if nothing exists there. Throws `StepFault` if the real path is outside the job's directory.
 */
const resolveInsideJob = async (path: string, job: ActionsJobHost): Promise<string | null> => {
  const [root, real] = await Promise.all([realpath(job.directories.root), realpath(path).catch(() => null)]);
  if (real !== null && !isInsideJob(real, root)) throw new StepFault(`'${path}' is outside the job's directory`);
  return real;
};

const readArtifactPaths = (text: string, job: ActionsJobHost): readonly string[] => {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter(Boolean).map((line) => {
    if (/^[!~]|[*?[\]]/.test(line)) throw new StepFault(`path '${line}': patterns are not supported by this runner`);
    const path = resolve(job.directories.workspace, line);
    if (!isInsideJob(path, job.directories.root)) throw new StepFault(`'${path}' is outside the job's directory`);
    return path;
  });
};

type CollectedFiles = { readonly files: ArtifactFile[]; readonly skipped: string[] };

const collectLink = async (path: string, root: string, found: CollectedFiles): Promise<void> => {
  const target = await realpath(path).catch(() => null);
  const stat = target === null ? null : await lstat(target).catch(() => null);
  if (target !== null && stat?.isFile() && target.startsWith(root + sep)) found.files.push({ name: relative(root, path), path: target });
  else found.skipped.push(relative(root, path));
};

const collectDirectory = async (input: { directory: string; root: string; hidden: boolean }, found: CollectedFiles): Promise<void> => {
  for (const entry of await readdir(input.directory, { withFileTypes: true })) {
    if (entry.name.startsWith(".") && !input.hidden) continue;
    const path = join(input.directory, entry.name);
    if (entry.isSymbolicLink()) await collectLink(path, input.root, found);
    else if (entry.isDirectory()) await collectDirectory({ ...input, directory: path }, found);
    else if (entry.isFile()) found.files.push({ name: relative(input.root, path), path });
    else found.skipped.push(relative(input.root, path));
  }
};

const findCommonRoot = (paths: readonly string[]): string => {
  const [first = "/", ...others] = paths;
  let root = first;
  while (!others.every((path) => isInsideJob(path, root)) && root !== dirname(root)) root = dirname(root);
  return root;
};

const collectFiles = async (
  paths: readonly string[],
  hidden: boolean,
  job: ActionsJobHost,
): Promise<CollectedFiles & { readonly root: string }> => {
  const reals = (await Promise.all(paths.map((path) => resolveInsideJob(path, job)))).filter((path) => path !== null);
  const stats = await Promise.all(reals.map((path) => lstat(path)));
  const root = findCommonRoot(reals.map((path, index) => (stats[index]?.isDirectory() ? path : dirname(path))));
  const found: CollectedFiles = { files: [], skipped: [] };
  for (const [index, path] of reals.entries()) {
    if (stats[index]?.isDirectory()) await collectDirectory({ directory: path, root, hidden }, found);
    else found.files.push({ name: relative(root, path) || basename(path), path });
  }
  return { ...found, root };
};

const readArtifactName = (text: string | undefined): string => {
  const name = text || "artifact";
  if (!isArtifactName(name)) throw new StepFault(`The artifact name is not valid: ${name}`);
  return name;
};

const reportNoFiles = (call: { readonly ifNone: string; readonly paths: string; readonly job: ActionsJobHost }): void => {
  const text = `No files were found with the provided path: ${call.paths}. No artifacts will be uploaded.`;
  if (call.ifNone === "error") throw new StepFault(text);
  if (call.ifNone !== "ignore") call.job.log.write(`::warning::${text}`);
};

/**
 * `actions/upload-artifact`: stores the files below the given paths. Skips links that lead outside, and hidden files
 * by default.
 */
export const uploadArtifact: BuiltInAction = async ({ job, inputs }) => {
  const name = readArtifactName(inputs.get("name"));
  const paths = inputs.get("path") ?? "";
  const { root, files, skipped } = await collectFiles(readArtifactPaths(paths, job), inputs.get("include-hidden-files") === "true", job);
  for (const path of skipped) job.log.write(`::warning::'${path}' is not a file inside the path and is skipped`);
  if (files.length === 0) {
    reportNoFiles({ ifNone: inputs.get("if-no-files-found") ?? "warn", paths, job });
    return {};
  }
  const { request } = job.facts;
  const put = { run: request.id, name, overwrite: inputs.get("overwrite") === "true" };
  const stored = await job.installation.artifacts.put(put, root, files);
  job.log.write(`Artifact '${name}' has ${files.length} file(s)`);
  return { "artifact-id": String(request.recordArtifact({ name, ...stored, job: job.id })), "artifact-digest": stored.digest };
};

/** Creates the parent directories of `name` below `target`. Throws `StepFault` if one of them is a link or a file. */
const createParents = async (target: string, name: string): Promise<void> => {
  let path = target;
  for (const part of dirname(name).split(sep)) {
    path = join(path, part);
    await mkdir(path).catch(() => undefined);
    if (!(await lstat(path)).isDirectory())
      throw new StepFault(`'${path}' is not a directory, so the artifact cannot be extracted below it`);
  }
};

const extractArtifact = async (from: string, target: string): Promise<void> => {
  const found: CollectedFiles = { files: [], skipped: [] };
  await collectDirectory({ directory: from, root: from, hidden: true }, found);
  for (const file of found.files) {
    await createParents(target, file.name);
    await rm(join(target, file.name), { recursive: true, force: true });
    await copyFile(file.path, join(target, file.name));
  }
};

const createTarget = async (path: string, job: ActionsJobHost): Promise<string> => {
  const target = resolve(job.directories.workspace, path);
  if (!isInsideJob(target, job.directories.root)) throw new StepFault(`'${target}' is outside the job's directory`);
  // The deepest existing ancestor determines where the new directories are created.
  let existing = target;
  while ((await lstat(existing).catch(() => null)) === null) existing = dirname(existing);
  await resolveInsideJob(existing, job);
  await mkdir(target, { recursive: true });
  return realpath(target);
};

/**
 * `actions/download-artifact`: extracts one artifact of this run into `path`, or all artifacts, each into a directory
 * of its name.
 */
export const downloadArtifact: BuiltInAction = async ({ job, inputs }) => {
  const { artifacts } = job.installation;
  const run = job.facts.request.id;
  const requested = inputs.get("name");
  const names = requested ? [readArtifactName(requested)] : await artifacts.names(run);
  const separate = !requested && inputs.get("merge-multiple") !== "true";
  const path = inputs.get("path") || ".";
  for (const name of names) {
    const from = await artifacts.find(run, name);
    if (from === null) throw new StepFault(`Unable to download artifact(s): Artifact not found for name: ${name}`);
    await extractArtifact(from, await createTarget(separate ? join(path, name) : path, job));
  }
  return { "download-path": resolve(job.directories.workspace, path) };
};
