import type { Base } from "../model/ids.ts";
import type { LandingMode } from "../model/query.ts";
import type { Terms } from "../model/queue.ts";
import { code, sentence } from "./escape.ts";

const HOW: Readonly<Record<LandingMode, string>> = {
  exact: "the verified commit is pushed",
  each: "pull requests are merged one at a time",
  batch: "what is green together is merged as one pull request",
};

/** How work lands on a base, and why so. */
export const landsHow = (base: Base, { mode, why }: Pick<Terms, "mode" | "why">): string =>
  `On ${code(base)} ${HOW[mode]} (${mode}): ${sentence(why).replace(/\.?$/, ".")}`;
