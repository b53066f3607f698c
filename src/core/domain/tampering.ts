import type { Sha } from "./ids.ts";

/**
 * The ways in which a change weakens its judges: tests, snapshots, coverage and CI. `deleted`: a test is gone. `skipped`: a test no longer
 * runs. `weakened`: a test checks less. `snapshot`: an expected output was rewritten. `coverage`, `ci`, `settings`: the configuration of
 * coverage, CI or tests changed. `unread`: the file is too large to be judged.
 */
export type TamperingKind = "deleted" | "skipped" | "weakened" | "snapshot" | "coverage" | "ci" | "settings" | "unread";

/** A file that deletes, skips or weakens a judge of its change. */
export type TamperingFinding = { readonly path: string; readonly kind: TamperingKind };

/** The coordinator's findings in a head. An empty list needs no approval. */
export type HeadTampering = {
  readonly head: Sha;
  readonly findings: readonly TamperingFinding[];
};

export type JudgedHead = { readonly head: { readonly sha: Sha } | null; readonly tampering?: HeadTampering };

/** The findings in the present head of a step. */
export const listFindings = ({ head, tampering }: JudgedHead): readonly TamperingFinding[] =>
  tampering !== undefined && tampering.head === head?.sha ? tampering.findings : [];

/** Whether a person must approve the present head because of its findings. */
export const isTampering = (step: JudgedHead): boolean => listFindings(step).length > 0;
