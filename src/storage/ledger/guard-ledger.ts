import type { RefMove } from "../../core/domain/decision.ts";
import type { Event } from "../../core/domain/event.ts";
import type { ExecutionId, RefName, Sha } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { RepositoryRefs } from "../../core/domain/query.ts";
import {
  ARCHIVE_REF,
  LEDGER_REF,
  PROOFS_REF,
  readRefusedRef,
  REFUSED_PREFIX,
  toRefusedProofsRef,
  toRefusedRef,
} from "../../core/domain/refs.ts";
import { listRefsBelow } from "./refs-below.ts";
import type { RepositoryClone } from "../git/repository-clone.ts";
import { GitError } from "../git/run-git.ts";
import { openSignedCommit, type OpenedCommit } from "../git/signed-commit.ts";
import { isAdoption, isSealedFor, type LedgerSeal } from "./ledger-keys.ts";

/** Refs whose content Enki believes: each of their commits is signed. */
const GUARDED_REFS: readonly RefName[] = [LEDGER_REF, ARCHIVE_REF, PROOFS_REF];
/** Refs of this clone only, never fetched: the newest verified commits. */
const toVerifiedRef = (ref: RefName): RefName => ref.replace("refs/enki/", "refs/enki-verified/");
/** At most this many foreign commits are kept for people to look at. */
const MAX_REFUSED_REFS = 20;
/** Lost races in a row before the guard gives up. */
const MAX_RESTORATIONS = 5;

/** A ref with a foreign commit, and its restored value; null for a missing ref. */
export type Restoration = { readonly ref: RefName; readonly foreign: Sha | null; readonly restored: Sha | null };

/** The ledger exists, but none of its commits has a valid signature. */
export class UnsignedLedgerError extends GitError {}

export type LedgerGuard = {
  /**
   * Verifies the guarded refs after a fetch and restores the foreign ones. Returns the refs afterwards. Throws
   * {@link UnsignedLedgerError} if no commit of the ledger is signed.
   */
  readonly verify: () => Promise<RepositoryRefs>;
  /** Moves of this clone's own refs, which remember verified commits after a restart. */
  readonly toOwnMoves: (moves: readonly RefMove[]) => readonly RefMove[];
  /** Records the pushes of this process. */
  readonly remember: (moves: readonly RefMove[]) => void;
};

export type GuardOptions = {
  readonly clone: RepositoryClone;
  readonly seal: LedgerSeal;
  readonly reportRestored: (restoration: Restoration) => void;
};

/** Accepts the ledger and the archive only if each commit since the last verified one is signed. */
export const openLedgerGuard = ({ clone, seal, reportRestored }: GuardOptions): LedgerGuard => {
  const verified = new Map<RefName, Sha | null>();
  const verifiedTip = async (ref: RefName): Promise<Sha | null> => {
    const known = verified.has(ref) ? (verified.get(ref) ?? null) : await clone.readRef(toVerifiedRef(ref));
    verified.set(ref, known);
    return known;
  };
  const remember = (moves: readonly RefMove[]): void => {
    for (const { ref, newSha } of moves) if (GUARDED_REFS.includes(ref)) verified.set(ref, newSha);
  };
  const findRestorations = async (refs: RepositoryRefs): Promise<readonly Restoration[]> => {
    const found: Restoration[] = [];
    for (const ref of GUARDED_REFS) {
      const [tip, remembered] = [refs[ref] ?? null, await verifiedTip(ref)];
      if (tip === remembered) continue;
      // A clone that was created again may lack the commit.
      const known = remembered !== null && (await clone.isCommit(remembered)) ? remembered : null;
      const right = tip === null ? known : await findSignedTip({ clone, seal, ref }, tip, known);
      if (right === null && tip !== null && ref === LEDGER_REF) throw new UnsignedLedgerError(explainUnsignedLedger(tip));
      if (right !== tip) found.push({ ref, foreign: tip, restored: right });
      else {
        const move = [{ ref, oldSha: known, newSha: right }];
        await clone.moveOwnRefs(toOwnMoves(move));
        remember(move);
      }
    }
    return found;
  };
  return {
    toOwnMoves,
    remember,
    verify: async () => {
      for (let attempt = 0; attempt < MAX_RESTORATIONS; attempt += 1) {
        const refs = await clone.refs();
        if (await deleteRefsBelow(clone, refs)) continue;
        const found = await findRestorations(refs);
        if (found.length === 0) return refs;
        const moves = found.map(({ ref, foreign, restored }) => ({ ref, oldSha: foreign, newSha: restored }));
        const end = await clone.push([...moves, ...toRefusedMoves(refs, found)], toOwnMoves(moves));
        if (end.kind === "pushed") {
          remember(moves);
          for (const each of found) reportRestored(each);
        } else if (end.kind === "not-allowed" || end.kind === "not-sent")
          throw new GitError(`the ledger could not be restored: ${end.text}`);
        else await clone.fetch();
      }
      throw new GitError(`the ledger could not be restored in ${MAX_RESTORATIONS} attempts`);
    },
  };
};

const toOwnMoves = (moves: readonly RefMove[]): readonly RefMove[] =>
  moves.filter(({ ref }) => GUARDED_REFS.includes(ref)).map((move) => ({ ...move, ref: toVerifiedRef(move.ref) }));

