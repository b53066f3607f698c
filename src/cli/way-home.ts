import { existsSync } from "node:fs";
import { join } from "node:path";
import { type GitContext, runGit, runGitOrThrow, type TimerStarter } from "../storage/git/run-git.ts";
import type { BranchName, Sha } from "../core/domain/ids.ts";
import { LEDGER_REF, toBranchRef } from "../core/domain/refs.ts";
import { readRef } from "../storage/git/read-refs.ts";
import { RUN_LEDGERS_PREFIX } from "./local-ledger.ts";

type HomeRoute = {
  /** The bare repository of the copy. */
  readonly from: string;
  /** The person's repository. */
  readonly home: string;
  readonly branch: BranchName;
  /** The commit of the branch before the run. */
  readonly start: Sha;
  readonly after: TimerStarter;
};

/** A run's landed work, as recorded for a later process. */
export type LandedWork = {
  /** Null before the execution started. */
  readonly execution: string | null;
  /** The branch for landings; null before the first. */
  readonly landedBranch: string | null;
};

export type LandedBook = {
  readonly read: () => LandedWork;
  readonly write: (change: { readonly landedBranch: string }) => Promise<void>;
};

const FETCH_WORDS = ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"];

/** The copy's ledger and its branch with the landings; null if they do not exist. */
type CopyTips = { readonly ledger: Sha | null; readonly landed: Sha | null };

/**
 * Brings landed work and the ledger into the person's repository, as a growing branch. Changes neither the work tree nor a
 * branch of the person. Returns the branch; null if nothing landed. Calls wait for each other, because each may create the branch.
 */
export const openWayHome = (route: HomeRoute, book: LandedBook): (() => Promise<string | null>) => {
  let last: Promise<string | null> = Promise.resolve(null);
  let atHome: CopyTips = { ledger: null, landed: null };
  const bring = async (): Promise<string | null> => {
    const { execution, landedBranch } = book.read();
    if (execution === null) return null;
    const copy: GitContext = { directory: route.from, after: route.after };
    const landed = await readRef(copy, toBranchRef(route.branch));
    const tips = { ledger: await readRef(copy, LEDGER_REF), landed: landed === route.start ? null : landed };
    if (tips.ledger === atHome.ledger && tips.landed === atHome.landed && (await isAtHome(route, landedBranch))) return landedBranch;
    const branch = await bringHome(route, book, { ...tips, execution, landedBranch });
    atHome = tips;
    return branch;
  };
  return () => (last = last.then(bring, bring));
};

/** Whether the branch is still there; a person may delete it during the run. */
const isAtHome = async ({ home, after }: HomeRoute, branch: string | null): Promise<boolean> => {
  if (branch === null) return true;
  const ref = toBranchRef(branch);
  // The folder of git holds refs as files, which need no process; a linked work tree has no such folder.
  const folder = [join(home, ".git"), home].find((each) => existsSync(join(each, "HEAD")));
  if (folder !== undefined) return (await readRef({ directory: folder, after }, ref)) !== null;
  return (await runGit({ directory: home, after }, ["show-ref", "--verify", "--quiet", "--", ref])).code === 0;
};

type HomeBound = CopyTips & { readonly execution: string; readonly landedBranch: string | null };

const bringHome = async (
  { from, home, branch, after }: HomeRoute,
  { write }: LandedBook,
  { ledger, landed, execution, landedBranch }: HomeBound,
): Promise<string | null> => {
  const at: GitContext = { directory: home, after };
  const records = ledger === null ? [] : [`+${LEDGER_REF}:${RUN_LEDGERS_PREFIX}${execution}`];
  const landingsInto = (name: string): string => `${toBranchRef(branch)}:${toBranchRef(name)}`;
  if (landed === null) {
    if (records.length > 0) await runGitOrThrow(at, [...FETCH_WORDS, from, ...records]);
    return landedBranch;
  }
  // The person's checked-out or changed branches stay. One fetch, because each takes several processes of git.
  if (landedBranch !== null && (await runGit(at, [...FETCH_WORDS, from, ...records, landingsInto(landedBranch)])).code === 0)
    return landedBranch;
  const name = await findFreeBranchName(at, `enki/${execution}`);
  // Written first: a later process cannot distinguish the branch of a killed process from a person's.
  await write({ landedBranch: name });
  await runGitOrThrow(at, [...FETCH_WORDS, from, ...records, landingsInto(name)]);
  return name;
};

/** Existing branches belong to the person, so a free name is found. */
const findFreeBranchName = async (home: GitContext, wanted: string): Promise<string> => {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if ((await runGit(home, ["show-ref", "--verify", "--quiet", toBranchRef(name)])).code !== 0) return name;
  }
};
