import { randomBytes } from "node:crypto";
import { z } from "zod";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { formatLedgerKeyCommand, listSetKeyArguments, type SecretPlace } from "../../core/setup/ledger-key-command.ts";
import type { RemoteAddress } from "../../core/setup/remote-address.ts";
import { admitsBranch, describeOtherReaders, type EnvironmentRules, explainOtherReaders } from "../../core/setup/environment-rules.ts";
import { restrictEnvironment } from "../../core/setup/restrict-environment.ts";
import { createSshKey, formatPublicKey } from "../../storage/git/ssh-key.ts";
import type { TerminalHost } from "../terminal-host.ts";
import { runOwnGit } from "./own-git.ts";
import type { OwnRepository } from "./read-repository-facts.ts";
import { runGh } from "./run-gh.ts";
import { parseJson } from "../../core/domain/parse-json.ts";

export type LedgerKeyRequest = {
  readonly own: OwnRepository;
  readonly usesApp: boolean;
  readonly usesEnvironment: boolean;
  /** Whether an option asks for the key. */
  readonly isWanted: boolean;
  /** Whether nothing may change. */
  readonly isDryRun: boolean;
  /** Asks a person; null if no one can answer. */
  readonly confirm: ((question: string) => Promise<boolean>) | null;
};

type KeyPlace = SecretPlace & { readonly remote: RemoteAddress; readonly branch: string; readonly directory: string };

/** The names of secrets with which Enki's jobs sign the ledger already. */
const SIGNING_SECRETS = /^(?:ENKI_LEDGER_KEY|ENKI_APP_KEY)\b/m;

const QUESTION =
  "Create a key with which Enki's jobs sign the ledger, and store it as the secret ENKI_LEDGER_KEY? Nobody, not even you, can read it back.";

/**
 * Creates the key that signs the ledger, and hands it to `gh` as a secret, if an option or a person wants it. Never prints or writes the
 * key. Returns the exit code: 1 if the key is wanted and was not stored.
 */
export const storeLedgerKey = async (terminal: TerminalHost, request: LedgerKeyRequest): Promise<number> => {
  const { usesApp, isWanted, isDryRun, confirm } = request;
  if (isDryRun || (!isWanted && (usesApp || confirm === null))) return 0;
  if (usesApp) {
    terminal.out("No key was created: the App signs the ledger with a key of its own.\n");
    return 0;
  }
  const place = findKeyPlace(request);
  if (place === null) return isWanted ? reportFault(terminal, { reason: "the remote origin is not a repository on GitHub" }) : 0;
  const fault = await offerKey(terminal, place, request);
  return fault === null ? 0 : reportFault(terminal, fault);
};

/** Why the key was not stored, and the line with which a person can store one. */
type KeyFault = { readonly reason: string; readonly line?: string };

const reportFault = (terminal: TerminalHost, { reason, line }: KeyFault): number => {
  terminal.err(`The ledger's key was not stored: ${reason}.\n${line === undefined ? "" : `To store one yourself:\n  ${line}\n`}`);
  return 1;
};

const findKeyPlace = ({ own, usesEnvironment }: LedgerKeyRequest): KeyPlace | null => {
  const { remote, directory, defaultBranch } = own;
  if (remote === null) return null;
  const slug = `${remote.host === "github.com" ? "" : `${remote.host}/`}${remote.owner}/${remote.name}`;
  return { slug, usesEnvironment, remote, branch: defaultBranch ?? "main", directory };
};

const offerKey = async (terminal: TerminalHost, place: KeyPlace, { isWanted, confirm }: LedgerKeyRequest): Promise<KeyFault | null> => {
  const { host } = place.remote;
  const login = await runGh(terminal, ["auth", "token", "--hostname", host]);
  if (!login.isDone) return isWanted ? { reason: `gh is missing, or not signed in to ${host}`, line: formatLedgerKeyCommand(place) } : null;
  if ((await hasSigningSecret(terminal, place)) === true) {
    if (isWanted) terminal.out("A secret that signs the ledger exists already; it was not changed.\n");
    return null;
  }
  return isWanted || (await confirm?.(QUESTION)) ? storeNewKey(terminal, place) : null;
};

