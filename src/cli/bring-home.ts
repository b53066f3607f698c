import { type GitContext, runGit, runGitOrThrow, type TimerStarter } from "../storage/git/run-git.ts";
import type { BranchName, Sha } from "../core/domain/ids.ts";
import { LEDGER_REF, toBranchRef } from "../core/domain/refs.ts";
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

const readTip = async (at: GitContext, ref: string): Promise<string> =>
  (await runGit(at, ["rev-parse", "--verify", "-q", ref])).stdout.toString("utf8").trim();

const FETCH_WORDS = ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"];

/**
 * Brings landed work and the ledger into the person's repository, as a growing branch. Changes neither the work tree nor a
 * branch of the person. Returns the branch; null if nothing landed. Calls wait for each other, because each may create the branch.
 */
export const openWayHome = (route: HomeRoute, book: LandedBook): (() => Promise<string | null>) => {
  let last: Promise<string | null> = Promise.resolve(null);
  const bring = (): Promise<string | null> => bringHome(route, book);
  return () => (last = last.then(bring, bring));
};

const bringHome = async ({ from, home, branch, start, after }: HomeRoute, { read, write }: LandedBook): Promise<string | null> => {
  const { execution, landedBranch } = read();
  if (execution === null) return null;
  const at: GitContext = { directory: home, after };
  const copy: GitContext = { directory: from, after };
  if ((await readTip(copy, LEDGER_REF)) !== "")
    await runGitOrThrow(at, [...FETCH_WORDS, from, `+${LEDGER_REF}:${RUN_LEDGERS_PREFIX}${execution}`]);
  const tip = await readTip(copy, toBranchRef(branch));
  if (tip === start || tip === "") return landedBranch;
  const fetchInto = (name: string): string[] => [...FETCH_WORDS, from, `${toBranchRef(branch)}:${toBranchRef(name)}`];
  // The person's checked-out or changed branches stay.
  if (landedBranch !== null && (await runGit(at, fetchInto(landedBranch))).code === 0) return landedBranch;
  const name = await findFreeBranchName(at, `enki/${execution}`);
  // Written first: a later process cannot distinguish the branch of a killed process from a person's.
  await write({ landedBranch: name });
  await runGitOrThrow(at, fetchInto(name));
  return name;
};

/** Existing branches belong to the person, so a free name is found. */
const findFreeBranchName = async (home: GitContext, wanted: string): Promise<string> => {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? wanted : `${wanted}-${count}`;
    if ((await runGit(home, ["show-ref", "--verify", "--quiet", toBranchRef(name)])).code !== 0) return name;
  }
};
