import type { BareRepository } from "./bare-repository.ts";
import { type ApiCall, type RouteHandler, type ApiRoute } from "./api-call.ts";
import { readNumber } from "./issue-routes.ts";
import { isPullRequest } from "./pull-events.ts";
import { pageUrl, repositoryUrl } from "./api-urls.ts";
import { notFoundRefusal } from "./api-refusal.ts";
import type { FileChange } from "./commit-operations.ts";

const pullFileShape = (
  { forge, repository }: ApiCall,
  head: string,
  { path, status, additions, deletions, blob, patch }: FileChange & { readonly patch: string | null },
) => {
  const name = path
    .split("/")
    .map((part) => encodeURIComponent(part))
    .join("/");
  return {
    sha: blob,
    filename: path,
    status,
    additions,
    deletions,
    changes: additions + deletions,
    blob_url: `${pageUrl(forge, repository)}/blob/${head}/${name}`,
    raw_url: `${pageUrl(forge, repository)}/raw/${head}/${name}`,
    contents_url: `${repositoryUrl(forge, repository)}/contents/${name}?ref=${head}`,
    ...(patch !== null && { patch }),
  };
};

/** The hunks of a file; null if the file has none, for example if it is binary. */
const patchOf = async (bare: BareRepository, change: { from: string; to: string; path: string }): Promise<string | null> => {
  const patch = await bare.readPatch({ ...change, context: 3 });
  const start = patch.search(/^@@ /m);
  return start === -1 ? null : patch.slice(start).replace(/\n$/, "");
};

const listPullFiles: RouteHandler = async (call) => {
  const issue = call.repository.issues.get(readNumber(call.param("number")));
  if (!issue || !isPullRequest(issue)) throw notFoundRefusal();
  const { baseSha, head } = issue.pull;
  const { bare } = call.repository;
  const from = await bare.findMergeBase(baseSha, head);
  const files = await bare.listChangedFiles(baseSha, head);
  const patches = await Promise.all(files.map(({ path }) => patchOf(bare, { from: from ?? baseSha, to: head, path })));
  return call.page(files.map((file, index) => pullFileShape(call, head, { ...file, patch: patches[index] ?? null })));
};

export const pullFileRoutes: readonly ApiRoute[] = [
  ["GET", "/pulls/:number/files", { scope: "pull_requests", level: "read" }, listPullFiles],
];
