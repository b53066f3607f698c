export type PermissionLevel = "none" | "read" | "write";
/** GitHub's permission names with their levels: `pull_requests`, `contents`, … */
export type TokenPermissions = Readonly<Record<string, PermissionLevel>>;
export type RepositoryRole = "admin" | "maintain" | "write" | "triage" | "read";
export type ForgeAccount = { readonly id: number; readonly login: string; readonly type: "User" | "Bot" };
/**
 * The requester. The repository decides what a user may do, and a token may restrict it. Apps and jobs have
 * only the permissions of their token.
 */
export type RequestActor =
  | {
      readonly kind: "user";
      readonly account: ForgeAccount;
      readonly permissions: TokenPermissions | null;
      /** The App that the user authorized: the token reaches only what both the user and the App may reach. */
      readonly via?: GitHubApp;
    }
  | {
      readonly kind: "app";
      readonly account: ForgeAccount;
      readonly app: GitHubApp;
      readonly permissions: TokenPermissions;
      readonly owner: string;
    }
  | { readonly kind: "job"; readonly account: ForgeAccount; readonly permissions: TokenPermissions; readonly repository: string };
export type AccessToken = { readonly value: string; readonly actor: RequestActor; readonly expires: number | null };
export type GitHubApp = {
  readonly id: number;
  readonly slug: string;
  readonly account: ForgeAccount;
  readonly publicKey: string;
  webhookUrl: string | null;
  readonly secret: string;
  readonly permissions: TokenPermissions;
  /** Subscribed events; null for every event. */
  readonly events: readonly string[] | null;
  /** Signs users in; null for an App without these pages. */
  readonly client: AppClient | null;
  /** The owners with an installation; null for every owner. */
  readonly owners: readonly string[] | null;
  /** Installation ids by owner. */
  readonly installations: Map<string, number>;
};
/** How an App signs users in: its credentials, and the addresses to which the users may return. */
export type AppClient = { readonly id: string; readonly secret: string; readonly callbackUrls: string[] };
/** The keys of a new App; only its owner has them. */
export type CreatedApp = {
  readonly id: number;
  readonly login: string;
  readonly privateKeyPem: string;
  readonly secret: string;
  readonly client: AppClient;
};
