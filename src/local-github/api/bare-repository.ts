import { runGitOrThrow, runGit, type TimerStarter, type GitContext } from "../../storage/git/run-git.ts";
import { isSha } from "../../core/domain/ids.ts";
import { commitOperations } from "./commit-operations.ts";
import { openObjectCache } from "./object-cache.ts";
import { type GitIdentity, readCommitObject } from "./read-commit-object.ts";
import { findAncestry } from "../../storage/git/commit-ancestry.ts";
import { formatCommit, readCommitLinks } from "../../storage/git/commit-object.ts";
import { type ObjectFiles, openObjectFiles } from "../../storage/git/object-files.ts";
import { listRefs, readRef as readRefOf } from "../../storage/git/read-refs.ts";
import { hasRefFiles, readRefFile } from "../../storage/git/ref-files.ts";
import { openRefMover } from "./move-refs.ts";
import { findEntry } from "../../storage/git/tree-files.ts";

export type BareRepository = ReturnType<typeof openBareRepository>;
export type RefMap = ReadonlyMap<string, string>;

/** Names of refs and safe paths below the repository; git judges other names. */
const PLAIN_REF_PATTERN = /^refs(?:\/[\w-][\w.-]*)+(?<!\.lock)$/;
const PLAIN_PATH_PATTERN = /^([^:]+):((?!\.{0,2}(?:\/|$))[^/]+(?:\/(?!\.{0,2}(?:\/|$))[^/]+)*)$/;
const ABSENT_OBJECT_ID = "0".repeat(40);

/**
 * The author and time of a commit that the forge creates; `at` in milliseconds. The committer is GitHub, unless `own`
 * is set.
 */
export type CommitSignature = {
  readonly login: string;
  readonly at: number;
  readonly author?: GitIdentity;
  readonly isCommitter?: boolean;
};

type NewCommit = { readonly parents: readonly string[]; readonly message: string; readonly by: CommitSignature };

const GITHUB_COMMITTER = { name: "GitHub", email: "noreply@github.com" };

/** Stores a commit without a process; null if git must format the identity of its author, or check what the commit names. */
const writePlainCommit = (objects: ObjectFiles | undefined, tree: string, { parents, message, by }: NewCommit): string | null => {
  if (!objects || by.author !== undefined || objects.read(tree)?.type !== "tree") return null;
  if (parents.some((parent) => readCommitLinks(objects, parent) === null)) return null;
  const own = { name: by.login, email: `${by.login}@users.noreply.github.com`, at: by.at };
  const committer = by.isCommitter === true ? own : { ...GITHUB_COMMITTER, at: by.at };
  const content = formatCommit({ tree, parents, author: own, committer, message });
  return content && objects.write("commit", content);
};

const gitIdentityOf = ({ login, at, author, isCommitter = false }: CommitSignature): Record<string, string> => {
  const date = `@${Math.floor(at / 1_000)} +0000`;
  const email = `${login}@users.noreply.github.com`;
  return {
    GIT_AUTHOR_NAME: author?.name ?? login,
    GIT_AUTHOR_EMAIL: author?.email ?? email,
    GIT_AUTHOR_DATE: author?.date ?? date,
    GIT_COMMITTER_NAME: isCommitter ? login : GITHUB_COMMITTER.name,
    GIT_COMMITTER_EMAIL: isCommitter ? email : GITHUB_COMMITTER.email,
    GIT_COMMITTER_DATE: date,
  };
};

/** Opens the bare repository on disk behind a hosted repository. */
export const openBareRepository = (directory: string, after: TimerStarter) => {
  const plumbing = openGitPlumbing({ directory, after, objects: openObjectFiles(directory) });
  let turn: Promise<unknown> = Promise.resolve();
  return {
    directory,
    /** Runs tasks one at a time, so that refs do not move between two reads of a task. */
    runExclusively: <T>(task: () => Promise<T>): Promise<T> => {
      const done = turn.then(task, task);
      turn = done.catch(() => undefined);
      return done;
    },
    ...refOperations(plumbing),
    ...historyOperations(plumbing),
    ...commitOperations(plumbing.at, plumbing.remember),
    ...contentOperations(plumbing),
  };
};

const openGitPlumbing = (at: GitContext) => ({
  at,
  remember: openObjectCache(),
  lines: async (...args: string[]): Promise<string[]> => (await runGitOrThrow(at, args)).split("\n").filter((line) => line !== ""),
  text: async (...args: string[]): Promise<string | null> => {
    const ran = await runGit(at, args);
    return ran.code === 0 ? ran.stdout.toString("utf8").trimEnd() : null;
  },
  isTrue: async (...args: string[]): Promise<boolean> => (await runGit(at, args)).code === 0,
});
type GitPlumbing = ReturnType<typeof openGitPlumbing>;

