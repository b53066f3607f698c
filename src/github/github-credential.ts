import type { GitHubRequester } from "./open-octokit.ts";

/** Access to GitHub as an App, a job or a person: requests, and the token for git. */
export type GitHubCredential = { readonly octokit: GitHubRequester; readonly token: () => Promise<string> };
