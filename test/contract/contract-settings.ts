import { readFileSync } from "node:fs";

/** A token, or an App whose installation makes tokens. */
type BotAccess = { readonly token: string } | { readonly app: number; readonly privateKey: string };

export type ContractSettings = {
  readonly apiUrl: string;
  readonly serverUrl: string;
  readonly owner: string;
  readonly repo: string;
  /** A person's. */
  readonly token: string;
  readonly bot: BotAccess | null;
  readonly readToken: string | null;
  /** Whether the person named the repository a second time, because it may hold work. */
  readonly anyRepository: boolean;
};

/** Why the contract does not run: one sentence for the person. */
export class ContractRefusal extends Error {}

const USAGE = `npm run contract needs a token and a repository in the environment:

  GH_TOKEN=$(gh auth token) ENKI_CONTRACT_REPOSITORY=<owner>/<name> npm run contract

CONTRIBUTING.md lists all variables.`;

type Environment = Readonly<Record<string, string | undefined>>;

const readBot = (env: Environment): BotAccess | null => {
  const { ENKI_CONTRACT_BOT_TOKEN: token = "", APP_ID = "", PRIVATE_KEY_PATH = "" } = env;
  if (token !== "") return { token };
  if (APP_ID === "" || PRIVATE_KEY_PATH === "") return null;
  return { app: Number(APP_ID), privateKey: readFileSync(PRIVATE_KEY_PATH, "utf8") };
};

/** Reads what a person set; throws a refusal. */
export const readContractSettings = (env: Environment): ContractSettings => {
  const { GH_TOKEN, GITHUB_TOKEN, ENKI_CONTRACT_REPOSITORY: named = "", ENKI_CONTRACT_READ_TOKEN: readToken = "" } = env;
  const token = GH_TOKEN ?? GITHUB_TOKEN ?? "";
  const [, owner, repo] = /^([\w.-]+)\/([\w.-]+)$/.exec(named) ?? [];
  if (token === "" || owner === undefined || repo === undefined) throw new ContractRefusal(USAGE);
  return {
    apiUrl: env["GITHUB_API_URL"] ?? "https://api.github.com",
    serverUrl: env["GITHUB_SERVER_URL"] ?? "https://github.com",
    owner,
    repo,
    token,
    bot: readBot(env),
    readToken: readToken === "" ? null : readToken,
    anyRepository: env["ENKI_CONTRACT_ANY_REPOSITORY"] === named,
  };
};

/** Whether a server is on this machine, and counts no requests. */
export const isOnLoopback = ({ apiUrl }: ContractSettings): boolean => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(new URL(apiUrl).hostname);