/** What `<commit or ref>:<path>` names, for plain names and paths; null for others, and for objects only git can read. */
const findPlainEntry = ({ objects, directory }: GitContext, name: string): ReturnType<typeof findEntry> => {
  const [, from = "", path = ""] = PLAIN_PATH_PATTERN.exec(name) ?? [];
  const commit = isSha(from) ? from : PLAIN_REF_PATTERN.test(from) && hasRefFiles(directory) ? readRefFile(directory, from) : null;
  return objects && commit !== null ? findEntry(objects, commit, path) : null;
};

const refOperations = ({ at, text, isTrue, remember }: GitPlumbing) => {
  const moveRefs = openRefMover(at);
  const resolveObject = async (name: string): Promise<string | null> => {
    const entry = findPlainEntry(at, name);
    if (entry !== null) return entry === "missing" ? null : entry.sha;
    return remember("object", name, () => text("rev-parse", "--verify", "--quiet", "--end-of-options", name));
  };
  /** The id itself if a commit has it; git resolves other ids. */
  const resolveCommitId = (id: string): Promise<string | null> =>
    at.objects?.read(id)?.type === "commit" ? Promise.resolve(id) : resolveObject(`${id}^{commit}`);
  // Not rev-parse: a name from a request must not be evaluated as an expression such as `main~1`.
  const readRef = (name: string): Promise<string | null> =>
    PLAIN_REF_PATTERN.test(name) ? readRefOf(at, name) : text("show-ref", "--verify", "--hash", "--", name);
  return {
    listRefs: async (prefix = "refs/"): Promise<RefMap> => {
      const isBelow = (ref: string): boolean => ref === prefix || ref.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
      return new Map([...(await listRefs(at, ["refs"]))].filter(([ref]) => isBelow(ref)));
    },
    /** The value of a full ref name; null if the ref does not exist. */
    readRef,
    /** Evaluates an object expression made of known names, such as `<commit>:<path>`. */
    resolveObject,
    /** Looks up the commit of a branch, a tag, a full ref or a SHA, in this order; null if none matches. */
    resolveCommit: async (name: string): Promise<string | null> => {
      if (isSha(name)) return resolveCommitId(name);
      if (name === "HEAD") return resolveObject("HEAD^{commit}");
      for (const full of [`refs/heads/${name}`, `refs/tags/${name}`, name.startsWith("refs/") ? name : `refs/${name}`]) {
        const found = await readRef(full);
        if (found !== null) return resolveCommitId(found);
      }
      return null;
    },
    isRefName: (name: string): Promise<boolean> => isTrue("check-ref-format", name),
    /**
     * Moves a ref from one value to another; null means that the ref does not exist. Returns false if the ref has
     * another value.
     */
    moveRef: async (name: string, from: string | null, to: string | null): Promise<boolean> => {
      if (from !== to && moveRefs([{ ref: name, oldSha: from, newSha: to }])) return true;
      return to === null
        ? isTrue("update-ref", "-d", name, from ?? ABSENT_OBJECT_ID)
        : isTrue("update-ref", name, to, from ?? ABSENT_OBJECT_ID);
    },
    /** Moves refs together without a process; false, with no ref moved, if git must decide. */
    moveRefsDirectly: (moves: readonly { readonly ref: string; readonly from: string | null; readonly to: string | null }[]): boolean =>
      moveRefs(moves.map(({ ref, from, to }) => ({ ref, oldSha: from, newSha: to }))),
    /** Sets or deletes a ref, whatever its value is. */
    setRef: async (name: string, to: string | null): Promise<void> => {
      const from = await readRef(name);
      if (from === to || moveRefs([{ ref: name, oldSha: from, newSha: to }])) return;
      await runGitOrThrow(at, to === null ? ["update-ref", "-d", name] : ["update-ref", name, to]);
    },
  };
};

