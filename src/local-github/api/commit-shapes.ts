import { accountShape, appOfBot } from "./account-shape.ts";
import { type ApiJson, nodeId, pageUrl, repositoryUrl, formatTimestamp, formatOptionalTimestamp } from "./api-urls.ts";
import type { CommitFacts, GitIdentity } from "./read-commit-object.ts";
import type { CheckRun, CommitStatus } from "./forge-run.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";

/** The account whose no-reply address signed a commit; null for other addresses, which the forge cannot attribute. */
const signerAccountShape = (forge: ForgeState, { email }: GitIdentity): ApiJson | null => {
  const login = /^(?:\d+\+)?(.+)@users\.noreply\.github\.com$/.exec(email)?.[1];
  const known = login === undefined ? undefined : forge.accounts.get(login.toLowerCase());
  return known ? accountShape(forge, known) : null;
};

export const restCommitShape = (forge: ForgeState, repository: ForgeRepository, commit: CommitFacts): ApiJson => {
  const { sha, author, committer } = commit;
  const api = repositoryUrl(forge, repository);
  const page = `${pageUrl(forge, repository)}/commit`;
  return {
    sha,
    node_id: nodeId("Commit", sha),
    url: `${api}/commits/${sha}`,
    html_url: `${page}/${sha}`,
    comments_url: `${api}/commits/${sha}/comments`,
    commit: {
      author,
      committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${sha}`,
      comment_count: 0,
    },
    author: signerAccountShape(forge, author),
    committer: signerAccountShape(forge, committer),
    parents: commit.parents.map((parent) => ({ sha: parent, url: `${api}/commits/${parent}`, html_url: `${page}/${parent}` })),
  };
};

const UNSIGNED_VERIFICATION = { verified: false, reason: "unsigned", signature: null, payload: null };

/** A commit as the status webhook shows it. */
export const statusCommitShape = (forge: ForgeState, repository: ForgeRepository, commit: CommitFacts): ApiJson => {
  const shape = restCommitShape(forge, repository, commit);
  return { ...shape, commit: { ...(shape["commit"] as ApiJson), verification: UNSIGNED_VERIFICATION } };
};

/** The head commit of a run. */
export const headCommitShape = ({ sha, tree, message, author, committer }: CommitFacts): ApiJson => ({
  id: sha,
  tree_id: tree,
  message,
  timestamp: committer.date,
  author: { name: author.name, email: author.email },
  committer: { name: committer.name, email: committer.email },
});

/** A status as the combined status shows it. */
export const simpleStatusShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { sha, status }: { sha: string; status: CommitStatus },
): ApiJson => {
  return {
    id: status.id,
    node_id: nodeId("StatusContext", status.id),
    state: status.state,
    context: status.context,
    description: status.description,
    target_url: status.url,
    avatar_url: `${forge.url}/avatars/${status.by.id}`,
    url: `${repositoryUrl(forge, repository)}/statuses/${sha}`,
    created_at: formatTimestamp(status.at),
    updated_at: formatTimestamp(status.at),
  };
};

export const statusShape = (forge: ForgeState, repository: ForgeRepository, input: { sha: string; status: CommitStatus }): ApiJson => ({
  ...simpleStatusShape(forge, repository, input),
  creator: accountShape(forge, input.status.by),
});

const CHECK_OUTPUT_TEXTS = ["title", "summary", "text"] as const;
const checkOutputShape = (value: unknown, url: string): ApiJson => {
  const output: ApiJson = typeof value === "object" && value !== null ? { ...value } : {};
  const text = (name: string): string | null => (typeof output[name] === "string" ? output[name] : null);
  return {
    ...Object.fromEntries(CHECK_OUTPUT_TEXTS.map((name) => [name, text(name)])),
    annotations_count: 0,
    annotations_url: `${url}/annotations`,
  };
};

export const checkRunShape = (forge: ForgeState, repository: ForgeRepository, check: CheckRun): ApiJson => {
  const url = `${repositoryUrl(forge, repository)}/check-runs/${check.id}`;
  const page = `${pageUrl(forge, repository)}/runs/${check.id}`;
  return {
    id: check.id,
    node_id: nodeId("CheckRun", check.id),
    external_id: "",
    name: check.name,
    head_sha: check.sha,
    status: check.status,
    conclusion: check.conclusion,
    started_at: formatTimestamp(check.started),
    completed_at: formatOptionalTimestamp(check.completed),
    output: checkOutputShape(check.output, url),
    url,
    html_url: page,
    details_url: page,
    check_suite: { id: check.id },
    app: appOfBot(forge, check.by),
    pull_requests: [],
  };
};

/** A check run as webhooks show it. Each check run has a check suite of its own here. */
export const checkRunEventShape = (forge: ForgeState, repository: ForgeRepository, check: CheckRun): ApiJson => ({
  ...checkRunShape(forge, repository, check),
  check_suite: {
    id: check.id,
    node_id: nodeId("CheckSuite", check.id),
    head_branch: null,
    head_sha: check.sha,
    status: check.status,
    conclusion: check.conclusion,
    url: `${repositoryUrl(forge, repository)}/check-suites/${check.id}`,
    before: null,
    after: check.sha,
    pull_requests: [],
    app: appOfBot(forge, check.by),
    created_at: formatTimestamp(check.started),
    updated_at: formatTimestamp(check.completed ?? check.started),
  },
});
