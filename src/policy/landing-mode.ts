import type { LandingMode, Rules } from "../model/query.ts";
import { accept, refuse, type Result } from "../model/refusal.ts";

export type Mode = { readonly mode: LandingMode; readonly why: string };

/** How it was asked to land; `auto` for what the rules allow. And GitHub's words where it refused a push of the base. */
export type Wish = { readonly landing: LandingMode | "auto"; readonly refused: string | null };

/** Rules under which neither a push of merge commits nor a merge of pull requests by Enki gets through. */
const IMPOSSIBLE: Readonly<Record<string, readonly [string, string]>> = {
  merge_queue: ["merge-queue", "only GitHub's merge queue may change it"],
  required_linear_history: ["linear-history", "it may hold no merge commits, and Enki lands merges"],
  required_signatures: ["signatures", "its commits must be signed, and Enki has no key"],
};

/**
 * How work lands on a branch with these rules, and why. Who may bypass rules cannot be read: `[refinery] landing = "exact"` says that Enki may.
 * Refusals: `merge-queue`, `linear-history`, `signatures`, `merge-method`.
 */
export const chooseMode = (base: string, rules: Rules, { landing, refused }: Wish): Result<Mode> => {
  if (landing !== "auto") return accept({ mode: landing, why: "`[refinery] landing` says so" });
  const needsPull = rules.types.includes("pull_request");
  const bad = hindrance(base, rules, needsPull || refused !== null);
  if (bad) return bad;
  if (rules.reviews > 0) return accept({ mode: "each", why: "its rules ask for reviews of each pull request" });
  if (needsPull) return accept({ mode: "batch", why: "its rules let nothing in but pull requests, without a review" });
  if (refused !== null) return accept({ mode: "each", why: `GitHub refused the push: ${refused}` });
  const known = rules.known ? "no rule keeps Enki from pushing what was verified" : "its rules cannot be read, so it is tried";
  return accept({ mode: "exact", why: known });
};

const hindrance = (base: string, { types, methods }: Rules, needsPull: boolean) => {
  const type = types.find((each) => each in IMPOSSIBLE);
  const [code, words] = (type === undefined ? undefined : IMPOSSIBLE[type]) ?? [];
  if (code !== undefined) return impossible(base, code, words ?? "");
  if (!needsPull || methods === null || methods.includes("merge")) return null;
  return impossible(base, "merge-method", `its pull requests may only be merged by ${methods.join(" or ")}, which makes other commits`);
};

const impossible = (base: string, code: string, why: string) =>
  refuse(code, `Nothing can land on \`${base}\`: ${why}.`, 'let Enki bypass the rule, and set [refinery] landing = "exact"');
