import { type ApiJson, pageUrl, repositoryUrl } from "./api-urls.ts";
import { type ApiCall, type RouteHandler, okReply } from "./api-call.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";

type ContentEntry = {
  readonly type: "file" | "dir" | "symlink" | "submodule";
  readonly path: string;
  readonly sha: string;
  readonly size: number;
};

/** Encodes a path for a URL. */
const encodePath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const contentShape = (call: ApiCall, commit: string, { type, path, sha, size }: ContentEntry): ApiJson => {
  const { forge, repository } = call;
  const api = repositoryUrl(forge, repository);
  const page = pageUrl(forge, repository);
  const url = `${api}/contents/${encodePath(path)}?ref=${commit}`;
  const git = type === "submodule" ? null : `${api}/git/${type === "dir" ? "trees" : "blobs"}/${sha}`;
  const html = `${page}/${type === "dir" ? "tree" : "blob"}/${commit}/${encodePath(path)}`;
  return {
    type,
    name: path.split("/").at(-1),
    path,
    sha,
    size,
    url,
    git_url: git,
    html_url: html,
    download_url: type === "file" ? `${page}/raw/${commit}/${encodePath(path)}` : null,
    _links: { self: url, git, html },
  };
};

const ENTRY_TYPES: Readonly<Record<string, ContentEntry["type"]>> = { "040000": "dir", "120000": "symlink", "160000": "submodule" };

/** Returns a file with its content, or the entries of a directory. */
export const getContents: RouteHandler = async (call) => {
  const { bare, defaultBranch } = call.repository;
  const path = call.param("path").replace(/\/+$/, "");
  const commit = await bare.resolveCommit(call.query("ref") ?? defaultBranch);
  if (commit === null) throw new ApiRefusal(404, `No commit found for the ref ${call.query("ref") ?? defaultBranch}`);
  const file = path === "" ? null : await bare.readFile(commit, path);
  if (file) {
    const sha = (await bare.resolveObject(`${commit}:${path}`)) ?? "";
    const shape = contentShape(call, commit, { type: "file", path, sha, size: file.length });
    return okReply({ ...shape, encoding: "base64", content: file.toString("base64") });
  }
  const entries = await bare.listEntries(commit, path);
  if (entries.length === 0) throw notFoundRefusal();
  return okReply(
    entries.map(({ name, sha, mode, size }) =>
      contentShape(call, commit, { type: ENTRY_TYPES[mode] ?? "file", path: path === "" ? name : `${path}/${name}`, sha, size }),
    ),
  );
};