/** Whether a secret signs the ledger; null if the secrets cannot be listed. */
const hasSigningSecret = async (terminal: TerminalHost, { slug, usesEnvironment }: SecretPlace): Promise<boolean | null> => {
  const places = [["--repo", slug], ...(usesEnvironment ? [["--repo", slug, "--env", "enki"]] : [])];
  const listed = [];
  for (const place of places) listed.push(await runGh(terminal, ["secret", "list", ...place]));
  if (listed.some(({ stdout }) => SIGNING_SECRETS.test(stdout))) return true;
  return listed.every(({ isDone }) => isDone) ? false : null;
};

const storeNewKey = async (terminal: TerminalHost, place: KeyPlace): Promise<KeyFault | null> => {
  const { remote, directory } = place;
  const address = `${remote.owner}/${remote.name}`;
  const ledger = await runOwnGit(terminal, { directory, args: ["ls-remote", "origin", LEDGER_REF] }).catch(String);
  if (ledger.endsWith(LEDGER_REF)) {
    const line = formatLedgerKeyCommand(place, { url: `https://${remote.host}/${address}` });
    return { reason: "the ledger exists already, so a person with the key must sign it once", line };
  }
  const line = formatLedgerKeyCommand(place);
  if (ledger !== "") return { reason: ledger, line };
  const fault = place.usesEnvironment ? await closeEnvironment(terminal, place) : null;
  if (fault !== null) return { reason: fault, line };
  if ((await hasSigningSecret(terminal, place)) !== false)
    return { reason: "gh cannot list the secrets, so Enki cannot tell whether a key exists already, and stores none" };
  const key = createSshKey(randomBytes(32));
  const pem = key.secret?.export({ format: "pem", type: "pkcs8" }).toString() ?? "";
  const stored = await runGh(terminal, listSetKeyArguments(place), pem);
  if (!stored.isDone) return { reason: stored.stderr, line };
  terminal.out(`The secret ENKI_LEDGER_KEY of ${address} signs the ledger. Its public key: ${formatPublicKey(key)}\n`);
  return null;
};

const policySchema = z.object({ protected_branches: z.boolean() }).nullable();
const rulesSchema = z.array(z.object({ name: z.string(), type: z.enum(["branch", "tag"]).optional() }));

/** Leaves the environment `enki` to the default branch, as the line of `enki init` does, before it holds a key. Returns why it could not. */
const closeEnvironment = async (terminal: TerminalHost, { remote, branch }: KeyPlace): Promise<string | null> => {
  const [create, admit] = restrictEnvironment(`${remote.owner}/${remote.name}`, branch);
  const api = (path: string, ...args: string[]) => runGh(terminal, ["api", "--hostname", remote.host, path.slice(1), ...args]);
  const present = await api(create.path, "--jq", ".deployment_branch_policy");
  const policy = present.isDone ? parseOutput(policySchema, present.stdout) : null;
  const rules = policy === null ? [] : await readRules(policy, () => api(`${admit.path}?per_page=100`, "--jq", ".branch_policies"));
  if (rules === null) return "gh does not show which branches may read the secrets of the environment `enki`";
  const others = describeOtherReaders(rules, branch);
  if (others !== null) return `the environment \`enki\` shows its secrets to ${others}, so ${explainOtherReaders(branch)} first`;
  const missing = [...(policy === null ? [create] : []), ...(admitsBranch(rules, branch) ? [] : [admit])];
  for (const { method, path, body } of missing) {
    const args = ["api", "--hostname", remote.host, "--method", method, path.slice(1), "--input", "-", "--silent"];
    const made = await runGh(terminal, args, JSON.stringify(body));
    if (!made.isDone) return made.stderr;
  }
  return null;
};

const readRules = async (
  policy: { readonly protected_branches: boolean },
  list: () => ReturnType<typeof runGh>,
): Promise<EnvironmentRules | null> => {
  if (policy.protected_branches) return "protected";
  const listed = await list();
  return listed.isDone ? parseOutput(rulesSchema, listed.stdout) : null;
};

/** The parsed output; null for any other text. */
const parseOutput = <T>(schema: z.ZodType<T>, text: string): T | null => schema.safeParse(parseJson(text)).data ?? null;
