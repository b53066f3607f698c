import { Octokit } from "@octokit/rest";

/** The part of Octokit that we use: accepts Octokit, Probot's Octokit, or any object with the same `request`. */
export type GitHubRequester = {
  request: {
    (route: string, parameters?: Record<string, unknown>): Promise<GitHubAnswer>;
    /** API address, if the requester exposes one. */
    readonly endpoint?: { readonly DEFAULTS?: { readonly baseUrl?: unknown } };
  };
};
export type GitHubAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
};

const ignoreLog = (): void => undefined;

/** Opens an Octokit, without authentication for null, that sends each request once and never logs: refusals are values, and "not modified" is an answer. */
export const openOctokit = (auth: string | null, baseUrl?: string): GitHubRequester =>
  new Octokit({
    userAgent: "enki",
    log: { debug: ignoreLog, info: ignoreLog, warn: ignoreLog, error: ignoreLog },
    ...(auth === null ? {} : { auth }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
