import { account, appOfBot } from "./account-shape.ts";
import { type Json, nodeId, pageUrl, repositoryUrl, time, timeOrNull } from "./addresses.ts";
import type { CommitFacts, Signed } from "./commits.ts";
import type { CheckRun, Forge, Repository, Status } from "./state.ts";

/** The account of whoever signed with GitHub's address for it; null for other addresses, which nobody has told the forge of. */
const signer = (forge: Forge, { email }: Signed): Json | null => {
  const login = /^(?:\d+\+)?(.+)@users\.noreply\.github\.com$/.exec(email)?.[1];
  const known = login === undefined ? undefined : forge.accounts.get(login.toLowerCase());
  return known ? account(forge, known) : null;
};

export const commitShape = (forge: Forge, repository: Repository, commit: CommitFacts): Json => {
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
    author: signer(forge, author),
    committer: signer(forge, committer),
    parents: commit.parents.map((parent) => ({ sha: parent, url: `${api}/commits/${parent}`, html_url: `${page}/${parent}` })),
  };
};

const UNSIGNED = { verified: false, reason: "unsigned", signature: null, payload: null };

/** A commit as the webhook of its status tells of it. */
export const statusCommit = (forge: Forge, repository: Repository, commit: CommitFacts): Json => {
  const shape = commitShape(forge, repository, commit);
  return { ...shape, commit: { ...(shape["commit"] as Json), verification: UNSIGNED } };
};

/** The head of a run. */
export const headShape = ({ sha, tree, message, author, committer }: CommitFacts): Json => ({
  id: sha,
  tree_id: tree,
  message,
  timestamp: committer.date,
  author: { name: author.name, email: author.email },
  committer: { name: committer.name, email: committer.email },
});

/** A status as the combined status of its commit has it. */
export const simpleStatus = (forge: Forge, repository: Repository, of: { sha: string; status: Status }): Json => {
  const { sha, status } = of;
  return {
    id: status.id,
    node_id: nodeId("StatusContext", status.id),
    state: status.state,
    context: status.context,
    description: status.description,
    target_url: status.url,
    avatar_url: `${forge.url}/avatars/${status.by.id}`,
    url: `${repositoryUrl(forge, repository)}/statuses/${sha}`,
    created_at: time(status.at),
    updated_at: time(status.at),
  };
};

export const statusShape = (forge: Forge, repository: Repository, of: { sha: string; status: Status }): Json => ({
  ...simpleStatus(forge, repository, of),
  creator: account(forge, of.status.by),
});

const TEXTS = ["title", "summary", "text"] as const;
const outputOf = (given: unknown, url: string): Json => {
  const output: Json = typeof given === "object" && given !== null ? { ...given } : {};
  const text = (name: string): string | null => (typeof output[name] === "string" ? output[name] : null);
  return {
    ...Object.fromEntries(TEXTS.map((name) => [name, text(name)])),
    annotations_count: 0,
    annotations_url: `${url}/annotations`,
  };
};

export const checkShape = (forge: Forge, repository: Repository, check: CheckRun): Json => {
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
    started_at: time(check.started),
    completed_at: timeOrNull(check.completed),
    output: outputOf(check.output, url),
    url,
    html_url: page,
    details_url: page,
    check_suite: { id: check.id },
    app: appOfBot(forge, check.by),
    pull_requests: [],
  };
};

/** A check run as its webhooks tell of it. Each has a suite of its own here. */
export const toldCheck = (forge: Forge, repository: Repository, check: CheckRun): Json => ({
  ...checkShape(forge, repository, check),
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
    created_at: time(check.started),
    updated_at: time(check.completed ?? check.started),
  },
});
