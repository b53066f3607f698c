/** The publisher of Enki and the published names. `npm run name` changes the names here and in every other file. */
export const PRODUCT = {
  owner: "enki-bot",
  repository: "enki",
  packageName: "@enki-bot/enki",
  version: "0.1.0",
} as const;

/** The action as a workflow file names it. */
export const ACTION_REFERENCE = `${PRODUCT.owner}/${PRODUCT.repository}@v${PRODUCT.version}`;

/** The author of commits without an account: the domain `invalid` belongs to nobody (RFC 2606). */
export const NOBODY = { name: "Enki", email: "enki@users.noreply.enki.invalid" } as const;

/** The account behind a job's token (docs.github.com, "GITHUB_TOKEN"). */
export const JOB_TOKEN_BOT = { login: "github-actions[bot]", id: 41_898_282 } as const;

type BotAccount = { readonly login: string; readonly id: number; readonly serverUrl: string };

/** The author that GitHub shows as the bot itself. Without the id, the address could belong to a person's account. */
export const toBotIdentity = ({ login, id, serverUrl }: BotAccount): { readonly name: string; readonly email: string } => ({
  name: login,
  email: `${id}+${login}@users.noreply.${new URL(serverUrl).hostname}`,
});
