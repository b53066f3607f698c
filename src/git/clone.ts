import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import type { RefMove } from "../model/decision.ts";
import type { Millis, RefName, Sha } from "../model/ids.ts";
import type { Answers, Query, Refs } from "../model/query.ts";
import { buildChain, buildRevert, buildWork } from "./candidates.ts";
import { buildRejoined } from "./rejoined.ts";
import { buildCarry, findGround } from "./carries.ts";
import { mergeOf } from "./merges.ts";
import { ARCHIVE, LEDGER } from "../model/refs.ts";
import { readConflicts, readMissing } from "./conflicts.ts";
import { beginResolution, buildResolution } from "./resolutions.ts";
import {
  type Identity,
  isAncestor,
  isCommit,
  type NewCommit,
  type NewFiles,
  readBlobs,
  textAt,
  writeCommit,
  writeFiles,
} from "./objects.ts";
import { push, type Pushed } from "./push.ts";
import { type After, git, GitError, runGit, type Running, tokenEnv } from "./run.ts";
import { listTree } from "./tree.ts";

export type CloneOptions = {
  readonly url: string;
  /** A directory of our own: a cache that is made again when it is broken. */
  readonly directory: string;
  /** Read for each command, since tokens expire. */
  readonly token: () => Promise<string | undefined>;
  readonly identity: Identity;
  readonly after: After;
};

/** A bare clone of what Enki needs: branches and its own refs. One process and one command at a time for each directory. */
export type Clone = Awaited<ReturnType<typeof openClone>>;

const REFSPECS = ["+refs/heads/*:refs/heads/*", "+refs/enki/*:refs/enki/*"];

export const openClone = async (options: CloneOptions) => {
  const running: Running = { directory: options.directory, after: options.after };
  await prepare(running);
  return {
    directory: options.directory,
    running,
    identity: options.identity,
    ...exchange(running, options),
    ...reading(running),
    ...building(running, options.identity),
  };
};

