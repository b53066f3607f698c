import { refuseLandingRule, refuseMergeMethod } from "../messages/refusals/landing.ts";
import { type LandingMode, MERGE_METHODS, type MergeMethod, type BranchRules } from "../domain/github-facts.ts";
import type { LandingTerms } from "../domain/queue.ts";
import { accept, type RefusedResult, type Result } from "../domain/refusal.ts";

export type LandingChoice = Pick<LandingTerms, "mode" | "method" | "reason">;

/** The configured landing and its limits. `auto` follows the branch rules. */
export type LandingPreference = {
  readonly landing: LandingMode | "auto";
  readonly method: MergeMethod | "auto";
  /** Merge methods that the repository's settings allow; null if GitHub does not show them. */
  readonly settingsMethods: readonly MergeMethod[] | null;
  /** Merge methods that GitHub refused. */
  readonly deniedMethods: readonly MergeMethod[];
  /** GitHub's message when it refused a push to the base. */
  readonly pushRefusal: string | null;
};

/** Rules that GitHub reveals only by refusing a push. */
const RULES_BY_PUSH_REFUSAL: readonly (readonly [RegExp, string])[] = [
  [/merge queue/i, "merge_queue"],
  [/merge commits|linear history/i, "required_linear_history"],
  [/verified signatures|must be signed/i, "required_signatures"],
];

/** Rule types of a branch: the readable ones, and those revealed by a refused push. */
const collectRuleTypes = ({ types }: BranchRules, refused: string | null): readonly string[] => [
  ...types,
  ...RULES_BY_PUSH_REFUSAL.flatMap(([words, type]) => (refused !== null && words.test(refused) ? [type] : [])),
];

/**
 * Chooses how work lands on a branch, with the reason. Permissions to bypass rules cannot be read: `[refinery] landing = "exact"` declares that Enki has one.
 * Refusals: `linear-history`, `signatures`, `merge-method`.
 */
export const chooseLandingMode = (base: string, rules: BranchRules, preference: LandingPreference): Result<LandingChoice> => {
  const { landing, pushRefusal } = preference;
  if (landing === "exact") return accept({ mode: "exact", reason: REASON_CONFIGURED });
  const types = collectRuleTypes(rules, pushRefusal);
  if (types.includes("merge_queue")) return accept({ mode: "queue", reason: "only GitHub's merge queue may change it" });
  if (landing === "queue") return accept({ mode: "queue", reason: REASON_CONFIGURED });
  const chosen = chooseMergeMethod(base, { rules, preference, types });
  if (!chosen.ok) return chosen;
  const { method, reason } = chosen.value;
  if (method !== "merge") return accept({ mode: "each", method, reason });
  return accept(landing === "auto" ? chooseModeForMerges(rules, types, pushRefusal) : { mode: landing, reason: REASON_CONFIGURED });
};

const REASON_CONFIGURED = "`[refinery] landing` says so";

const chooseModeForMerges = (rules: BranchRules, types: readonly string[], refused: string | null): LandingChoice => {
  if (rules.requiredReviews > 0) return { mode: "each", reason: "its rules require a review of each pull request" };
  if (types.includes("pull_request")) return { mode: "batch", reason: "its rules accept only pull requests and require no review" };
  if (refused !== null) return { mode: "each", reason: `GitHub refused the push: ${refused}` };
  const reason = rules.isReadable ? "no rule forbids it" : "its rules cannot be read, so Enki tries a push";
  return { mode: "exact", reason };
};

type MethodChoice = { readonly method: MergeMethod; readonly reason: string };
type MethodInputs = { readonly rules: BranchRules; readonly preference: LandingPreference; readonly types: readonly string[] };

/** A limit on merge methods. Limits are reported in this order. */
type MethodLimit = { readonly code: string; readonly reason: string; readonly allows: readonly MergeMethod[] };

const listMethodLimits = ({ rules, preference, types }: MethodInputs): MethodLimit[] => [
  ...(types.includes("required_signatures")
    ? [{ code: "signatures", reason: "its rules require signed commits, and GitHub signs squash commits", allows: ["squash"] as const }]
    : []),
  ...(types.includes("required_linear_history")
    ? [{ code: "linear-history", reason: "its rules require a linear history", allows: ["squash", "rebase"] as const }]
    : []),
  ...(rules.allowedMethods === null
    ? []
    : [
        {
          code: "merge-method",
          reason: `its rules allow only ${formatMethods(rules.allowedMethods)}`,
          allows: filterKnownMethods(rules.allowedMethods),
        },
      ]),
  ...(preference.settingsMethods === null
    ? []
    : [
        {
          code: "merge-method",
          reason: `the repository's settings allow only ${formatMethods(preference.settingsMethods)}`,
          allows: preference.settingsMethods,
        },
      ]),
  ...(preference.deniedMethods.length === 0
    ? []
    : [
        {
          code: "merge-method",
          reason: `GitHub refused ${formatMethods(preference.deniedMethods)}`,
          allows: MERGE_METHODS.filter((each) => !preference.deniedMethods.includes(each)),
        },
      ]),
];

const filterKnownMethods = (methods: readonly string[]): MergeMethod[] => MERGE_METHODS.filter((each) => methods.includes(each));

const METHOD_NAMES: Readonly<Record<string, string>> = { merge: "merge commits", squash: "squash", rebase: "rebase" };
const formatMethods = (methods: readonly string[]): string => methods.map((each) => METHOD_NAMES[each] ?? each).join(" and ") || "none";

/** Chooses the configured method, or the first allowed of merge commit, squash and rebase. */
const chooseMergeMethod = (base: string, inputs: MethodInputs): Result<MethodChoice> => {
  const limits = listMethodLimits(inputs).filter(({ allows }) => allows.length < MERGE_METHODS.length);
  const allowed = MERGE_METHODS.filter((each) => limits.every(({ allows }) => allows.includes(each)));
  const configured = inputs.preference.method;
  const [first] = allowed;
  if (first === undefined) return refuseContradiction(base, limits);
  if (configured === "auto") return accept({ method: first, reason: limits.find(({ allows }) => !allows.includes("merge"))?.reason ?? "" });
  if (allowed.includes(configured)) return accept({ method: configured, reason: "`[refinery] method` says so" });
  const limit = limits.find(({ allows }) => !allows.includes(configured));
  return refuseMergeMethod(base, limit?.reason ?? "", { configured, first });
};

const refuseContradiction = (base: string, limits: readonly MethodLimit[]): RefusedResult => {
  const reason = limits.map((each) => each.reason).join(", but ");
  return refuseLanding(base, limits[0]?.code ?? "merge-method", reason);
};

const refuseLanding = (base: string, code: string, reason: string): RefusedResult =>
  refuseLandingRule(code, { base, reason }, REMEDIES_BY_CODE[code] ?? "");

const REMEDIES_BY_CODE: Readonly<Record<string, string>> = {
  signatures: "allow squash merging in the repository's settings and rules; or ",
  "linear-history": "allow squash or rebase merging in the repository's settings and rules; or ",
  "merge-method": "allow the same merge method in the repository's settings and in the branch's rules; or ",
};

/** Refusals of {@link chooseLandingMode} and of check gates. They disappear automatically when rules or settings change. */
export const UNLANDABLE_CODES: ReadonlySet<string> = new Set(["linear-history", "signatures", "merge-method", "unreported-check"]);
