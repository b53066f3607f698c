import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve, sep } from "node:path";
import { type RepositoryClone, openClone } from "../storage/git/repository-clone.ts";
import type { Config } from "../core/domain/config.ts";
import { NOBODY } from "../core/domain/product.ts";
import type { BranchName, Sha } from "../core/domain/ids.ts";
import { toBranchRef } from "../core/domain/refs.ts";
import { readInstallationLayers, readRepositoryConfig } from "../storage/config/repository-config.ts";
import type { FoundRepository } from "./find-repository.ts";
import type { AgentChoice, LocalMachine } from "./local-machine.ts";
import { CommandError } from "./command-options.ts";
import { readEnkiWorkflowFiles } from "./repository-files.ts";
import type { TerminalHost } from "./terminal-host.ts";

export const COPY_OWNER = "local";
const COPY_USER = "you";

export const NO_VERIFY_MESSAGE =
  "Nothing can land yet, because nothing verifies it: give the commands with --verify '<command>', or in .enki/enki.toml:\n  [refinery]\n  verify = [\"npm test\"]";

/** The name of the copy. Throws if nothing could land on it. */
export const deriveCopyName = ({ directory, branch, shallow }: FoundRepository): string => {
  if (branch === null) throw new CommandError(`${directory} has no branch checked out; check out the one that work is to land on`);
  if (shallow) throw new CommandError(`${directory} is a shallow clone; git fetch --unshallow brings the rest of its history`);
  return (
    basename(directory)
      .replace(/\.git$/, "")
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .replace(/^[-.]+/, "") || "repository"
  );
};

/** Directories of the original repository, hidden from agents. Excludes directories that contain the agent or a person's home. */
export const listHiddenDirectories = ({ cwd }: TerminalHost, { ownDirectories }: FoundRepository, agent: AgentChoice | null): string[] => {
  const used = [homedir(), ...(agent ? [agent.command, ...agent.args] : [])]
    .filter((word) => word.includes(sep))
    .map((path) => resolve(cwd, path))
    // A word with a slash may be something else than a path: a model's name, or a prompt.
    .filter((path) => existsSync(path));
  return ownDirectories.filter((directory) => !used.some((path) => `${path}${sep}`.startsWith(`${directory}${sep}`)));
};

export type RepositoryCopy = {
  readonly token: string;
  readonly config: Config;
  readonly clone: RepositoryClone;
  readonly branch: BranchName;
  /** The branch's commit in the original; null for an empty branch. */
  readonly originalCommit: Sha | null;
  /** The original commit with Enki's workflow files added, and their paths. */
  readonly commit: Sha;
  readonly addedPaths: readonly string[];
};

type CopyInput = { readonly directory: string; readonly from: string; readonly name: string };

/** Copies the repository to the local GitHub and adds Enki's Actions workflow files to its default branch. Only reads the original. */
export const copyRepository = async (
  terminal: TerminalHost,
  { forge }: LocalMachine,
  { directory, from, name }: CopyInput,
): Promise<RepositoryCopy> => {
  const token = forge.createUser(COPY_USER);
  await forge.createRepository({ owner: COPY_OWNER, name, from });
  forge.setPermission({ owner: COPY_OWNER, name }, { login: COPY_USER, role: "admin" });
  const clone = await openClone({
    url: `${forge.url}/${COPY_OWNER}/${name}.git`,
    directory: join(directory, "setup.git"),
    token: () => Promise.resolve(token),
    identity: NOBODY,
    after: terminal.after,
  });
  await clone.fetch();
  const branch = forge.defaultBranch({ owner: COPY_OWNER, name });
  const tip = (await clone.refs())[toBranchRef(branch)] ?? null;
  const added = await readEnkiWorkflowFiles(terminal.root);
  const tree = await clone.writeFiles(tip, added);
  const commit = await clone.writeCommit({
    tree,
    parents: tip === null ? [] : [tip],
    message: "Add Enki's Actions workflow",
    at: terminal.now(),
  });
  const pushed = await clone.push([{ ref: toBranchRef(branch), oldSha: tip, newSha: commit }]);
  if (pushed.kind !== "pushed") throw new Error(`the workflow file could not be pushed: ${pushed.text}`);
  const layers = await readInstallationLayers(join(directory, "installation"));
  const { config } = await readRepositoryConfig(clone, commit, layers);
  return { token, config, clone, branch, originalCommit: tip, commit, addedPaths: [...added.keys()] };
};
