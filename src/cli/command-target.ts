import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Ledger } from "../core/domain/ledger.ts";
import type { RefName } from "../core/domain/ids.ts";
import { ARCHIVE_REF, LEDGER_REF } from "../core/domain/refs.ts";
import { chooseScheme, deriveApiUrl, type RemoteAddress } from "../core/setup/remote-address.ts";
import { openObjectFiles } from "../storage/git/object-files.ts";
import { createTokenEnv, type GitContext } from "../storage/git/run-git.ts";
import { runNetworkGit } from "../storage/git/run-network-git.ts";
import { CommandError } from "./command-options.ts";
import { findRepository } from "./find-repository.ts";
import { type ArchivedExecution, readArchivedExecution, readLedgerOf, readLocalLedger } from "./local-ledger.ts";
import { isMachineRunning, listMachineRecords, type MachineRecord } from "./machine-records.ts";
import { openPersonClient, type PersonClient } from "./person-client.ts";
import { readOrigin } from "./read-origin.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** Neither a local GitHub nor a real one can be reached from here. */
export class NoTargetError extends CommandError {}
/** The repository has no remote on GitHub, and no local GitHub runs. */
export class NoGitHubError extends NoTargetError {}

/** The repository that a command of the terminal is about, with the access of the person. */
export type CommandTarget = {
  /** `owner/name`. */
  readonly name: string;
  readonly isLocal: boolean;
  /** The address of the repository's pages. */
  readonly pageUrl: string;
  readonly person: PersonClient;
  /** Where git finds the ledger's commits after {@link readLedger}. */
  readonly git: GitContext;
  /** The current ledger; null before Enki's first write. */
  readonly readLedger: () => Promise<Ledger | null>;
  /** An execution of the archive; null for an unknown id. */
  readonly readArchived: (id: string) => Promise<ArchivedExecution | null>;
};

const openLocalTarget = (terminal: TerminalHost, { directory, owner, name, url, apiUrl, token }: MachineRecord): CommandTarget => {
  const bare = join(directory, "repositories", owner, `${name}.git`);
  const git: GitContext = { directory: bare, after: terminal.after, objects: openObjectFiles(bare) };
  return {
    name: `${owner}/${name}`,
    isLocal: true,
    pageUrl: `${url}/${owner}/${name}`,
    person: openPersonClient({ apiUrl, token, owner, name }),
    git,
    readLedger: () => readLedgerOf(git, LEDGER_REF),
    readArchived: (id) => readArchivedExecution(git, id),
  };
};

/** The token of GitHub's own program; null without the program or a login. */
const askGhForToken = async (host: string, env: TerminalHost["env"]): Promise<string | null> =>
  promisify(execFile)("gh", ["auth", "token", "--hostname", host], { env: { ...env } }).then(
    ({ stdout }) => stdout.trim() || null,
    () => null,
  );

/**
 * The person's token for a host. As in `gh`, the variables for github.com are never sent to another host, because a clone may name any.
 * In a workflow, `GITHUB_TOKEN` belongs to the host of `GITHUB_SERVER_URL`.
 */
export const findToken = async (terminal: TerminalHost, host: string): Promise<string | null> => {
  const { env } = terminal;
  const server = URL.parse(env["GITHUB_SERVER_URL"] ?? "https://github.com")?.host;
  const names =
    host === server || host === "github.com" ? ["GH_TOKEN", "GITHUB_TOKEN"] : ["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
  const given = names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
  return given ?? askGhForToken(host, env);
};

type RemoteTarget = { readonly address: RemoteAddress; readonly directory: string };

const openRemoteTarget = async (terminal: TerminalHost, { address, directory }: RemoteTarget): Promise<CommandTarget> => {
  const { host, owner, name } = address;
  const token = await findToken(terminal, host);
  if (token === null)
    throw new NoTargetError(`there is no token for ${host}; log in with gh auth login, or set GH_TOKEN in the environment`);
  const server = `${chooseScheme(host)}://${host}`;
  const git: GitContext = { directory, after: terminal.after, env: createTokenEnv(token) };
  const fetchRef = async (ref: RefName): Promise<boolean> => {
    const refspec = `+${ref}:${ref}`;
    const fetched = await runNetworkGit(git, ["fetch", "--no-tags", "--no-write-fetch-head", `${server}/${owner}/${name}.git`, refspec]);
    if (fetched.code !== 0 && !fetched.stderr.includes("couldn't find remote ref"))
      throw new NoTargetError(`the ledger cannot be fetched: ${fetched.stderr.trim().split("\n").at(-1) ?? ""}`);
    return fetched.code === 0;
  };
  return {
    name: `${owner}/${name}`,
    isLocal: false,
    pageUrl: `${server}/${owner}/${name}`,
    person: openPersonClient({ apiUrl: deriveApiUrl(address), token, owner, name }),
    git,
    readLedger: async () => ((await fetchRef(LEDGER_REF)) ? readLocalLedger({ cwd: directory, after: terminal.after }) : null),
    readArchived: async (id) => ((await fetchRef(ARCHIVE_REF)) ? readArchivedExecution({ directory, after: terminal.after }, id) : null),
  };
};

/** Finds the running local GitHub of the repository here, or the GitHub of its remote `origin`. */
export const findCommandTarget = async (terminal: TerminalHost): Promise<CommandTarget> => {
  const { directory } = await findRepository(terminal, ".");
  const records = await listMachineRecords(terminal, directory);
  const running = (await Promise.all(records.map(async (record) => ((await isMachineRunning(record)) ? [record] : [])))).flat();
  const [machine, ...others] = running;
  if (others.length > 0)
    throw new CommandError(`several local GitHubs run for this repository: ${running.map(({ url }) => url).join(", ")}; stop all but one`);
  if (machine) return openLocalTarget(terminal, machine);
  const address = await readOrigin(terminal, { directory, after: terminal.after });
  if (!address)
    throw new NoGitHubError(
      "no local GitHub runs for this repository, and it has no remote origin on GitHub; start enki local, or use enki run",
    );
  return openRemoteTarget(terminal, { address, directory });
};
