import { basename } from "node:path";
import { ensureBareRepository } from "../storage/git/bare-clone.ts";
import { createTokenEnv, type GitContext, runGit } from "../storage/git/run-git.ts";
import { runNetworkGit } from "../storage/git/run-network-git.ts";
import { LEDGER_REF } from "../core/domain/refs.ts";
import { chooseScheme, readRemoteAddress } from "../core/setup/remote-address.ts";
import { CommandError } from "./command-options.ts";
import { findToken } from "./command-target.ts";
import { findRepository } from "./find-repository.ts";
import { listRunLedgerRefs } from "./local-ledger.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The repository with the shown ledger. */
export type LedgerSource = {
  /** Directory or address for git. */
  readonly url: string;
  /** Shown to people, without credentials. */
  readonly label: string;
  readonly owner: string;
  readonly name: string;
  /** The page of the repository on GitHub; null if unknown. */
  readonly address: string | null;
  /** The ref of the ledger. */
  readonly ref: string;
  readonly env: Readonly<Record<string, string>>;
};

const URL_PATTERN = /^(?:[a-z][a-z0-9+.-]*:\/\/|[^/:]+@[^/:]+:)/i;

/** The repository at an address. Git's own keys and a token of its host open private ones. */
const findRemoteSource = async (terminal: TerminalHost, url: string): Promise<LedgerSource> => {
  const found = readRemoteAddress(url);
  const name = basename(url.replace(/\/+$/, "")).replace(/\.git$/, "") || "repository";
  if (!found) return { url, label: url.replace(/\/\/[^@/]*@/, "//"), owner: "clone", name, address: null, ref: LEDGER_REF, env: {} };
  const address = `${chooseScheme(found.host)}://${found.host}/${found.owner}/${found.name}`;
  const token = await findToken(terminal, found.host);
  const isWeb = /^https?:/i.test(url) || token !== null;
  const agent = terminal.env["SSH_AUTH_SOCK"];
  const env = { ...createTokenEnv(token ?? undefined), ...(agent !== undefined && { SSH_AUTH_SOCK: agent }) };
  return { ...found, url: isWeb ? `${address}.git` : url, label: address, address, ref: LEDGER_REF, env };
};

const findDirectorySource = async (terminal: TerminalHost, path: string): Promise<LedgerSource> => {
  const { directory } = await findRepository(terminal, path);
  const at: GitContext = { directory, after: terminal.after };
  const ask = async (...args: string[]): Promise<string | null> => {
    const { code, stdout } = await runGit(at, args);
    return code === 0 ? stdout.toString("utf8").trim() : null;
  };
  const remote = await ask("remote", "get-url", "origin");
  const origin = remote === null ? null : await findRemoteSource(terminal, remote);
  const here = {
    url: directory,
    label: directory,
    owner: origin?.owner ?? "clone",
    name: origin?.name ?? basename(directory).replace(/\.git$/, ""),
    address: origin?.address ?? null,
    env: {},
  };
  if ((await ask("rev-parse", "--verify", "-q", LEDGER_REF)) !== null) return { ...here, ref: LEDGER_REF };
  const newest = (await listRunLedgerRefs({ ...terminal, cwd: directory })).at(-1);
  if (newest !== undefined) return { ...here, address: null, ref: newest };
  // Clones lack the ledger, because git fetches only branches and tags.
  return origin ?? { ...here, ref: LEDGER_REF };
};

/** Finds the ledger of a repository by its path or address. */
export const findLedgerSource = (terminal: TerminalHost, repository: string): Promise<LedgerSource> =>
  URL_PATTERN.test(repository) ? findRemoteSource(terminal, repository) : findDirectorySource(terminal, repository);

/** Fetches a source into a bare repository, which has no configuration of the source. */
export const openLedgerCopy = async (terminal: TerminalHost, directory: string, source: LedgerSource) => {
  await ensureBareRepository(directory);
  const at: GitContext = { directory, after: terminal.after, env: source.env };
  const refspecs = [
    "+refs/heads/*:refs/heads/*",
    "+refs/enki/*:refs/enki/*",
    ...(source.ref === LEDGER_REF ? [] : [`+${source.ref}:${LEDGER_REF}`]),
  ];
  const fetch = () =>
    runNetworkGit(at, ["fetch", "--prune", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--", source.url, ...refspecs]);
  const fetched = await fetch();
  if (fetched.code !== 0)
    throw new CommandError(`${source.label} cannot be fetched: ${fetched.stderr.trim().split("\n").at(-1) ?? "git gave no reason"}`);
  const ledger = await runGit(at, ["rev-parse", "--verify", "-q", LEDGER_REF]);
  if (ledger.code !== 0) throw new CommandError(`${source.label} has no ledger; Enki writes it with the first request`);
  const head = await runNetworkGit(at, ["ls-remote", "--symref", "--", source.url, "HEAD"]);
  const [, defaultBranch = "main"] = /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(head.stdout.toString("utf8")) ?? [];
  return { fetch, defaultBranch };
};
