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
  | { readonly kind: "user"; readonly account: ForgeAccount; readonly permissions: TokenPermissions | null }
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
  /** Installation ids by owner. */
  readonly installations: Map<string, number>;
};
/** The keys of a new App; only its owner has them. */
export type CreatedApp = { readonly id: number; readonly login: string; readonly privateKeyPem: string; readonly secret: string };
