import type { Millis } from "./ids.ts";

/** A token of a person who reads the App's pages. Only the memory of the server holds it. */
export type ViewerToken = { readonly value: string; readonly expires: Millis | null };

/** A repository that a viewer may read, by its present full name. */
export type ViewedRepository = { readonly id: number; readonly name: string; readonly defaultBranch: string };

/** `hidden`: GitHub shows no such repository. `ended`: the token is not valid. `unavailable`: GitHub did not decide. */
type ViewerFailure = "hidden" | "ended" | "unavailable";
export type ViewerReply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: ViewerFailure };

export type NamedRepository = Pick<ViewedRepository, "id" | "name">;
export type ViewerRepositories = { readonly repositories: readonly NamedRepository[]; readonly isComplete: boolean };

/** What GitHub shows to a viewer. */
export type ViewerPort = {
  readonly readLogin: (token: ViewerToken) => Promise<ViewerReply<string>>;
  readonly readRepository: (token: ViewerToken, name: string) => Promise<ViewerReply<ViewedRepository>>;
  /** Lists the repositories in which the App is installed and that the viewer may read. */
  readonly listRepositories: (token: ViewerToken) => Promise<ViewerReply<ViewerRepositories>>;
};

export type LoginFields = { readonly state: string; readonly challenge: string; readonly redirectUri: string };
export type CodeFields = { readonly code: string; readonly verifier: string; readonly redirectUri: string };
export type TokenReply = { readonly ok: true; readonly value: ViewerToken } | { readonly ok: false; readonly reason: string };

/** How a viewer authorizes the App on GitHub. */
export type LoginPort = {
  /** The page of GitHub on which the viewer authorizes the App. */
  readonly toAddress: (fields: LoginFields) => string;
  /** Exchanges a code for a token. GitHub accepts each code once. */
  readonly exchange: (fields: CodeFields) => Promise<TokenReply>;
};
