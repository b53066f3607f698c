import type { Clone } from "../git/clone.ts";
import { git, runGit, type After } from "../git/run.ts";
import type { NewFiles } from "../git/objects.ts";
import type { Sha } from "../model/ids.ts";
import { branchRef, LEDGER } from "../model/refs.ts";
import type { Adopted } from "./adopt.ts";
import { RUNS } from "./read-ledger.ts";

type Home = { readonly directory: string; readonly after: After };

const HOME = "refs/enki/home";

/**
 * Brings what landed on a copy into a person's repository, as a branch of its own, and the ledger that tells how it came to be.
 * Neither a work tree nor a branch that is there changes. Gives the branch; null where nothing landed.
 */
export const bringHome = async (adopted: Adopted, execution: string, home: Home): Promise<string | null> => {
  const { clone, branch, commit } = adopted;
  await clone.fetch();
  const tip = (await clone.refs())[branchRef(branch)] ?? commit;
  await fetchRef(clone, home, `+${LEDGER}:${RUNS}${execution}`);
  if (tip === commit) return null;
  const own = await withoutOurs(adopted, tip);
  await git(clone.running, ["update-ref", HOME, own]);
  const name = await freeName(home, `enki/${execution}`);
  await fetchRef(clone, home, `${HOME}:${branchRef(name)}`);
  return name;
};

const fetchRef = async ({ directory }: Clone, home: Home, refspec: string): Promise<void> => {
  await git(home, [
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

/** A branch that is there is a person's: it is left as it is. */
const freeName = async (home: Home, wanted: string): Promise<string> => {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if ((await runGit(home, ["show-ref", "--verify", "--quiet", branchRef(name)])).code !== 0) return name;
  }
};

type Landed = { readonly id: Sha; readonly parents: readonly Sha[]; readonly at: number; readonly message: string };

/** The same history on the original's commit: without the workflow files, which are of use on a GitHub only. */
const withoutOurs = async ({ clone, commit, original, added }: Adopted, tip: Sha): Promise<Sha> => {
  const before = original === null ? new Map<string, Buffer>() : await clone.readFiles(original, added);
  const files: NewFiles = new Map(
    added.map((path) => {
      const content = before.get(path);
      return [path, content ? { content, mode: "100644" as const } : null];
    }),
  );
  const written = new Map<Sha, Sha | null>([[commit, original]]);
  for (const { id, parents, at, message } of await readLanded(clone, commit, tip)) {
    const renamed = [...written].reduce((text, [from, to]) => (to === null ? text : text.replaceAll(from, to)), message);
    const tree = await clone.writeFiles(id, files);
    const own = parents.flatMap((parent) => (written.has(parent) ? (written.get(parent) ?? []) : [parent]));
    written.set(id, await clone.writeCommit({ tree, parents: own, message: renamed, at }));
  }
  return written.get(tip) ?? tip;
};

const FIELD = "\u0001";

const readLanded = async ({ running }: Clone, from: Sha, to: Sha): Promise<Landed[]> => {
  const out = await git(running, ["log", "--reverse", "--topo-order", "-z", "--format=%H%x01%P%x01%ct%x01%B", `${from}..${to}`]);
  return out.split("\0").flatMap((entry) => {
    const [id = "", parents = "", seconds = "", ...message] = entry.split(FIELD);
    return id === "" ? [] : [{ id, parents: parents.split(" "), at: Number(seconds) * 1_000, message: message.join(FIELD) }];
  });
};