/** What a job needs of Enki's own: how the ledger came to what it says, and what it said of executions that are over, only grows. */
const OF_A_JOB = [...REFSPECS, `^${LEDGER}`, `^${ARCHIVE}`];
const QUIET = ["-q", "--no-tags", "--force", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules"];
const BROKEN = /\.lock|File exists|cannot lock ref|bad object|unable to read/;

/** What speaks with the other side. */
const exchange = (running: Running, { url, directory, token }: CloneOptions) => {
  const remote = async (): Promise<Running> => ({ ...running, env: tokenEnv(await token()) });
  const fetch = async (...args: readonly string[]): Promise<string | null> => {
    const { code, stderr } = await runGit(await remote(), ["fetch", ...QUIET, ...args]);
    return code === 0 ? null : stderr;
  };
  return {
    /** Brings branches and Enki's refs here; what is gone there is gone here. A broken clone is made again. */
    fetch: async (): Promise<void> => {
      const first = await fetch("--prune", url, ...REFSPECS);
      if (first === null) return;
      if (!BROKEN.test(first)) throw new GitError(`git fetch: ${first.trim()}`);
      await rm(directory, { recursive: true, force: true });
      await prepare(running);
      const second = await fetch("--prune", url, ...REFSPECS);
      if (second !== null) throw new GitError(`git fetch: ${second.trim()}`);
    },
    /** Brings the same into a clone that was just made for one job, of the ledger only what it says now. */
    fetchForJob: async (): Promise<void> => {
      // The ledger first: what it names was pushed with it or before.
      const ledger = await fetch("--depth=1", url, `+${LEDGER}:${LEDGER}`);
      const failed = ledger === null || ledger.includes("couldn't find remote ref") ? await fetch(url, ...OF_A_JOB) : ledger;
      if (failed !== null) throw new GitError(`git fetch: ${failed.trim()}`);
    },
    /** Moves refs there in one push, then here. */
    push: async (moves: readonly RefMove[]): Promise<Pushed> => {
      const end = await push(await remote(), url, moves);
      if (end.kind === "pushed") await mirror(running, moves);
      return end;
    },
  };
};

/** Committer time in milliseconds. */
type FoundCommit = { readonly commit: Sha; readonly at: Millis; readonly message: string; readonly own: boolean };

/** What reads the local object store. */
const reading = (running: Running) => ({
  /** The refs as they were fetched or pushed last. */
  refs: async (): Promise<Refs> => {
    const out = await git(running, ["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/enki"]);
    const pairs = out.split("\n").flatMap((line): [RefName, Sha][] => {
      const [ref, sha] = line.split(" ");
      return ref && sha ? [[ref, sha]] : [];
    });
    return Object.fromEntries(pairs);
  },
  /** Files of a commit whose path starts with one of these prefixes, or that are wanted; all of them when nothing is said. */
  readFiles: async (commit: Sha, which: readonly string[] | ((path: string) => boolean) = [""]): Promise<Map<string, Buffer>> => {
    const isWanted = typeof which === "function" ? which : (path: string) => which.some((prefix) => path.startsWith(prefix));
    const entries = [...(await listTree(running, commit))].filter(([path, { mode }]) => mode !== "160000" && isWanted(path));
    const blobs = await readBlobs(running, [...new Set(entries.map(([, { sha }]) => sha))]);
    const files = entries.flatMap(([path, { sha }]) => {
      const content = blobs.get(sha);
      return content ? [[path, content] as const] : [];
    });
    return new Map(files);
  },
  textAt: (commit: Sha, path: string): Promise<string | null> => textAt(running, commit, path),
  isCommit: (id: Sha): Promise<boolean> => isCommit(running, id),
  isAncestor: (commit: Sha, tip: Sha): Promise<boolean> => isAncestor(running, commit, tip),
  ground: (query: Extract<Query, { kind: "ground" }>): Promise<Answers["ground"]> => findGround(running, query),
  mergeOf: (query: Extract<Query, { kind: "merge-of" }>): Promise<Answers["merge-of"]> => mergeOf(running, query),
  missing: (sides: Parameters<typeof readMissing>[1]): Promise<string[]> => readMissing(running, sides),
  /** Messages of the first parents of a commit, oldest first, each with its commit. */
  history: async (tip: Sha): Promise<{ commit: Sha; message: string }[]> => {
    const out = await git(running, ["log", "--first-parent", "--reverse", "-z", "--format=%H%n%B", tip]);
    return out.split("\0").flatMap((entry) => (entry === "" ? [] : [{ commit: entry.slice(0, 40), message: entry.slice(41) }]));
  },
  /** The commits in a tip that are not in these others and whose message has a line with this start, oldest first; `own` for those on the tip's own line. */
  commitsWith: async (start: string, tip: Sha, without: readonly Sha[]): Promise<FoundCommit[]> => {
    const range = [tip, ...without.map((each) => `^${each}`), "--"];
    const out = await git(running, ["log", "--reverse", "-z", "--format=%H %ct%n%B", `--grep=^${start}`, ...range]);
    const own = new Set((await git(running, ["rev-list", "--first-parent", `--grep=^${start}`, ...range])).split("\n"));
    return out.split("\0").flatMap((entry) => {
      const [, commit, at, message] = /^([0-9a-f]+) (\d+)\n([^]*)$/.exec(entry) ?? [];
      return commit === undefined ? [] : [{ commit, at: Number(at) * 1_000, message: message ?? "", own: own.has(commit) }];
    });
  },
});

/** What writes to the local object store, and nowhere else. */
const building = (running: Running, identity: Identity) => ({
  writeFiles: (on: Sha | null, files: NewFiles): Promise<Sha> => writeFiles(running, on, files),
  writeCommit: (commit: Omit<NewCommit, "by">): Promise<Sha> => writeCommit(running, { ...commit, by: identity }),
  chain: (query: Extract<Query, { kind: "chain" }>): Promise<Answers["chain"]> => buildChain(running, identity, query),
  rejoined: (query: Extract<Query, { kind: "rejoined" }>): Promise<Answers["rejoined"]> => buildRejoined(running, identity, query),
  revert: (query: Extract<Query, { kind: "revert" }>): Promise<Answers["revert"]> => buildRevert(running, identity, query),
  work: (query: Extract<Query, { kind: "work" }>): Promise<Answers["work"]> => buildWork(running, identity, query),
  carry: (query: Extract<Query, { kind: "carry" }>): Promise<Answers["carry"]> => buildCarry(running, identity, query),
  conflicts: (query: Extract<Query, { kind: "conflicts" }>): Promise<Answers["conflicts"]> => readConflicts(running, identity, query),
  resolution: (query: Extract<Query, { kind: "resolution" }>): Promise<Answers["resolution"]> => buildResolution(running, identity, query),
  /** The merge that a resolution begins with, as a commit of this clone alone. */
  beginResolution: (sides: Parameters<typeof beginResolution>[2]): Promise<Sha> => beginResolution(running, identity, sides),
});

const prepare = async (running: Running): Promise<void> => {
  if (existsSync(`${running.directory}/HEAD`)) return;
  await mkdir(running.directory, { recursive: true });
  await git(running, ["init", "-q", "--bare", "."]);
};

/** Our own refs follow what was pushed, so that a save needs no fetch after it. */
const mirror = async (running: Running, moves: readonly RefMove[]): Promise<void> => {
  const lines = moves.map(({ ref, to }) => (to === null ? `delete ${ref}\0\0` : `update ${ref}\0${to}\0\0`));
  await git(running, ["update-ref", "-z", "--stdin"], lines.join(""));
};
