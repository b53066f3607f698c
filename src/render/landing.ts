import type { Base } from "../model/ids.ts";
import { type LandingWay, type Terms, wayOf } from "../model/queue.ts";
import { code, sentence } from "./escape.ts";

const HOW: Readonly<Record<LandingWay, string>> = {
  exact: "the verified commit is pushed",
  each: "pull requests are merged one at a time",
  "each-squash": "pull requests are squashed one at a time",
  "each-rebase": "pull requests are rebased one at a time",
  batch: "what is green together is merged as one pull request",
};

/** How work lands on a base, and why so. */
export const landsHow = (base: Base, { mode, method, why }: Pick<Terms, "mode" | "method" | "why">): string =>
  `On ${code(base)} ${HOW[wayOf({ mode, ...(method && { method }) })]} (${mode}): ${sentence(why).replace(/\.?$/, ".")}`;