const historyOperations = ({ at, lines, text, isTrue }: GitPlumbing) => ({
  isAncestor: async (ancestor: string, descendant: string): Promise<boolean> =>
    findAncestry(at.objects, ancestor, descendant) ?? isTrue("merge-base", "--is-ancestor", ancestor, descendant),
  /** The parents of a commit; empty if only git can read it. */
  readParents: (commit: string): readonly string[] => readCommitObject(at.objects, commit)?.parents ?? [],
  /** Whether a tip adds merge commits to `from`. */
  hasMerges: async (from: string | null, to: string): Promise<boolean> =>
    (await lines("rev-list", "--merges", "--max-count=1", to, ...(from === null ? [] : [`^${from}`]))).length > 0,
  /** Finds the first-parent commit of a base that merged a head; returns the head itself after a fast-forward. */
  findLandingCommit: async (head: string, base: string): Promise<string> =>
    (await lines("rev-list", "--first-parent", "--ancestry-path", "--reverse", `${head}..${base}`))[0] ?? head,
  /** The commits that a tip adds to `from`, newest first. */
  listNewCommits: (from: string | null, to: string): Promise<string[]> => lines("rev-list", to, ...(from === null ? [] : [`^${from}`])),
  /** The commits that a rebase of a head onto a base replays, oldest first. */
  listOwnCommits: (base: string, head: string): Promise<string[]> =>
    lines("rev-list", "--reverse", "--topo-order", "--no-merges", head, `^${base}`),
  listChangedPaths: async (from: string, to: string): Promise<string[]> =>
    ((await text("diff", "--name-only", "-z", "--no-renames", from, to)) ?? "").split("\0").filter((path) => path !== ""),
  readMessage: async (commit: string): Promise<string> =>
    readCommitObject(at.objects, commit)?.message ?? (await text("log", "-1", "--format=%B", commit)) ?? "",
});

const contentOperations = ({ at, text, remember }: GitPlumbing) => ({
  readObjectType: (object: string): Promise<string | null> => {
    const known = at.objects?.read(object);
    return known ? Promise.resolve(known.type) : text("cat-file", "-t", object);
  },
  /** Reads a file at a commit; null if the file does not exist. */
  readFile: (commit: string, path: string): Promise<Buffer | null> =>
    remember("file", `${commit}:${path}`, async () => {
      const entry = findPlainEntry(at, `${commit}:${path}`);
      const known = entry === null || entry === "missing" ? null : at.objects?.read(entry.sha);
      if (known?.type === "blob") return known.content;
      const ran = await runGit(at, ["cat-file", "blob", `${commit}:${path}`]);
      return ran.code === 0 ? ran.stdout : null;
    }),
  listEntries: async (commit: string, path: string): Promise<{ mode: string; type: string; sha: string; name: string; size: number }[]> => {
    const known = findPlainEntry(at, `${commit}:${path}`);
    if (known === "missing") return [];
    const tree = known?.sha ?? (path === "" ? commit : `${commit}:${path}`);
    const listed = await remember("entries", tree, () => text("ls-tree", "-z", "--long", tree));
    return (listed ?? "").split("\0").flatMap((line) => {
      const [, mode, type, sha, size, name] = /^(\d+) (\w+) ([0-9a-f]{40}) +(\d+|-)\t(.*)$/s.exec(line) ?? [];
      return mode && type && sha && name ? [{ mode, type, sha, name, size: size === "-" ? 0 : Number(size) }] : [];
    });
  },
  /** Merges two commits into a tree; null on a conflict. */
  mergeTree: async (base: string, head: string): Promise<string | null> => {
    // If one contains the other, the merge is the later one.
    const isBelow = (commit: string, tip: string): boolean => findAncestry(at.objects, commit, tip) === true;
    const later = isBelow(base, head) ? head : isBelow(head, base) ? base : undefined;
    const known = later === undefined ? null : readCommitLinks(at.objects, later);
    if (known !== null) return known.tree;
    const ran = await runGit(at, ["merge-tree", "--write-tree", "--no-messages", base, head]);
    return ran.code === 0 ? ran.stdout.toString("utf8").trim() : null;
  },
  emptyTree: async (): Promise<string> => (await runGitOrThrow(at, ["mktree"], "")).trim(),
  /** Stores the objects of a pack; false if the pack cannot be read. */
  storePack: async (pack: Buffer): Promise<boolean> => (await runGit(at, ["unpack-objects", "-q"], pack)).code === 0,
  commitTree: async (tree: string, commit: NewCommit): Promise<string> =>
    writePlainCommit(at.objects, tree, commit) ??
    (
      await runGitOrThrow(
        { ...at, env: gitIdentityOf(commit.by) },
        ["commit-tree", tree, ...commit.parents.flatMap((parent) => ["-p", parent])],
        commit.message,
      )
    ).trim(),
});
