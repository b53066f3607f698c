import type { Sha } from "../../src/core/domain/ids.ts";
import type { Step } from "../../src/core/domain/step.ts";
import type { LandingTrailers } from "../../src/core/messages/commit-messages.ts";

/** A first-parent commit of the base, with its trailers about the landed step. */
export type LandedCommit = { readonly commit: Sha; readonly tree: Sha; readonly trailers: LandingTrailers | null };

/** Whether a need is met: the needed step landed, or ended without anything to land. */
export const isStepLanded = (needed: Step, hasLanded: (task: string) => boolean, task: string): boolean =>
  needed.landed !== null || hasLanded(task) || needed.state === "done" || needed.state === "skipped";
