import type { Sha } from "../../src/core/domain/ids.ts";
import type { Step } from "../../src/core/domain/step.ts";
import type { LandingTrailers } from "../../src/core/messages/commit-messages.ts";

/** A first-parent commit of the base, with what it says of the step that it lands. */
export type LandedCommit = { readonly commit: Sha; readonly tree: Sha; readonly trailers: LandingTrailers | null };

/** Whether what a step needs is there: landed, or over without anything to land. */
export const isStepLanded = (needed: Step, hasLanded: (task: string) => boolean, task: string): boolean =>
  needed.landed !== null || hasLanded(task) || needed.state === "done" || needed.state === "skipped";
