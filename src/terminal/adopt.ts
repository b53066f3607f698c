import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve, sep } from "node:path";
import { type Clone, openClone } from "../git/clone.ts";
import type { Config } from "../model/config.ts";
import type { Base, Sha } from "../model/ids.ts";
import { branchRef } from "../model/refs.ts";
import { readInstallation, readSettings } from "../settings.ts";
import type { Found } from "./find-repository.ts";
import type { AgentChoice, Machine } from "./machine.ts";
import { CannotError } from "./options.ts";
import { workflowFiles } from "./seed.ts";
import type { Terminal } from "./terminal.ts";

export const OWNER = "local";
const PERSON = "you";
const IDENTITY = { name: "Enki", email: "enki@users.noreply.github.com" };

export const NOTHING_VERIFIES =
  "Nothing can land yet, because nothing verifies it: give the commands with --verify '<command>', or in .enki/enki.toml:\n  [refinery]\n  verify = [\"npm test\"]";

/** What the copy is called. Throws where nothing could land on it. */
export const nameOf = ({ directory, branch, shallow }: Found): string => {
  if (branch === null) throw new CannotError(`${directory} has no branch checked out; check out the one that work is to land on`);
  if (shallow) throw new CannotError(`${directory} is a shallow clone; git fetch --unshallow brings the rest of its history`);
  return (
    basename(directory)
      .replace(/\.git$/, "")
      .replaceAll(/[^A-Za-z0-9._-]/g, "-")
      .replace(/^[-.]+/, "") || "repository"
  );
};

/** The original, which agents have no business in; but not where the agent itself, or a person's whole home, lives in it. */
export const outOfSight = ({ cwd }: Terminal, { own }: Found, agent: AgentChoice | null): string[] => {
  const used = [homedir(), ...(agent ? [agent.command, ...agent.args] : [])]
    .filter((word) => word.includes(sep))
    .map((path) => resolve(cwd, path))
    // A word with a slash need be no path: a model's name, a prompt.
    .filter((path) => existsSync(path));
  return own.filter((directory) => !used.some((path) => `${path}${sep}`.startsWith(`${directory}${sep}`)));
};

export type Adopted = {
  readonly token: string;
  readonly config: Config;
  readonly clone: Clone;
  readonly branch: Base;
  /** The branch's commit in the original; null where it has none. */
  readonly original: Sha | null;
  /** The same with Enki's workflow files on top, and their paths. */
  readonly commit: Sha;
  readonly added: readonly string[];
};

type Adopting = { readonly directory: string; readonly from: string; readonly name: string };

/** A copy of the repository on the forge, with Enki's Actions workflow files on its default branch; the original is only read. */
export const adopt = async (terminal: Terminal, { forge }: Machine, { directory, from, name }: Adopting): Promise<Adopted> => {
  const token = forge.createUser(PERSON);
  await forge.createRepository({ owner: OWNER, name, from });
  forge.setPermission({ owner: OWNER, name }, { login: PERSON, role: "admin" });
  const clone = await openClone({
    url: `${forge.url}/${OWNER}/${name}.git`,
    directory: join(directory, "setup.git"),
    token: () => Promise.resolve(token),
    identity: IDENTITY,
    after: terminal.after,
  });
  await clone.fetch();
  const branch = forge.defaultBranch({ owner: OWNER, name });
  const tip = (await clone.refs())[branchRef(branch)] ?? null;
  const added = await workflowFiles(terminal.root);
  const tree = await clone.writeFiles(tip, added);
  const commit = await clone.writeCommit({
    tree,
    parents: tip === null ? [] : [tip],
    message: "Add Enki's Actions workflow",
    at: terminal.now(),
  });
  const pushed = await clone.push([{ ref: branchRef(branch), from: tip, to: commit }]);
  if (pushed.kind !== "pushed") throw new Error(`the workflow file could not be pushed: ${pushed.text}`);
  const layers = await readInstallation(join(directory, "installation"));
  const { config } = await readSettings(clone, commit, layers);
  return { token, config, clone, branch, original: tip, commit, added: [...added.keys()] };
};
