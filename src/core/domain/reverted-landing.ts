import type { LandingProof } from "./landing-proof.ts";
import type { Sha, TaskId } from "./ids.ts";
import type { Step } from "./step.ts";

/** The landing of another step, as far as the ledger knows which commits belong to it. */
export type RevertedLanding = {
  readonly task: TaskId;
  /** The commit that landed the step; for a landing by hand, the tip of the base when Enki noticed. */
  readonly commit: Sha;
  readonly head: Sha;
  /** The base tip on which the head was made; absent if unknown. */
  readonly baseTip?: Sha;
  readonly pull: number | null;
  /**
   * The merge method and the base tip before the landing; absent if the landing has no proof, for example because a person merged the
   * step.
   */
  readonly proven?: Pick<LandingProof, "method" | "onto">;
};

/** The record of a landed step for an undo; null if the step landed nothing. */
export const toRevertedLanding = (task: TaskId, { landed, head, pull }: Step): RevertedLanding | null =>
  landed && head
    ? {
        task,
        commit: landed.commit,
        head: head.sha,
        ...(head.baseTip !== undefined && { baseTip: head.baseTip }),
        pull,
        ...(landed.proof && { proven: { method: landed.proof.method, onto: landed.proof.onto } }),
      }
    : null;
