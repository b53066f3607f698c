/** A page without data of a repository: what happened, and what to do next. */
export type ViewerNote = { readonly title: string; readonly text: string };

export const LOGIN_NOTE: ViewerNote = {
  title: "Log in to read",
  text: "Log in with GitHub to see the repositories that you may read there.",
};

export const LOGIN_EXPIRED: ViewerNote = {
  title: "This login is no longer valid",
  text: "It ended, or another window started a newer one. Log in again.",
};

export const LOGIN_DENIED: ViewerNote = {
  title: "GitHub did not authorize the login",
  text: "You or GitHub cancelled it. Log in again if you want to read these pages.",
};

/** The address is not among those of the App. */
export const explainUnknownCallback = (address: string): ViewerNote => ({
  title: "GitHub does not know this address",
  text: `The owner of the App must add the callback URL ${address} in the settings of the App on GitHub.`,
});

export const explainFailedLogin = (reason: string): ViewerNote => ({
  title: "The login failed",
  text: `GitHub did not return a token: ${reason}. Log in again.`,
});

export const GITHUB_UNAVAILABLE: ViewerNote = {
  title: "GitHub does not answer",
  text: "Enki asks GitHub what you may read, and got no answer: your rate limit is used up, or GitHub cannot be reached. Reload this page in a minute.",
};

export const LOGGED_OUT: ViewerNote = { title: "You are logged out", text: "This server has forgotten the token of your account." };

export const FOREIGN_FORM: ViewerNote = {
  title: "This form came from another site",
  text: "To log out, open a page of this server and log out there.",
};

export const BROKEN_PAGE: ViewerNote = {
  title: "This page cannot be shown",
  text: "The ledger has values that Enki never writes, or the server is cloning the repository again: reload this page in a minute.",
};

/** Lines for the log of `enki app`. */
export const PAGES_NEED_CLIENT =
  "Pages are off: set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET of the App, and add <address>/login/callback to its callback URLs on GitHub.";
export const PAGES_NEED_ADDRESS =
  "Pages are off: the webhook address of the App does not show the public address of this server. Set the address with --url, without a path.";
export const PAGES_NEED_HTTPS =
  "Pages are off: their public address must start with https://, because others on the network could read a login over http.";
