import { type Call, type Handler, type Route } from "./exchange.ts";
import { number } from "./issues.ts";
import { isPull } from "./pull-events.ts";
import { pageUrl, repositoryUrl } from "./addresses.ts";
import { notFound } from "./refusal.ts";
import type { FileChange } from "./commits.ts";

const fileShape = ({ forge, repository }: Call, head: string, { path, status, additions, deletions, blob }: FileChange) => {
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
  };
};

const listFiles: Handler = async (call) => {
  const issue = call.repository.issues.get(number(call.param("number")));
  if (!issue || !isPull(issue)) throw notFound();
  const { baseSha, head } = issue.pull;
  const files = await call.repository.bare.files(baseSha, head);
  return call.page(files.map((file) => fileShape(call, head, file)));
};

/** Routes of the files that a pull request changes. */
export const pullFileRoutes: readonly Route[] = [["GET", "/pulls/:number/files", { scope: "pull_requests", level: "read" }, listFiles]];
