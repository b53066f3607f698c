import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { runGitOrThrow, runGit, type TimerStarter } from "../storage/git/run-git.ts";
import type { NewFiles } from "../storage/git/git-objects.ts";
import type { Sha } from "../core/domain/ids.ts";
import { toBranchRef, LEDGER_REF } from "../core/domain/refs.ts";
import type { RepositoryCopy } from "./copy-repository.ts";
import { RUN_LEDGERS_PREFIX } from "./local-ledger.ts";

type PersonalRepository = { readonly directory: string; readonly after: TimerStarter };

const HOME_REF = "refs/enki/home";

/**
 * Imports the landed commits of a copy into the person's repository, as a new branch, together with the ledger.
 * Changes neither the work tree nor an existing branch. Returns the branch; null if nothing landed.
 */
export const importLandedBranch = async (adopted: RepositoryCopy, execution: string, home: PersonalRepository): Promise<string | null> => {
  const { clone, branch, commit } = adopted;
  await clone.fetch();
  const tip = (await clone.refs())[toBranchRef(branch)] ?? commit;
  await fetchRefspec(clone, home, `+${LEDGER_REF}:${RUN_LEDGERS_PREFIX}${execution}`);
  if (tip === commit) return null;
  const own = await rewriteWithoutEnkiFiles(adopted, tip);
  await runGitOrThrow(clone.running, ["update-ref", HOME_REF, own]);
  const name = await findFreeBranchName(home, `enki/${execution}`);
  await fetchRefspec(clone, home, `${HOME_REF}:${toBranchRef(name)}`);
  return name;
};

const fetchRefspec = async ({ directory }: RepositoryClone, home: PersonalRepository, refspec: string): Promise<void> => {
  await runGitOrThrow(home, [
    "fetch",
    "-q",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
    directory,
    refspec,
  ]);
};

/** Existing branches belong to the person, so a free name is found. */
const findFreeBranchName = async (home: PersonalRepository, wanted: string): Promise<string> => {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if ((await runGit(home, ["show-ref", "--verify", "--quiet", toBranchRef(name)])).code !== 0) return name;
  }
};

type LandedCommit = { readonly id: Sha; readonly parents: readonly Sha[]; readonly at: number; readonly message: string };

/** Rewrites the landed history onto the original commit, without Enki's workflow files. */
const rewriteWithoutEnkiFiles = async ({ clone, commit, originalCommit, addedPaths }: RepositoryCopy, tip: Sha): Promise<Sha> => {
  const before = originalCommit === null ? new Map<string, Buffer>() : await clone.readFiles(originalCommit, addedPaths);
  const files: NewFiles = new Map(
    addedPaths.map((path) => {
      const content = before.get(path);
      return [path, content ? { content, mode: "100644" as const } : null];
    }),
  );
  const written = new Map<Sha, Sha | null>([[commit, originalCommit]]);
  for (const { id, parents, at, message } of await readLandedCommits(clone, commit, tip)) {
    const renamed = [...written].reduce((text, [from, to]) => (to === null ? text : text.replaceAll(from, to)), message);
    const tree = await clone.writeFiles(id, files);
    const own = parents.flatMap((parent) => (written.has(parent) ? (written.get(parent) ?? []) : [parent]));
    written.set(id, await clone.writeCommit({ tree, parents: own, message: renamed, at }));
  }
  return written.get(tip) ?? tip;
};

const FIELD_SEPARATOR = "\u0001";

const readLandedCommits = async ({ running }: RepositoryClone, from: Sha, to: Sha): Promise<LandedCommit[]> => {
  const out = await runGitOrThrow(running, ["log", "--reverse", "--topo-order", "-z", "--format=%H%x01%P%x01%ct%x01%B", `${from}..${to}`]);
  return out.split("\0").flatMap((entry) => {
    const [id = "", parents = "", seconds = "", ...message] = entry.split(FIELD_SEPARATOR);
    return id === "" ? [] : [{ id, parents: parents.split(" "), at: Number(seconds) * 1_000, message: message.join(FIELD_SEPARATOR) }];
  });
};
