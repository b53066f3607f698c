import { existsSync } from "node:fs";
import { basename, join, resolve, sep } from "node:path";
import { type RepositoryClone, openClone } from "../storage/git/repository-clone.ts";
import type { Config } from "../core/domain/config.ts";
import { NOBODY } from "../core/domain/product.ts";
import type { BranchName, Sha } from "../core/domain/ids.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import { showHiddenChars } from "../core/domain/visible-text.ts";
import { readInstallationLayers, readRepositoryConfig } from "../storage/config/repository-config.ts";
import { findHome } from "./find-home.ts";
import type { FoundRepository } from "./find-repository.ts";
import type { AgentChoice, LocalMachine } from "./local-machine.ts";
import { CommandError } from "./command-options.ts";
import { recordsDirectory } from "./machine-records.ts";
import { readEnkiWorkflowFiles } from "./repository-files.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const COPY_OWNER = "local";
const COPY_USER = "you";

export const NO_VERIFY_MESSAGE =
  "Nothing can land yet, because nothing verifies it: give the commands with --verify '<command>', or in .enki/enki.toml:\n  [refinery]\n  verify = [\"npm test\"]";

/** The name of the copy. Throws if nothing could land on the copy. */
export const deriveCopyName = ({ directory, branch, shallow }: FoundRepository): string => {
  if (branch === null) throw new CommandError(`${directory} has no branch checked out; check out the branch that work should land on`);
  if (shallow) throw new CommandError(`${directory} is a shallow clone; git fetch --unshallow brings the rest of its history`);
  return (
    basename(directory)
      // Letters without their accents.
      .normalize("NFKD")
      .replaceAll(/\p{M}/gu, "")
      .replace(/\.git$/, "")
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .replace(/^[-.]+/, "") || "repository"
  );
};

/** Directories of the original repository, hidden from agents. Excludes directories that contain the agent or a person's home. */
export const listHiddenDirectories = (
  { cwd, env }: TerminalHost,
  { ownDirectories }: FoundRepository,
  agent: AgentChoice | null,
): string[] => {
  const used = [findHome({ env }), ...(agent ? [agent.command, ...agent.args] : [])]
    .filter((word) => word.includes(sep))
    .map((path) => resolve(cwd, path))
    // A word with a slash may be something else than a path: a model's name, or a prompt.
    .filter((path) => existsSync(path));
  const records = recordsDirectory({ env });
  const own = ownDirectories.filter((directory) => !used.some((path) => `${path}${sep}`.startsWith(`${directory}${sep}`)));
  return existsSync(records) ? [...own, records] : own;
};

/** Reports that a copy leaves submodules out. Fetching them would send the person's credentials to any server that the repository names. */
export const describeSubmodules = ({ submodules }: FoundRepository): string[] =>
  submodules.length === 0
    ? []
    : [
        `Submodules are left out: ${submodules.map(showHiddenChars).join(", ")}. Agents and verify commands find empty folders there; only jobs on GitHub check out submodules, if they are public.`,
      ];

export type RepositoryCopy = {
  readonly token: string;
  readonly config: Config;
  readonly branch: BranchName;
  /** The branch's tip; an empty first commit if the original branch has no commits. */
  readonly commit: Sha;
};

type CopyInput = { readonly directory: string; readonly from: string; readonly name: string };

/** Copies the repository to the local GitHub, with Enki's Actions workflow files outside of the history. Only reads the original. */
export const copyRepository = async (
  terminal: TerminalHost,
  { forge }: LocalMachine,
  { directory, from, name }: CopyInput,
): Promise<RepositoryCopy> => {
  const token = forge.createUser(COPY_USER);
  const own = [...(await readEnkiWorkflowFiles(terminal.root))].map(([path, file]) => [path, String(file?.content)]);
  await forge.createRepository({ owner: COPY_OWNER, name, from, workflowFiles: Object.fromEntries(own) });
  forge.setPermission({ owner: COPY_OWNER, name }, { login: COPY_USER, role: "admin" });
  const clone = await openCopyClone(terminal, forge.url, { directory, name, token });
  const branch = forge.defaultBranch({ owner: COPY_OWNER, name });
  const commit = (await clone.refs())[toBranchRef(branch)] ?? (await startEmptyBranch(terminal, clone, branch));
  const config = await readCloneConfig(clone, commit, directory);
  await forge.save();
  return { token, config, branch, commit };
};

type CopyPlace = { readonly directory: string; readonly name: string; readonly token: string };

const openCopyClone = async (terminal: TerminalHost, url: string, { directory, name, token }: CopyPlace): Promise<RepositoryClone> => {
  const clone = await openClone({
    url: `${url}/${COPY_OWNER}/${name}.git`,
    directory: join(directory, "setup.git"),
    token: () => Promise.resolve(token),
    identity: NOBODY,
    after: terminal.after,
    near: join(directory, "repositories", COPY_OWNER, `${name}.git`),
  });
  await clone.fetch();
  return clone;
};

const readCloneConfig = async (clone: RepositoryClone, commit: Sha | null, directory: string): Promise<Config> =>
  (await readRepositoryConfig(clone, commit, await readInstallationLayers(join(directory, "installation")))).config;

/** The configuration of an existing copy. */
export const readCopyConfig = async (
  terminal: TerminalHost,
  { forge }: Pick<LocalMachine, "forge">,
  place: CopyPlace & { readonly branch: BranchName },
): Promise<Config> => {
  const clone = await openCopyClone(terminal, forge.url, place);
  return readCloneConfig(clone, await clone.readRef(toBranchRef(place.branch)), place.directory);
};

/** Creates the first commit of an empty repository, because work starts from a commit. */
const startEmptyBranch = async (terminal: TerminalHost, clone: RepositoryClone, branch: BranchName): Promise<Sha> => {
  const tree = await clone.writeFiles(null, new Map());
  const commit = await clone.writeCommit({ tree, parents: [], message: "Start the repository", at: terminal.now() });
  const pushed = await clone.push([{ ref: toBranchRef(branch), oldSha: null, newSha: commit }]);
  if (pushed.kind !== "pushed") throw new Error(`the first commit could not be pushed: ${pushed.text}`);
  return commit;
};
