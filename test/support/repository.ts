import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBareRepository, writeRefs } from "../../src/storage/git/bare-clone.ts";
import { type RepositoryClone, openClone } from "../../src/storage/git/repository-clone.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import { after } from "./after.ts";

export const identity = { name: "Enki", email: "enki@example.invalid" };

/** Opens a bare repository and clones in a directory of their own; `close` removes the directory. */
export const repository = async () => {
  const root = mkdtempSync(join(tmpdir(), "enki-test-"));
  const url = join(root, "remote.git");
  await ensureBareRepository(url);
  let clones = 0;
  const options = () => ({
    url,
    directory: join(root, `clone-${(clones += 1)}`),
    token: () => Promise.resolve(undefined),
    identity,
    after,
  });
  const clone = (): Promise<RepositoryClone> => openClone(options());
  /** Opens a clone for the history before a test: its objects and refs need no push, which would start seven processes. */
  const openShared = async (): Promise<RepositoryClone> => {
    const shared = await openClone({ ...options(), near: url });
    return {
      ...shared,
      push: async (moves) => {
        await writeRefs({ ...shared.running, directory: url }, moves);
        return { kind: "pushed" };
      },
    };
  };
  const first = await openShared();
  /** Commits these files to a branch, like a person's push. */
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
  return { url, root, clone, openShared, commit, git, close: () => rmSync(root, { recursive: true, force: true }) };
};
