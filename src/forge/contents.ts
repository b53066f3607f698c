import { type Json, pageUrl, repositoryUrl } from "./addresses.ts";
import { type Call, type Handler, ok } from "./exchange.ts";
import { notFound, Refusal } from "./refusal.ts";

type Entry = {
  readonly type: "file" | "dir" | "symlink" | "submodule";
  readonly path: string;
  readonly sha: string;
  readonly size: number;
};

/** Paths as addresses have them: a name may hold anything but a slash. */
const escaped = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const shapeOf = (call: Call, commit: string, { type, path, sha, size }: Entry): Json => {
  const { forge, repository } = call;
  const api = repositoryUrl(forge, repository);
  const page = pageUrl(forge, repository);
  const url = `${api}/contents/${escaped(path)}?ref=${commit}`;
  const git = type === "submodule" ? null : `${api}/git/${type === "dir" ? "trees" : "blobs"}/${sha}`;
  const html = `${page}/${type === "dir" ? "tree" : "blob"}/${commit}/${escaped(path)}`;
  return {
    type,
    name: path.split("/").at(-1),
    path,
    sha,
    size,
    url,
    git_url: git,
    html_url: html,
    download_url: type === "file" ? `${page}/raw/${commit}/${escaped(path)}` : null,
    _links: { self: url, git, html },
  };
};

const MODES: Readonly<Record<string, Entry["type"]>> = { "040000": "dir", "120000": "symlink", "160000": "submodule" };

/** A file with its content, or the entries of a directory. */
export const contents: Handler = async (call) => {
  const { bare, defaultBranch } = call.repository;
  const path = call.param("path").replace(/\/+$/, "");
  const commit = await bare.commit(call.query("ref") ?? defaultBranch);
  if (commit === null) throw new Refusal(404, `No commit found for the ref ${call.query("ref") ?? defaultBranch}`);
  const file = path === "" ? null : await bare.file(commit, path);
  if (file) {
    const sha = (await bare.object(`${commit}:${path}`)) ?? "";
    const shape = shapeOf(call, commit, { type: "file", path, sha, size: file.length });
    return ok({ ...shape, encoding: "base64", content: file.toString("base64") });
  }
  const entries = await bare.entries(commit, path);
  if (entries.length === 0) throw notFound();
  return ok(
    entries.map(({ name, sha, mode, size }) =>
      shapeOf(call, commit, { type: MODES[mode] ?? "file", path: path === "" ? name : `${path}/${name}`, sha, size }),
    ),
  );
};
