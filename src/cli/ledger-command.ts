import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RefName, Sha } from "../core/domain/ids.ts";
import { NOBODY } from "../core/domain/product.ts";
import { ARCHIVE_REF, LEDGER_REF, PROOFS_REF } from "../core/domain/refs.ts";
import { openClone, type RepositoryClone } from "../storage/git/repository-clone.ts";
import { INPUTS_FILE } from "../storage/ledger/ledger-files.ts";
import {
  deriveLedgerKeys,
  formatAdoptionMessage,
  type LedgerKeys,
  type LedgerSeal,
  writeSealedCommit,
} from "../storage/ledger/ledger-keys.ts";
import { readEnvironmentKeys } from "./environment-keys.ts";
import { CommandError, readNamedFile, readWords, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

const HTTPS_PATTERN = /^https?:\/\/[^/]+\/([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/;

/**
 * `enki ledger key`: prints the public keys of the ledger and of the proofs.
 * `enki ledger sign <address> [<commit>]`: a person with the key vouches for an unsigned ledger. Without the commit, shows the commit to
 * sign, so that nobody signs an unnamed state.
 */
export const runLedgerCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const [action, url = "", commit] = readWords(args, 3);
  if (action === "key") return printKeys(terminal);
  const [, repository] = HTTPS_PATTERN.exec(url) ?? [];
  if (action !== "sign" || repository === undefined)
    throw new UsageError("say what to do: enki ledger key, or enki ledger sign https://<host>/<owner>/<name> [<commit>]");
  const keys = await readLedgerKeyring(terminal);
  const directory = await mkdtemp(join(terminal.temporary, "enki-ledger-"));
  try {
    const clone = await openClone({
      url,
      directory: join(directory, "clone.git"),
      token: () => Promise.resolve(terminal.env["GITHUB_TOKEN"]),
      identity: NOBODY,
      after: terminal.after,
    });
    await clone.fetch();
    const tip = (await clone.refs())[LEDGER_REF];
    if (tip === undefined) throw new CommandError(`${url} has no ledger`);
    if (commit !== tip) return await showTip(terminal, { clone, url, tip });
    await signTips(clone, { keys, repository }, terminal.now());
    terminal.out(`The ledger of ${repository} is signed with ${keys.publicKeys[0] ?? ""}\n`);
    return 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const printKeys = async (terminal: TerminalHost): Promise<number> => {
  for (const key of (await readLedgerKeyring(terminal)).publicKeys) terminal.out(`${key}\n`);
  return 0;
};

const readLedgerKeyring = async (terminal: TerminalHost): Promise<LedgerKeys> => {
  const { env } = terminal;
  const own = readEnvironmentKeys(env).ledgerKeys;
  if (own) return own;
  const path = env["PRIVATE_KEY_PATH"];
  const appKey = env["PRIVATE_KEY"] ?? (path === undefined ? undefined : await readNamedFile(terminal, path));
  if (appKey === undefined) throw new UsageError("set the key in ENKI_LEDGER_KEY, PRIVATE_KEY or PRIVATE_KEY_PATH in the environment");
  return deriveLedgerKeys(appKey);
};

const showTip = async (terminal: TerminalHost, { clone, url, tip }: { clone: RepositoryClone; url: string; tip: Sha }): Promise<number> => {
  const files = await clone.readFiles(tip, (path) => path.endsWith("/state.json"));
  terminal.out(`The ledger is at ${tip}, with ${files.size} executions:\n`);
  for (const [path, text] of files) terminal.out(`  ${path}: ${text.length} bytes\n`);
  terminal.out(`Look at it with git show, then sign exactly this state:\n  enki ledger sign ${url} ${tip}\n`);
  return 1;
};

/** Signs the ledger, the archive and the proofs as they are, in one push. */
const signTips = async (clone: RepositoryClone, seal: LedgerSeal, now: number): Promise<void> => {
  const refs = await clone.refs();
  const sign = async (ref: RefName): Promise<{ ref: RefName; oldSha: Sha; newSha: Sha }[]> => {
    const tip = refs[ref];
    if (tip === undefined) return [];
    const tree = await clone.writeFiles(tip, new Map([[INPUTS_FILE, null]]));
    const message = formatAdoptionMessage("Sign the state that a person looked at");
    return [{ ref, oldSha: tip, newSha: await writeSealedCommit(clone, seal, { ref, tree, parents: [tip], message, at: now }) }];
  };
  const end = await clone.push([...(await sign(LEDGER_REF)), ...(await sign(ARCHIVE_REF)), ...(await sign(PROOFS_REF))]);
  if (end.kind !== "pushed") throw new CommandError(`the ledger was not signed: ${end.kind}: ${"text" in end ? end.text : ""}`);
};
