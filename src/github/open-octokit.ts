import { Octokit } from "@octokit/rest";

/** What we need of an Octokit: its own, Probot's, or any object that sends like one. */
export type GitHubRequester = {
  request: {
    (route: string, parameters?: Record<string, unknown>): Promise<GitHubAnswer>;
    /** Where it sends to, where it tells that. */
    readonly endpoint?: { readonly DEFAULTS?: { readonly baseUrl?: unknown } };
  };
};
export type GitHubAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  readonly data: unknown;
};

const ignoreLog = (): void => undefined;

/** An Octokit that sends each request once and writes nothing to the console: refusals are values, "not modified" is an answer. */
export const openOctokit = (auth: string, baseUrl?: string): GitHubRequester =>
  new Octokit({
    auth,
    userAgent: "enki",
    log: { debug: ignoreLog, info: ignoreLog, warn: ignoreLog, error: ignoreLog },
    ...(baseUrl === undefined ? {} : { baseUrl }),
  });
