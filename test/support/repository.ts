import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RepositoryClone, openClone } from "../../src/storage/git/repository-clone.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import { after } from "./after.ts";

export const identity = { name: "Enki", email: "enki@example.invalid" };

/** A bare repository and clones of it, in a directory of their own that `close` removes. */
export const repository = async () => {
  const root = mkdtempSync(join(tmpdir(), "enki-test-"));
  const url = join(root, "remote.git");
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", url]);
  let clones = 0;
  const clone = (): Promise<RepositoryClone> =>
    openClone({ url, directory: join(root, `clone-${(clones += 1)}`), token: () => Promise.resolve(undefined), identity, after });
  const first = await clone();
  /** A commit on a branch with these files, as a person's push would make it. */
  const commit = async (branch: string, files: Record<string, string | null>, over: { parents?: string[] } = {}): Promise<string> => {
    await first.fetch();
    const tip = (await first.refs())[toBranchRef(branch)] ?? null;
    const parents = over.parents ?? (tip === null ? [] : [tip]);
    const map = new Map(
      Object.entries(files).map(([path, content]) => [path, content === null ? null : { content, mode: "100644" as const }]),
    );
    const made = await first.writeCommit({
      tree: await first.writeFiles(parents[0] ?? null, map),
      parents,
      message: `change ${branch}`,
      at: 1_000_000_000_000,
    });
    await first.push([{ ref: toBranchRef(branch), oldSha: tip, newSha: made }]);
    return made;
  };
  const git = (...args: string[]): string => execFileSync("git", args, { cwd: url, encoding: "utf8" }).trim();
  return { url, root, clone, commit, git, close: () => rmSync(root, { recursive: true, force: true }) };
};
