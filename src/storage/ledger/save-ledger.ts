import type { RepositoryClone } from "../git/repository-clone.ts";
import { GitError } from "../git/run-git.ts";
import type { RefMove } from "../../core/domain/decision.ts";
import type { Event } from "../../core/domain/event.ts";
import type { Millis, RefName, Sha } from "../../core/domain/ids.ts";
import type { Ledger } from "../../core/domain/ledger.ts";
import type { TextCommit } from "../../core/domain/text-commit.ts";
import { ARCHIVE_REF, isWorkRef, ATTEMPTS_REF, LEDGER_REF, PROOFS_REF, readTaskRef } from "../../core/domain/refs.ts";
import type { LedgerGuard } from "./guard-ledger.ts";
import { type LedgerSeal, writeSealedCommit } from "./ledger-keys.ts";
import { toArchiveFiles, INPUTS_FILE, toLedgerFiles } from "./ledger-files.ts";

export type LedgerWrite = {
  readonly before: Ledger;
  /** Ledger commit that `before` was read from. */
  readonly head: Sha | null;
  readonly after: Ledger;
  readonly notes: readonly string[];
  readonly moves: readonly RefMove[];
  /** Result commits to keep: more parents of the one ref that holds them. */
  readonly attempts: readonly Sha[];
  /** Commits of texts, stored and kept like results. */
  readonly texts?: readonly TextCommit[];
  readonly attemptsTip: Sha | null;
  readonly archiveTip: Sha | null;
  /** Moves of the ref with the proofs of landings. */
  readonly proofMoves?: readonly RefMove[];
  /** Inputs of the decision. */
  readonly inputs: unknown;
  readonly at: Millis;
  /** Signs the ledger and the archive; absent without a key. */
  readonly guard?: SealedGuard | undefined;
  /** Unique per write: git reports "up to date" to the loser of two equal commits. */
  readonly nonce: string;
};

type SealedGuard = Pick<LedgerGuard, "toOwnMoves"> & { readonly seal: LedgerSeal };

export type LedgerSaveResult =
  | { readonly kind: "saved"; readonly head: Sha; readonly moves: readonly RefMove[] }
  | { readonly kind: "ledger-moved" }
  | { readonly kind: "refused"; readonly event: Event };

/** Writes ledger and refs in one atomic push. Throws if the push was not sent; an unclear push is read back and fenced. */
export const saveLedger = async (clone: RepositoryClone, write: LedgerWrite): Promise<LedgerSaveResult> => {
  await requireForwardMoves(clone, write.moves);
  const blocked = await findBlockedRef(clone, write.moves);
  if (blocked) return { kind: "refused", event: { kind: "save-refused", reason: "not-allowed", ...blocked } };
  const commit = await commitLedger(clone, write);
  const moves = [
    { ref: LEDGER_REF, oldSha: write.head, newSha: commit },
    ...write.moves,
    ...(await createAttemptsMove(clone, write)),
    ...(await createArchiveMove(clone, write)),
    ...(write.proofMoves ?? []),
  ];
  const end = await clone.push(moves, write.guard?.toOwnMoves(moves));
  switch (end.kind) {
    case "pushed":
      return { kind: "saved", head: commit, moves };
    case "stale": {
      const other = end.refs.find((ref) => ref !== LEDGER_REF && !ref.startsWith(PROOFS_REF));
      if (end.refs.includes(LEDGER_REF) || other === undefined) return { kind: "ledger-moved" };
      return { kind: "refused", event: { kind: "save-refused", ref: other, reason: "moved", text: end.text } };
    }
    case "not-allowed":
      // A rule of the server may forbid the proofs' ref: a landing never waits for its proof.
      if (end.ref.startsWith(PROOFS_REF) && write.proofMoves?.length) return saveLedger(clone, { ...write, proofMoves: [] });
      if (!isWorkRef(end.ref)) throw new GitError(`${end.ref} may not be written: ${end.text}`);
      return { kind: "refused", event: { kind: "save-refused", ref: end.ref, reason: "not-allowed", text: end.text } };
    case "not-sent":
      throw new GitError(`nothing was pushed: ${end.text}`);
    case "unclear":
      return (await confirmOrFenceWrite(clone, write, commit)) ? { kind: "saved", head: commit, moves } : { kind: "ledger-moved" };
  }
};

