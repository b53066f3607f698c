import type { Sha } from "../../core/domain/ids.ts";
import { runGitOrThrow, type GitContext } from "./run-git.ts";
import { changeTree, type FolderFilter, findTree, listFiles } from "./tree-files.ts";

type TreeEntryMode = "100644" | "100755" | "120000" | "160000";
export type TreeEntry = { readonly mode: TreeEntryMode; readonly sha: Sha };

/** Writes blobs to the object store and returns their ids in input order. */
export const writeBlobs = async (at: GitContext, contents: readonly (string | Buffer)[]): Promise<Sha[]> => {
  if (contents.length === 0) return [];
  // fast-import writes all blobs in one process and answers `get-mark` for each.
  const parts: Buffer[] = [];
  contents.forEach((content, at) => {
    const bytes = Buffer.from(content);
    parts.push(Buffer.from(`blob\nmark :${at + 1}\ndata ${bytes.length}\n`), bytes, Buffer.from("\n"));
  });
  contents.forEach((_, at) => parts.push(Buffer.from(`get-mark :${at + 1}\n`)));
  const out = await runGitOrThrow(at, ["fast-import", "--quiet", "--done"], Buffer.concat([...parts, Buffer.from("done\n")]));
  return out.trim().split("\n");
};

type TreeFolder = { readonly files: Map<string, TreeEntry>; readonly folders: Map<string, TreeFolder> };

const createTreeFolder = (): TreeFolder => ({ files: new Map(), folders: new Map() });

/** The files of a tree or commit; with `isWanted`, without folders of unwanted files. */
export const listTree = async (at: GitContext, tree: string, isWanted: FolderFilter = () => true): Promise<Map<string, TreeEntry>> => {
  const root = at.objects ? findTree(at.objects, tree) : null;
  // Files, links and submodules have no other modes.
  const known = at.objects && root !== null ? (listFiles(at.objects, root, isWanted) as Map<string, TreeEntry> | null) : null;
  if (known) return known;
  const out = await runGitOrThrow(at, ["ls-tree", "-r", "-z", "--full-tree", tree]);
  const entries = new Map<string, TreeEntry>();
  for (const line of out.split("\0")) {
    const tab = line.indexOf("\t");
    const [mode, , sha] = line.slice(0, tab).split(" ");
    // `ls-tree -r` lists only these four modes.
    if (tab > 0 && mode && sha) entries.set(line.slice(tab + 1), { mode: mode as TreeEntryMode, sha });
  }
  return entries;
};

export type SizedEntry = TreeEntry & { readonly size: number };

/** The files of a tree with their sizes in bytes; 0 for a submodule. */
export const listSizedTree = async (at: GitContext, tree: string): Promise<Map<string, SizedEntry>> => {
  const out = await runGitOrThrow(at, ["ls-tree", "-r", "-l", "-z", "--full-tree", tree]);
  const entries = new Map<string, SizedEntry>();
  for (const line of out.split("\0")) {
    const tab = line.indexOf("\t");
    const [mode, , sha, size] = line.slice(0, tab).split(/ +/);
    if (tab > 0 && mode && sha) entries.set(line.slice(tab + 1), { mode: mode as TreeEntryMode, sha, size: Number(size) || 0 });
  }
  return entries;
};

/** Writes a tree of exactly these files; callers check the paths. */
export const writeTree = async (at: GitContext, files: ReadonlyMap<string, TreeEntry>): Promise<Sha> => {
  if (at.objects) return changeTree(at.objects, null, [...files]);
  const root = createTreeFolder();
  for (const [path, entry] of files) addTreeEntry(root, path.split("/"), entry);
  return writeTreeFolders(at, root);
};

const addTreeEntry = (node: TreeFolder, [head = "", ...rest]: readonly string[], entry: TreeEntry): void => {
  if (rest.length === 0) {
    node.files.set(head, entry);
    return;
  }
  const folder = node.folders.get(head) ?? createTreeFolder();
  node.folders.set(head, folder);
  addTreeEntry(folder, rest, entry);
};

/** Writes the deepest folders first, with one process per depth. */
const writeTreeFolders = async (at: GitContext, root: TreeFolder): Promise<Sha> => {
  const levels: TreeFolder[][] = [[root]];
  for (let level = levels[0] ?? []; level.length > 0;) {
    level = level.flatMap((node) => [...node.folders.values()]);
    if (level.length > 0) levels.push(level);
  }
  const written = new Map<TreeFolder, Sha>();
  for (const level of levels.toReversed()) {
    const input = level
      .map((node) => formatTreeLines(node, written).join("\0") + (node.files.size + node.folders.size > 0 ? "\0" : "") + "\0")
      .join("");
    const out = (await runGitOrThrow(at, ["mktree", "-z", "--batch"], input)).trim().split("\n");
    level.forEach((node, index) => written.set(node, out[index] ?? ""));
  }
  return written.get(root) ?? "";
};

const formatTreeLines = (node: TreeFolder, written: ReadonlyMap<TreeFolder, Sha>): string[] => [
  ...[...node.files].map(([name, { mode, sha }]) => `${mode} ${mode === "160000" ? "commit" : "blob"} ${sha}\t${name}`),
  ...[...node.folders].map(([name, folder]) => `040000 tree ${written.get(folder) ?? ""}\t${name}`),
];
