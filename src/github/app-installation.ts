import type { Millis } from "../core/domain/ids.ts";
import type { GitHubRequester } from "./open-octokit.ts";
import { z } from "zod";
import { MINUTE_MS } from "../core/domain/durations.ts";
import type { GitHubCredential } from "./github-credential.ts";

export type AppRequesters = {
  /** Authenticates as the App. */
  readonly asApp: GitHubRequester;
  /** Sends without authentication. */
  readonly anonymous: GitHubRequester;
  readonly now: () => Millis;
};

const accessTokenSchema = z.object({ token: z.string(), expires_at: z.string() });
const installationIdSchema = z.object({ id: z.number() });
/** Tokens are renewed this long before they expire. */
const TOKEN_RENEWAL_MS = 5 * MINUTE_MS;

const isUnauthorized = (error: unknown): boolean => error instanceof Error && "status" in error && error.status === 401;

/** Opens an installation of an App. REST and git share one token, requested on first use and renewed before it expires. */
export const openInstallation = ({ asApp, anonymous, now }: AppRequesters, installation: number): GitHubCredential => {
  let known = { token: "", expires: 0 };
  const token = async (): Promise<string> => {
    if (known.expires - TOKEN_RENEWAL_MS < now()) {
      const { data } = await asApp.request("POST /app/installations/{installation_id}/access_tokens", { installation_id: installation });
      const { token: value, expires_at } = accessTokenSchema.parse(data);
      known = { token: value, expires: Date.parse(expires_at) };
    }
    return known.token;
  };
  const request: GitHubRequester["request"] = async (route, parameters = {}) => {
    const value = await token();
    const headers = { ...(parameters["headers"] as object | undefined), authorization: `token ${value}` };
    try {
      return await anonymous.request(route, { ...parameters, headers });
    } catch (error) {
      // By GitHub's clock, the token can expire before this machine's clock says so.
      if (isUnauthorized(error) && known.token === value) known = { token: "", expires: 0 };
      throw error;
    }
  };
  // Exposes the API's address, from which the GraphQL address follows.
  return { token, octokit: { request: Object.assign(request, { endpoint: anonymous.request.endpoint }) } };
};

/** Finds the installation of a repository by full name; null if the App is not installed. */
export const findInstallation = async ({ asApp }: AppRequesters, repository: string): Promise<number | null> => {
  const [owner = "", repo = ""] = repository.split("/");
  const answer = await asApp.request("GET /repos/{owner}/{repo}/installation", { owner, repo }).catch(() => null);
  const read = installationIdSchema.safeParse(answer?.data);
  return read.success ? read.data.id : null;
};

const MAX_PER_PAGE = 100;
const installationListSchema = z.array(installationIdSchema.extend({ suspended_at: z.string().nullish() }));
const repositorySchema = z.object({
  id: z.number().optional(),
  full_name: z.string(),
  archived: z.boolean().optional(),
  disabled: z.boolean().optional(),
});
const installedSchema = z.object({ repositories: z.array(repositorySchema) });

export type InstalledRepository = {
  readonly repository: string;
  readonly installation: number;
  /** GitHub's number of the repository, if known. */
  readonly id?: number | undefined;
};

/**
 * Lists the repositories in which the App is installed, page by page, without those that nobody may write to. The failure of one installation
 * is reported and does not hide the others; rejects if GitHub does not list the installations.
 */
export async function* listInstalledRepositories(
  requesters: AppRequesters,
  reportFault: (installation: number, error: unknown) => void,
): AsyncGenerator<InstalledRepository, void> {
  const installations = readPages(async (page) => {
    const { data } = await requesters.asApp.request("GET /app/installations", { per_page: MAX_PER_PAGE, page });
    return installationListSchema.parse(data);
  });
  for await (const { id, suspended_at } of installations) {
    if (typeof suspended_at === "string") continue;
    try {
      yield* listRepositories(requesters, id);
    } catch (error) {
      reportFault(id, error);
    }
  }
}

async function* listRepositories(requesters: AppRequesters, installation: number): AsyncGenerator<InstalledRepository, void> {
  const { octokit } = openInstallation(requesters, installation);
  const repositories = readPages(async (page) => {
    const { data } = await octokit.request("GET /installation/repositories", { per_page: MAX_PER_PAGE, page });
    return installedSchema.parse(data).repositories;
  });
  for await (const { id, full_name: repository, archived, disabled } of repositories)
    if (archived !== true && disabled !== true) yield { repository, installation, ...(id !== undefined && { id }) };
}

async function* readPages<T>(read: (page: number) => Promise<readonly T[]>): AsyncGenerator<T, void> {
  for (let page = 1; ; page += 1) {
    const items = await read(page);
    yield* items;
    if (items.length < MAX_PER_PAGE) return;
  }
}