/** A lease permits non-fast-forward moves, so backward moves are rejected before the push. Task branches may be rewritten. */
const requireForwardMoves = async (clone: RepositoryClone, moves: readonly RefMove[]): Promise<void> => {
  for (const { ref, oldSha, newSha } of moves) {
    if (!ref.startsWith("refs/heads/") || readTaskRef(ref) || oldSha === null || newSha === null || oldSha === newSha) continue;
    if (!(await clone.isAncestor(oldSha, newSha)))
      throw new GitError(`${ref} would go from ${oldSha} to ${newSha}, which does not contain it`);
  }
};

/** Finds a new ref that clashes with an existing ref or folder name: git's message for a clash resembles the message for a race. */
const findBlockedRef = async (clone: RepositoryClone, moves: readonly RefMove[]): Promise<{ ref: RefName; text: string } | null> => {
  const created = moves.filter(({ oldSha, newSha }) => oldSha === null && newSha !== null);
  const there = created.length === 0 ? [] : Object.keys(await clone.refs());
  for (const { ref } of created) {
    const other = there.find((each) => each.startsWith(`${ref}/`) || ref.startsWith(`${each}/`));
    if (other !== undefined) return { ref, text: `\`${other}\` is in the way of \`${ref}\`` };
  }
  return null;
};

const commitLedger = async (clone: RepositoryClone, write: LedgerWrite): Promise<Sha> => {
  const changed = toLedgerFiles(write.head === null ? null : write.before, write.after);
  changed.set(INPUTS_FILE, `${JSON.stringify(write.inputs)}\n`);
  const files = new Map([...changed].map(([path, content]) => [path, content === null ? null : { content, mode: "100644" as const }]));
  const tree = await clone.writeFiles(write.head, files);
  const [first = "Learn what became of effects", ...rest] = write.notes.map((note) => note.replaceAll(/\s+/g, " "));
  const message = [first, "", ...(rest.length > 0 ? [...rest, ""] : []), `Enki-Write: ${write.nonce}`].join("\n");
  const commit = { tree, parents: write.head === null ? [] : [write.head], message, at: write.at };
  return writeSealedCommit(clone, write.guard?.seal, { ...commit, ref: LEDGER_REF });
};

const createAttemptsMove = async (clone: RepositoryClone, write: LedgerWrite): Promise<RefMove[]> => {
  const { texts = [] } = write;
  for (const text of texts) await clone.writeTextCommit(text);
  const kept = [...write.attempts, ...texts.map(({ id }) => id)];
  if (kept.length === 0) return [];
  const tree = await clone.writeFiles(null, new Map());
  const parents = [...(write.attemptsTip === null ? [] : [write.attemptsTip]), ...kept];
  const commit = await clone.writeCommit({ tree, parents, message: `Keep ${kept.length} results`, at: write.at });
  return [{ ref: ATTEMPTS_REF, oldSha: write.attemptsTip, newSha: commit }];
};

/** The archive receives removed executions in the same push. */
const createArchiveMove = async (clone: RepositoryClone, { before, after, archiveTip, at, guard }: LedgerWrite): Promise<RefMove[]> => {
  const files = toArchiveFiles(before, after);
  if (files.size === 0) return [];
  const contents = new Map([...files].map(([path, content]) => [path, { content, mode: "100644" as const }]));
  const tree = await clone.writeFiles(archiveTip, contents);
  const parents = archiveTip === null ? [] : [archiveTip];
  const commit = { ref: ARCHIVE_REF, tree, parents, message: "Archive what is over", at };
  return [{ ref: ARCHIVE_REF, oldSha: archiveTip, newSha: await writeSealedCommit(clone, guard?.seal, commit) }];
};

/** Reports whether an unclear push arrived. If not, a fence on the old value makes a late arrival of the push fail. */
const confirmOrFenceWrite = async (clone: RepositoryClone, write: LedgerWrite, commit: Sha): Promise<boolean> => {
  await clone.fetch();
  const tip = (await clone.refs())[LEDGER_REF] ?? null;
  if (tip !== null && tip !== write.head) return clone.isAncestor(commit, tip).catch(() => false);
  // Drops the previous write's inputs; a replay would decide them again.
  const tree = await clone.writeFiles(write.head, new Map(write.head === null ? [] : [[INPUTS_FILE, null]]));
  const parents = write.head === null ? [] : [write.head];
  const fence = await writeSealedCommit(clone, write.guard?.seal, {
    ref: LEDGER_REF,
    tree,
    parents,
    message: `Fence off an unclear write\n\nEnki-Write: ${write.nonce}-fence`,
    at: write.at,
  });
  await clone.push([{ ref: LEDGER_REF, oldSha: write.head, newSha: fence }]);
  await clone.fetch();
  const now = (await clone.refs())[LEDGER_REF];
  return now !== undefined && clone.isAncestor(commit, now).catch(() => false);
};
