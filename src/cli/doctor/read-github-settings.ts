import { z } from "zod";
import { deriveApiUrl, type RemoteAddress } from "../../core/setup/remote-address.ts";
import type { GitHubSettings } from "../../core/setup/doctor/doctor-facts.ts";
import type { SettingsRequest } from "../../core/setup/doctor/finding.ts";
import type { EnvironmentRules } from "../../core/setup/environment-rules.ts";
import { connectGitHub } from "../../github/connect-github.ts";
import type { TerminalHost } from "../terminal-host.ts";

const repositorySchema = z.object({
  private: z.boolean(),
  size: z.number().default(0),
  permissions: z.object({ push: z.boolean() }).optional(),
});
const actionsSchema = z.object({ enabled: z.boolean(), allowed_actions: z.enum(["all", "local_only", "selected"]).optional() });
const workflowSchema = z.object({ can_approve_pull_request_reviews: z.boolean() });
const environmentSchema = z.object({ deployment_branch_policy: z.object({ protected_branches: z.boolean().optional() }).nullable() });
const rulesSchema = z.object({ branch_policies: z.array(z.object({ name: z.string(), type: z.enum(["branch", "tag"]).optional() })) });
const secretsSchema = z.object({ secrets: z.array(z.object({ name: z.string() })) });

/** A client of GitHub's API for one repository, with the person's token. */
export type SettingsClient = {
  /** Null if the token may not read the path; `missing` without such a path. */
  readonly get: (path: string) => Promise<unknown>;
  /** Returns whether GitHub made the change. */
  readonly change: (request: SettingsRequest) => Promise<boolean>;
  readonly token: string;
  readonly apiUrl: string;
};

const MISSING = Symbol("missing");

/** Opens the client; null without a token in GH_TOKEN or GITHUB_TOKEN. */
export const openSettingsClient = ({ env }: TerminalHost, remote: RemoteAddress): SettingsClient | null => {
  const token = env["GH_TOKEN"] ?? env["GITHUB_TOKEN"] ?? "";
  if (token === "") return null;
  const apiUrl = env["GITHUB_API_URL"] ?? deriveApiUrl(remote);
  const send = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${apiUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, accept: "application/vnd.github+json", "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  return {
    token,
    apiUrl,
    get: async (path) => {
      const answer = await send("GET", path);
      if (answer.status === 404) return MISSING;
      return answer.ok ? answer.json() : null;
    },
    change: async ({ method, path, body }) => (await send(method, path, body)).ok,
  };
};

const parseAnswer = <T>(schema: z.ZodType<T>, answer: unknown): T | null => {
  const parsed = schema.safeParse(answer);
  return parsed.success ? parsed.data : null;
};

/** The secrets of which one is enough for an agent's key. */
const KEY_SECRET_NAMES = ["ENKI_MODEL_KEY", "ENKI_AGENT_ENV"];
/** The App's key also signs the ledger. */
const LEDGER_SECRET_NAMES = ["ENKI_LEDGER_KEY", "ENKI_APP_KEY"];

/** Reads the settings that matter to Enki; or why they cannot be read. */
export const readGitHubSettings = async (
  client: SettingsClient,
  { remote, base, now }: { readonly remote: RemoteAddress; readonly base: string; readonly now: () => number },
): Promise<GitHubSettings | string> => {
  const path = `/repos/${remote.owner}/${remote.name}`;
  const answer = await client.get(path).catch((error: unknown) => String(error));
  const repository = parseAnswer(repositorySchema, answer);
  if (!repository)
    return answer === MISSING ? `the token sees no repository ${remote.owner}/${remote.name}` : `GitHub did not answer GET ${path}`;
  const github = connectGitHub({ auth: client.token, baseUrl: client.apiUrl, owner: remote.owner, repo: remote.name, clock: now });
  const [rules, methods] = [await github.checks.rules(base), await github.checks.mergeMethods()];
  return {
    isPrivate: repository.private,
    sizeKb: repository.size,
    canPush: repository.permissions?.push ?? true,
    rules: rules.ok ? rules.value : null,
    mergeMethods: methods.ok ? methods.value : null,
    ...(await readActionsSettings(client, path)),
    ...(await readSecrets(client, path)),
  };
};

type ActionsSettings = Pick<GitHubSettings, "isActionsEnabled" | "allowedActions" | "mayOpenPulls">;

const readActionsSettings = async (client: SettingsClient, path: string): Promise<ActionsSettings> => {
  const actions = parseAnswer(actionsSchema, await client.get(`${path}/actions/permissions`));
  const workflow = parseAnswer(workflowSchema, await client.get(`${path}/actions/permissions/workflow`));
  return {
    isActionsEnabled: actions?.enabled ?? null,
    allowedActions: actions?.allowed_actions ?? null,
    mayOpenPulls: workflow?.can_approve_pull_request_reviews ?? null,
  };
};

type SecretSettings = Pick<
  GitHubSettings,
  | "hasEnvironment"
  | "isEnvironmentOpen"
  | "environmentRules"
  | "hasEnvironmentSecret"
  | "hasRepositorySecret"
  | "hasLedgerSecret"
  | "hasApp"
>;

type BranchPolicy = { readonly protected_branches?: boolean | undefined };

/** Which branches and tags receive the secrets of the environment; null if GitHub does not show it. */
const readRules = async (client: SettingsClient, path: string, policy: BranchPolicy): Promise<EnvironmentRules | null> => {
  if (policy.protected_branches === true) return "protected";
  const listed = await client.get(`${path}/environments/enki/deployment-branch-policies?per_page=100`);
  return parseAnswer(rulesSchema, listed)?.branch_policies ?? null;
};

/** Whether a variable names the App; null if the token may not read the variables. Asked by name: a page lists ten variables. */
const holdsAppId = async (client: SettingsClient, path: string): Promise<boolean | null> => {
  const places = [`${path}/environments/enki/variables`, `${path}/actions/variables`];
  const read = await Promise.all(places.map((place) => client.get(`${place}/ENKI_APP_ID`)));
  if (read.some((found) => found !== null && found !== MISSING)) return true;
  return read.at(-1) === null ? null : false;
};

const readSecrets = async (client: SettingsClient, path: string): Promise<SecretSettings> => {
  const environment = await client.get(`${path}/environments/enki`);
  const policy = parseAnswer(environmentSchema, environment);
  const ofEnvironment = parseAnswer(secretsSchema, await client.get(`${path}/environments/enki/secrets?per_page=100`));
  const ofRepository = parseAnswer(secretsSchema, await client.get(`${path}/actions/secrets?per_page=100`));
  const holds = (read: typeof ofEnvironment, names: readonly string[]): boolean | null =>
    read === null ? null : read.secrets.some(({ name }) => names.includes(name));
  const signs = [ofEnvironment, ofRepository].map((read) => holds(read, LEDGER_SECRET_NAMES));
  const keys = [ofEnvironment, ofRepository].map((read) => holds(read, ["ENKI_APP_KEY"]));
  return {
    hasEnvironment: environment === null ? null : environment !== MISSING,
    isEnvironmentOpen: policy && policy.deployment_branch_policy === null,
    environmentRules: policy?.deployment_branch_policy ? await readRules(client, path, policy.deployment_branch_policy) : null,
    hasEnvironmentSecret: holds(ofEnvironment, KEY_SECRET_NAMES),
    hasRepositorySecret: holds(ofRepository, KEY_SECRET_NAMES),
    hasLedgerSecret: signs.includes(true) ? true : ofRepository === null ? null : false,
    hasApp: keys.includes(true) && (await holdsAppId(client, path)),
  };
};