/** Deletes refs below guarded ones, in a push of its own: git cannot delete a folder of refs and create a ref of its name at once. */
const deleteRefsBelow = async (clone: RepositoryClone, refs: RepositoryRefs): Promise<boolean> => {
  const below = listRefsBelow(refs, GUARDED_REFS);
  if (below.length > 0 && (await clone.push(below)).kind !== "pushed") await clone.fetch();
  return below.length > 0;
};

const explainUnsignedLedger = (tip: Sha): string =>
  `The ledger at ${tip.slice(0, 12)} is not signed with a key that Enki knows, so nothing in it counts. Look at it, then sign it: enki ledger sign <address>`;

/** Keeps foreign commits for people to look at. */
const toRefusedMoves = (refs: RepositoryRefs, found: readonly Restoration[]): RefMove[] => {
  const room = MAX_REFUSED_REFS - Object.keys(refs).filter((ref) => ref.startsWith(REFUSED_PREFIX)).length;
  const kept = new Map<RefName, Sha>();
  for (const { ref, foreign } of found)
    if (foreign !== null) kept.set(ref === PROOFS_REF ? toRefusedProofsRef(foreign) : toRefusedRef(foreign), foreign);
  const moves = [...kept].filter(([ref]) => refs[ref] === undefined).map(([ref, newSha]) => ({ ref, oldSha: null, newSha }));
  return moves.slice(0, Math.max(0, room));
};

/** Refused ledgers as events, until they are reported to people. */
export const loadRefusedLedgers = async (clone: RepositoryClone, refs: RepositoryRefs, ledger: Ledger): Promise<Event[]> => {
  const events: Event[] = [];
  const tip = refs[LEDGER_REF];
  for (const [ref, foreign] of Object.entries(refs)) {
    const id = `ledger:${foreign}` as const;
    if (readRefusedRef(ref) !== foreign || tip === undefined || ledger.handledEvents[id] !== undefined) continue;
    events.push({ kind: "ledger-refused", id, foreign, executions: readExecutionIds((await clone.changedPaths(tip, foreign)) ?? []) });
  }
  return events;
};

const readExecutionIds = (paths: readonly string[]): ExecutionId[] => [
  ...new Set(paths.flatMap((path) => /^(?:executions|answers|artifacts)\/([0-9a-f]{6,64})\//.exec(path)?.[1] ?? [])),
];

type SignedChain = { readonly clone: RepositoryClone; readonly seal: LedgerSeal; readonly ref: RefName };
const COMMITS_PER_READ = 2_000;

/**
 * The commit that a guarded ref should be at, given its tip and the last verified commit: the tip if every commit between them is signed,
 * otherwise the newest signed commit in an unbroken line, or the verified one. Null if nothing is signed.
 */
const findSignedTip = async (chain: SignedChain, tip: Sha, known: Sha | null): Promise<Sha | null> => {
  const line = await chain.clone.firstParents(tip, known);
  if (line === null || line.length === 0) return known;
  const { newest, onto } = await findNewestSigned(chain, line);
  if (newest === null || known === null || onto === known) return newest?.id ?? known;
  return (await isLaterThan(chain, newest, known)) ? newest.id : known;
};

type SignedEnd = { readonly newest: { readonly id: Sha; readonly at: number } | null; readonly onto: Sha | null };

/** The newest commit of an unbroken signed line, and the commit that the line continues. */
const findNewestSigned = async (chain: SignedChain, line: readonly Sha[]): Promise<SignedEnd> => {
  // The oldest commit is a root or continues a verified commit.
  let isUnbroken = true;
  let newest: SignedEnd["newest"] = null;
  let onto: Sha | null = null;
  for await (const { id, commit } of readLine(chain, line)) {
    if (commit === null) isUnbroken = false;
    else if (isUnbroken || isAdoption(commit.message)) {
      isUnbroken = true;
      newest = { id, at: commit.at };
    }
    if (id === line.at(-1)) onto = commit?.parents[0] ?? null;
  }
  return { newest, onto };
};

/** The commits of a line with their signed content, oldest first; null for a commit without a signature for this ref. */
async function* readLine(chain: SignedChain, line: readonly Sha[]): AsyncGenerator<{ id: Sha; commit: OpenedCommit | null }> {
  const ids = line.toReversed();
  for (let start = 0; start < ids.length; start += COMMITS_PER_READ) {
    const part = ids.slice(start, start + COMMITS_PER_READ);
    const objects = await chain.clone.commitObjects(part);
    for (const id of part) yield { id, commit: openSealed(chain, objects.get(id)) };
  }
}

const openSealed = ({ seal, ref }: SignedChain, object: Buffer | undefined): OpenedCommit | null => {
  const opened = object === undefined ? null : openSignedCommit(object);
  if (opened === null || opened.parents.length > 1 || !isSealedFor(opened.message, seal, ref)) return null;
  return seal.keys.isSigned(opened.payload, opened.signature) ? opened : null;
};

/**
 * Whether a signed line that leaves the verified one was written later: then another process continued from an older commit. Every process
 * decides alike, and an old line that somebody pushes again never wins.
 */
const isLaterThan = async (chain: SignedChain, newest: { readonly id: Sha; readonly at: number }, known: Sha): Promise<boolean> => {
  const object = (await chain.clone.commitObjects([known])).get(known);
  const opened = object === undefined ? null : openSignedCommit(object);
  if (opened === null) return true;
  return newest.at === opened.at ? newest.id > known : newest.at > opened.at;
};
