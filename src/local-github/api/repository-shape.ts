import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, pageUrl, repositoryUrl, formatTimestamp } from "./api-urls.ts";
import { type ForgeState } from "./forge-state.ts";
import { repositoryFullName, type ForgeRepository } from "./forge-repository.ts";

const REPOSITORY_URL_PATHS: Readonly<Record<string, string>> = {
  archive_url: "{archive_format}{/ref}",
  assignees_url: "assignees{/user}",
  blobs_url: "git/blobs{/sha}",
  branches_url: "branches{/branch}",
  collaborators_url: "collaborators{/collaborator}",
  comments_url: "comments{/number}",
  commits_url: "commits{/sha}",
  compare_url: "compare/{base}...{head}",
  contents_url: "contents/{+path}",
  contributors_url: "contributors",
  deployments_url: "deployments",
  downloads_url: "downloads",
  events_url: "events",
  forks_url: "forks",
  git_commits_url: "git/commits{/sha}",
  git_refs_url: "git/refs{/sha}",
  git_tags_url: "git/tags{/sha}",
  hooks_url: "hooks",
  issue_comment_url: "issues/comments{/number}",
  issue_events_url: "issues/events{/number}",
  issues_url: "issues{/number}",
  keys_url: "keys{/key_id}",
  labels_url: "labels{/name}",
  languages_url: "languages",
  merges_url: "merges",
  milestones_url: "milestones{/number}",
  notifications_url: "notifications{?since,all,participating}",
  pulls_url: "pulls{/number}",
  releases_url: "releases{/id}",
  stargazers_url: "stargazers",
  statuses_url: "statuses/{sha}",
  subscribers_url: "subscribers",
  subscription_url: "subscription",
  tags_url: "tags",
  teams_url: "teams",
  trees_url: "git/trees{/sha}",
};

/** A repository as runs and statuses show it. */
export const minimalRepositoryShape = (forge: ForgeState, repository: ForgeRepository): ApiJson => {
  const url = repositoryUrl(forge, repository);
  return {
    id: repository.id,
    node_id: nodeId("Repository", repository.id),
    name: repository.name,
    full_name: repositoryFullName(repository),
    owner: accountShape(forge, repository.owner),
    private: repository.private,
    html_url: pageUrl(forge, repository),
    description: null,
    fork: false,
    url,
    ...Object.fromEntries(Object.entries(REPOSITORY_URL_PATHS).map(([key, part]) => [key, `${url}/${part}`])),
  };
};

const ZERO_FIELDS = ["forks", "forks_count", "stargazers_count", "watchers", "watchers_count", "size"];

export const restRepositoryShape = (forge: ForgeState, repository: ForgeRepository): ApiJson => {
  const page = pageUrl(forge, repository);
  const open = [...repository.issues.values()].filter(({ state }) => state === "open").length;
  return {
    ...minimalRepositoryShape(forge, repository),
    visibility: repository.private ? "private" : "public",
    clone_url: `${page}.git`,
    git_url: `${page.replace(/^\w+:/, "git:")}.git`,
    ssh_url: `ssh://git@${page.replace(/^\w+:\/\//, "")}.git`,
    svn_url: page,
    ...Object.fromEntries(["mirror_url", "homepage", "language", "license"].map((key) => [key, null])),
    ...Object.fromEntries(ZERO_FIELDS.map((key) => [key, 0])),
    default_branch: repository.defaultBranch,
    open_issues: open,
    open_issues_count: open,
    topics: [],
    has_issues: true,
    ...Object.fromEntries(["projects", "wiki", "pages", "downloads", "discussions"].map((name) => [`has_${name}`, false])),
    ...Object.fromEntries(["is_template", "archived", "disabled", "web_commit_signoff_required"].map((key) => [key, false])),
    allow_forking: false,
    created_at: formatTimestamp(repository.created),
    updated_at: formatTimestamp(repository.created),
    pushed_at: formatTimestamp(repository.pushedAt),
  };
};

/** A repository as webhooks show it. */
export const repositoryEventShape = (forge: ForgeState, repository: ForgeRepository): ApiJson => ({
  ...restRepositoryShape(forge, repository),
  custom_properties: {},
});

/** A repository with all fields. Only writers see the merge settings. */
export const fullRepositoryShape = (forge: ForgeState, repository: ForgeRepository, canWrite: boolean): ApiJson => ({
  ...repositoryEventShape(forge, repository),
  ...(canWrite && repository.mergeSettings),
  subscribers_count: 0,
  network_count: 0,
});
