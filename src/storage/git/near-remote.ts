import type { RefMove } from "../../core/domain/decision.ts";
import type { RefName, Sha } from "../../core/domain/ids.ts";
import { LEDGER_REF } from "../../core/domain/refs.ts";
import { writeRefs } from "./bare-clone.ts";
import { type CloneOptions, type CloneRemote, toRemotePullRef } from "./clone-remote.ts";
import { pushNear } from "./push-near.ts";
import { pushRefs, type PushResult } from "./push-refs.ts";
import { REF_FOLDERS } from "./ref-folders.ts";
import { listRefs, readRef } from "./read-refs.ts";
import { hasRefFiles, readRefFile, readRefFolders } from "./ref-files.ts";
import { createTokenEnv, type GitContext } from "./run-git.ts";

/** How often refs are read again while a push moves them, and how long each wait takes. */
const MAX_SNAPSHOT_READS = 20;
const MOVE_WAIT_MS = 5;

/** The refs between two pushes. A push locks all its refs before it moves the first, and the coordinator's pushes move the ledger. */
const readRefSnapshot = async ({ directory, after }: GitContext): Promise<Map<RefName, Sha>> => {
  for (let read = 1; ; read += 1) {
    const before = readRefFile(directory, LEDGER_REF);
    const { refs, isMoving } = readRefFolders(directory, REF_FOLDERS);
    const ledger = refs.get(LEDGER_REF) ?? null;
    const isWhole = !isMoving && before === ledger && readRefFile(directory, LEDGER_REF) === ledger;
    // A lock that a dead process left never ends.
    if (isWhole || read === MAX_SNAPSHOT_READS) return refs;
    await new Promise<void>((resolve) => void after(MOVE_WAIT_MS, resolve));
  }
};

/** Reads the refs of a remote on this machine from its files instead of fetching; see CloneOptions.near. */
export const connectNearRemote = (running: GitContext, { url, token }: CloneOptions, near: string): CloneRemote => {
  let known = new Map<RefName, Sha>();
  const remote: GitContext = { ...running, directory: near };
  const readRefs = async (): Promise<void> => {
    known = await (hasRefFiles(near) ? readRefSnapshot(remote) : listRefs(remote, REF_FOLDERS));
  };
  const push = async (moves: readonly RefMove[]): Promise<PushResult> => {
    const key = await token();
    return /^https?:/.test(url)
      ? pushNear(running, { url, token: key, near }, moves)
      : pushRefs({ ...running, env: createTokenEnv(key) }, url, moves);
  };
  return {
    refs: () => Promise.resolve(Object.fromEntries(known)),
    fetch: readRefs,
    fetchLedger: readRefs,
    // Reading the refs once, as for the ledger, returns all of them.
    fetchForJob: () => Promise.resolve(),
    fetchMissing: () => Promise.resolve(),
    fetchSnapshot: readRefs,
    fetchPullHead: (pull) => readRef(remote, toRemotePullRef(pull)),
    remoteRef: (ref) => readRef(remote, ref),
    push: async (moves, ownMoves) => {
      const end = await push(moves);
      if (end.kind !== "pushed") return end;
      for (const { ref, newSha } of moves) {
        if (newSha === null) known.delete(ref);
        else known.set(ref, newSha);
      }
      await writeRefs(running, ownMoves ?? []);
      return end;
    },
    moveOwnRefs: (moves) => writeRefs(running, moves),
  };
};
