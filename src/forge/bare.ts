import { git, runGit, type After, type Running } from "../git/run.ts";
import { isSha } from "../model/ids.ts";
import { commitsOf, type Signed } from "./commits.ts";
import { openMemory } from "./memory.ts";

export type Bare = ReturnType<typeof openBare>;
export type Refs = ReadonlyMap<string, string>;

const ZERO = "0".repeat(40);

/** Who wrote a commit that the forge makes, and when; `at` in milliseconds. GitHub commits it, unless the same person does (`own`). */
export type Signature = { readonly login: string; readonly at: number; readonly author?: Signed; readonly own?: boolean };

const identity = ({ login, at, author, own = false }: Signature): Record<string, string> => {
  const date = `@${Math.floor(at / 1_000)} +0000`;
  const email = `${login}@users.noreply.github.com`;
  return {
    GIT_AUTHOR_NAME: author?.name ?? login,
    GIT_AUTHOR_EMAIL: author?.email ?? email,
    GIT_AUTHOR_DATE: author?.date ?? date,
    GIT_COMMITTER_NAME: own ? login : "GitHub",
    GIT_COMMITTER_EMAIL: own ? email : "noreply@github.com",
    GIT_COMMITTER_DATE: date,
  };
};

/** The bare repository of one repository: what REST needs of it, by plumbing. */
export const openBare = (directory: string, after: After) => {
  const plumbing = openPlumbing({ directory, after });
  let turn: Promise<unknown> = Promise.resolve();
  return {
    directory,
    /** One at a time: whoever compares refs before and after may not be disturbed. */
    alone: <T>(task: () => Promise<T>): Promise<T> => {
      const done = turn.then(task, task);
      turn = done.catch(() => undefined);
      return done;
    },
    ...refsOf(plumbing),
    ...historyOf(plumbing),
    ...commitsOf(plumbing.at, plumbing.remember),
    ...contentsOf(plumbing),
  };
};

const openPlumbing = (at: Running) => ({
  at,
  remember: openMemory(),
  lines: async (...args: string[]): Promise<string[]> => (await git(at, args)).split("\n").filter((line) => line !== ""),
  text: async (...args: string[]): Promise<string | null> => {
    const ran = await runGit(at, args);
    return ran.code === 0 ? ran.stdout.toString("utf8").trimEnd() : null;
  },
  isTrue: async (...args: string[]): Promise<boolean> => (await runGit(at, args)).code === 0,
});
type Plumbing = ReturnType<typeof openPlumbing>;

const refsOf = ({ at, lines, text, isTrue, remember }: Plumbing) => {
  const object = (name: string): Promise<string | null> =>
    remember("object", name, () => text("rev-parse", "--verify", "--quiet", "--end-of-options", name));
  // Not by rev-parse: a name from a request may not be worked out, as `main~1` is.
  const ref = (name: string): Promise<string | null> => text("show-ref", "--verify", "--hash", "--", name);
  return {
    refs: async (prefix = "refs/"): Promise<Refs> =>
      new Map(
        (await lines("for-each-ref", "--format=%(refname) %(objectname)", prefix)).map((line) => [line.slice(0, -41), line.slice(-40)]),
      ),
    /** Where a ref of this full name points; null where there is none. */
    ref,
    /** The object that an expression of git's names, made of names that are known: `<commit>:<path>`. */
    object,
    /** The commit of a branch, a tag, a full ref or a SHA, in this order; null for none. */
    commit: async (name: string): Promise<string | null> => {
      if (isSha(name) || name === "HEAD") return object(`${name}^{commit}`);
      for (const full of [`refs/heads/${name}`, `refs/tags/${name}`, name.startsWith("refs/") ? name : `refs/${name}`]) {
        const found = await ref(full);
        if (found !== null) return object(`${found}^{commit}`);
      }
      return null;
    },
    isRefName: (name: string): Promise<boolean> => isTrue("check-ref-format", name),
    /** Moves a ref from a value (null: it is new) to another (null: it goes); false when it stood elsewhere. */
    move: (name: string, from: string | null, to: string | null): Promise<boolean> =>
      to === null ? isTrue("update-ref", "-d", name, from ?? ZERO) : isTrue("update-ref", name, to, from ?? ZERO),
    /** Points a ref there, wherever it stood. */
    point: async (name: string, to: string | null): Promise<void> => {
      await git(at, to === null ? ["update-ref", "-d", name] : ["update-ref", name, to]);
    },
  };
};

