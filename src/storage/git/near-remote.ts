import type { RefMove } from "../../core/domain/decision.ts";
import type { RefName, Sha } from "../../core/domain/ids.ts";
import { writeRefs } from "./bare-clone.ts";
import { type CloneOptions, type CloneRemote, REF_FOLDERS, toRemotePullRef } from "./clone-remote.ts";
import { pushNear } from "./push-near.ts";
import { pushRefs, type PushResult } from "./push-refs.ts";
import { listRefFiles, readRefFile } from "./ref-files.ts";
import { createTokenEnv, type GitContext } from "./run-git.ts";

/** Reads the refs of a remote on this machine from its files instead of fetching; see CloneOptions.near. */
export const connectNearRemote = (running: GitContext, { url, token }: CloneOptions, near: string): CloneRemote => {
  let known = new Map<RefName, Sha>();
  const readRefs = (): Promise<void> => {
    known = listRefFiles(near, REF_FOLDERS);
    return Promise.resolve();
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
    fetchForJob: readRefs,
    fetchPullHead: (pull) => Promise.resolve(readRefFile(near, toRemotePullRef(pull))),
    remoteRef: (ref) => Promise.resolve(readRefFile(near, ref)),
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
