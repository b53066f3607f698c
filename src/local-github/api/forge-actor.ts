export type PermissionLevel = "none" | "read" | "write";
/** What a token may do, by GitHub's names of permissions: `pull_requests`, `contents`, … */
export type TokenPermissions = Readonly<Record<string, PermissionLevel>>;
export type RepositoryRole = "admin" | "maintain" | "write" | "triage" | "read";
export type ForgeAccount = { readonly id: number; readonly login: string; readonly type: "User" | "Bot" };
/** Who asks. A user's rights come from the repository, a token may narrow them; those of an App and of a job come from the token. */
export type RequestActor =
  | { readonly kind: "user"; readonly account: ForgeAccount; readonly rights: TokenPermissions | null }
  | {
      readonly kind: "app";
      readonly account: ForgeAccount;
      readonly app: GitHubApp;
      readonly rights: TokenPermissions;
      readonly owner: string;
    }
  | { readonly kind: "job"; readonly account: ForgeAccount; readonly rights: TokenPermissions; readonly repository: string };
export type AccessToken = { readonly value: string; readonly actor: RequestActor; readonly expires: number | null };
export type GitHubApp = {
  readonly id: number;
  readonly slug: string;
  readonly account: ForgeAccount;
  readonly publicKey: string;
  webhookUrl: string | null;
  readonly secret: string;
  readonly rights: TokenPermissions;
  /** The events that it subscribes to; null for all. */
  readonly events: readonly string[] | null;
  /** Ids of installations by owner. */
  readonly installations: Map<string, number>;
};
