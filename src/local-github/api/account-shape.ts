import { apiUrl, type ApiJson, nodeId, formatTimestamp } from "./api-urls.ts";
import type { ForgeAccount, GitHubApp } from "./forge-actor.ts";
import type { ForgeState } from "./forge-state.ts";

const ACCOUNT_URL_PATHS: Readonly<Record<string, string>> = {
  followers_url: "followers",
  following_url: "following{/other_user}",
  gists_url: "gists{/gist_id}",
  starred_url: "starred{/owner}{/repo}",
  subscriptions_url: "subscriptions",
  organizations_url: "orgs",
  repos_url: "repos",
  events_url: "events{/privacy}",
  received_events_url: "received_events",
};

export const accountShape = (forge: ForgeState, { id, login, type }: ForgeAccount): ApiJson => {
  const url = `${apiUrl(forge)}/users/${encodeURIComponent(login)}`;
  return {
    login,
    id,
    node_id: nodeId("User", id),
    avatar_url: `${forge.url}/avatars/${id}`,
    gravatar_id: "",
    url,
    html_url: `${forge.url}/${type === "Bot" ? `apps/${login.replace("[bot]", "")}` : login}`,
    ...Object.fromEntries(Object.entries(ACCOUNT_URL_PATHS).map(([key, part]) => [key, `${url}/${part}`])),
    type,
    site_admin: false,
  };
};

/** An account with its public profile. */
export const profileShape = (forge: ForgeState, account: ForgeAccount): ApiJson => ({
  ...accountShape(forge, account),
  ...Object.fromEntries(["name", "company", "location", "email", "hireable", "bio"].map((key) => [key, null])),
  blog: "",
  ...Object.fromEntries(["public_repos", "public_gists", "followers", "following"].map((key) => [key, 0])),
  created_at: formatTimestamp(forge.startedAt),
  updated_at: formatTimestamp(forge.startedAt),
});

export const appShape = (forge: ForgeState, app: Pick<GitHubApp, "id" | "slug" | "account" | "permissions" | "events">): ApiJson => ({
  id: app.id,
  slug: app.slug,
  node_id: nodeId("App", app.id),
  owner: accountShape(forge, app.account),
  name: app.slug,
  description: "",
  external_url: `${forge.url}/apps/${app.slug}`,
  html_url: `${forge.url}/apps/${app.slug}`,
  created_at: formatTimestamp(forge.startedAt),
  updated_at: formatTimestamp(forge.startedAt),
  permissions: app.permissions,
  events: app.events ?? [],
});

/** The number of the App "GitHub Actions" on github.com. */
export const ACTIONS_APP_ID = 15_368;

/** The App behind a bot account: an App of this forge, or GitHub Actions. */
export const appOfBot = (forge: ForgeState, bot: ForgeAccount): ApiJson =>
  appShape(
    forge,
    forge.apps.find(({ account }) => account === bot) ?? {
      id: ACTIONS_APP_ID,
      slug: bot.login.replace("[bot]", ""),
      account: bot,
      permissions: {},
      events: null,
    },
  );