const historyOf = ({ lines, text, isTrue }: Plumbing) => ({
  isAncestor: (old: string, young: string): Promise<boolean> => isTrue("merge-base", "--is-ancestor", old, young),
  /** True where a tip brings merge commits to what was there. */
  hasMerges: async (from: string | null, to: string): Promise<boolean> =>
    (await lines("rev-list", "--merges", "--max-count=1", to, ...(from === null ? [] : [`^${from}`]))).length > 0,
  /** The commit of a base's own line that brought a head in; the head itself after a fast-forward. */
  broughtIn: async (head: string, base: string): Promise<string> =>
    (await lines("rev-list", "--first-parent", "--ancestry-path", "--reverse", `${head}..${base}`))[0] ?? head,
  /** The commits that a tip brings to what was there, newest first. */
  commitsIn: (from: string | null, to: string): Promise<string[]> => lines("rev-list", to, ...(from === null ? [] : [`^${from}`])),
  /** What a rebase of a head onto a base replays, oldest first. */
  ownCommits: (base: string, head: string): Promise<string[]> =>
    lines("rev-list", "--reverse", "--topo-order", "--no-merges", head, `^${base}`),
  changed: async (from: string, to: string): Promise<string[]> =>
    ((await text("diff", "--name-only", "-z", "--no-renames", from, to)) ?? "").split("\0").filter((path) => path !== ""),
  message: async (commit: string): Promise<string> => (await text("log", "-1", "--format=%B", commit)) ?? "",
});

const contentsOf = ({ at, text, remember }: Plumbing) => ({
  typeOf: (object: string): Promise<string | null> => text("cat-file", "-t", object),
  /** A file's content at a commit; null where there is none. */
  file: (commit: string, path: string): Promise<Buffer | null> =>
    remember("file", `${commit}:${path}`, async () => {
      const ran = await runGit(at, ["cat-file", "blob", `${commit}:${path}`]);
      return ran.code === 0 ? ran.stdout : null;
    }),
  entries: async (commit: string, path: string): Promise<{ mode: string; type: string; sha: string; name: string; size: number }[]> => {
    const tree = path === "" ? commit : `${commit}:${path}`;
    const listed = await remember("entries", tree, () => text("ls-tree", "-z", "--long", tree));
    return (listed ?? "").split("\0").flatMap((line) => {
      const [, mode, type, sha, size, name] = /^(\d+) (\w+) ([0-9a-f]{40}) +(\d+|-)\t(.*)$/s.exec(line) ?? [];
      return mode && type && sha && name ? [{ mode, type, sha, name, size: size === "-" ? 0 : Number(size) }] : [];
    });
  },
  /** The tree of a merge; null for a conflict. */
  mergeTree: async (base: string, head: string): Promise<string | null> => {
    const ran = await runGit(at, ["merge-tree", "--write-tree", "--no-messages", base, head]);
    return ran.code === 0 ? ran.stdout.toString("utf8").trim() : null;
  },
  emptyTree: async (): Promise<string> => (await git(at, ["mktree"], "")).trim(),
  /** Takes the objects of a pack in; false where it cannot be read. */
  unpack: async (pack: Buffer): Promise<boolean> => (await runGit(at, ["unpack-objects", "-q"], pack)).code === 0,
  commitTree: async (tree: string, of: { parents: readonly string[]; message: string; by: Signature }): Promise<string> =>
    (
      await git({ ...at, env: identity(of.by) }, ["commit-tree", tree, ...of.parents.flatMap((parent) => ["-p", parent])], of.message)
    ).trim(),
});
