import { type LandingMode, MERGE_METHODS, type MergeMethod, type BranchRules } from "../domain/github-facts.ts";
import type { LandingTerms } from "../domain/queue.ts";
import { accept, refuse, type RefusedResult, type Result } from "../domain/refusal.ts";

export type LandingChoice = Pick<LandingTerms, "mode" | "method" | "reason">;

/** What is allowed and what is asked for. `auto` is for what the rules allow. */
export type LandingPreference = {
  readonly landing: LandingMode | "auto";
  readonly method: MergeMethod | "auto";
  /** What the repository's settings allow; null where GitHub does not show them. */
  readonly settingsMethods: readonly MergeMethod[] | null;
  /** Ways of merging that GitHub refused. */
  readonly deniedMethods: readonly MergeMethod[];
  /** GitHub's words where it refused a push of the base. */
  readonly pushRefusal: string | null;
};

/** What a refused push tells of rules that GitHub does not show. */
const RULES_BY_PUSH_REFUSAL: readonly (readonly [RegExp, string])[] = [
  [/merge queue/i, "merge_queue"],
  [/merge commits|linear history/i, "required_linear_history"],
  [/verified signatures|must be signed/i, "required_signatures"],
];

/** The types of a branch's rules: those that can be read, and those that GitHub's words on a refused push give away. */
const collectRuleTypes = ({ types }: BranchRules, refused: string | null): readonly string[] => [
  ...types,
  ...RULES_BY_PUSH_REFUSAL.flatMap(([words, type]) => (refused !== null && words.test(refused) ? [type] : [])),
];

/**
 * How work lands on a branch with these rules and settings, and why. Who may bypass rules cannot be read: `[refinery] landing = "exact"` says that Enki may.
 * Refusals: `linear-history`, `signatures`, `merge-method`.
 */
export const chooseLandingMode = (base: string, rules: BranchRules, wish: LandingPreference): Result<LandingChoice> => {
  const { landing, pushRefusal } = wish;
  if (landing === "exact") return accept({ mode: "exact", reason: REASON_CONFIGURED });
  const types = collectRuleTypes(rules, pushRefusal);
  if (types.includes("merge_queue")) return accept({ mode: "queue", reason: "only GitHub's merge queue may change it" });
  if (landing === "queue") return accept({ mode: "queue", reason: REASON_CONFIGURED });
  const chosen = chooseMergeMethod(base, { rules, wish, types });
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
  const known = rules.isReadable ? "no rule keeps Enki from pushing what was verified" : "its rules cannot be read, so it is tried";
  return { mode: "exact", reason: known };
};

type MethodChoice = { readonly method: MergeMethod; readonly reason: string };
type MethodInputs = { readonly rules: BranchRules; readonly wish: LandingPreference; readonly types: readonly string[] };

/** What keeps some ways of merging out, in the order in which it is told. */
type MethodLimit = { readonly code: string; readonly reason: string; readonly allows: readonly MergeMethod[] };

const listMethodLimits = ({ rules, wish, types }: MethodInputs): MethodLimit[] => [
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
  ...(wish.settingsMethods === null
    ? []
    : [
        {
          code: "merge-method",
          reason: `the repository's settings allow only ${formatMethods(wish.settingsMethods)}`,
          allows: wish.settingsMethods,
        },
      ]),
  ...(wish.deniedMethods.length === 0
    ? []
    : [
        {
          code: "merge-method",
          reason: `GitHub refused ${formatMethods(wish.deniedMethods)}`,
          allows: MERGE_METHODS.filter((each) => !wish.deniedMethods.includes(each)),
        },
      ]),
];

const filterKnownMethods = (methods: readonly string[]): MergeMethod[] => MERGE_METHODS.filter((each) => methods.includes(each));

const METHOD_NAMES: Readonly<Record<string, string>> = { merge: "merge commits", squash: "squash", rebase: "rebase" };
const formatMethods = (methods: readonly string[]): string => methods.map((each) => METHOD_NAMES[each] ?? each).join(" and ") || "none";

/** Merge commits where they are allowed, else a squash, else a rebase; or the one that the configuration names. */
const chooseMergeMethod = (base: string, asked: MethodInputs): Result<MethodChoice> => {
  const limits = listMethodLimits(asked).filter(({ allows }) => allows.length < MERGE_METHODS.length);
  const allowed = MERGE_METHODS.filter((each) => limits.every(({ allows }) => allows.includes(each)));
  const wanted = asked.wish.method;
  const [first] = allowed;
  if (first === undefined) return refuseContradiction(base, limits);
  if (wanted === "auto") return accept({ method: first, reason: limits.find(({ allows }) => !allows.includes("merge"))?.reason ?? "" });
  if (allowed.includes(wanted)) return accept({ method: wanted, reason: "`[refinery] method` says so" });
  const against = limits.find(({ allows }) => !allows.includes(wanted));
  const why = `Nothing can land on \`${base}\`: \`[refinery] method\` is \`${wanted}\`, and ${against?.reason ?? ""}.`;
  return refuse("merge-method", why, `set [refinery] method = "${first}", or "auto"`);
};

const refuseContradiction = (base: string, limits: readonly MethodLimit[]): RefusedResult => {
  const why = limits.map((each) => each.reason).join(", but ");
  return refuseLanding(base, limits[0]?.code ?? "merge-method", why);
};

const refuseLanding = (base: string, code: string, why: string): RefusedResult =>
  refuse(
    code,
    `Nothing can land on \`${base}\`: ${why}.`,
    `${REMEDIES_BY_CODE[code] ?? ""}let Enki bypass the rule, and set [refinery] landing = "exact"`,
  );

const REMEDIES_BY_CODE: Readonly<Record<string, string>> = {
  signatures: "allow squash merging in the repository's settings and rules; or ",
  "linear-history": "allow squash or rebase merging in the repository's settings and rules; or ",
  "merge-method": "allow the same merge method in the repository's settings and in the branch's rules; or ",
};

/** Refusals of {@link chooseMode}: they end by themselves when rules or settings change. */
export const UNLANDABLE_CODES: ReadonlySet<string> = new Set(["linear-history", "signatures", "merge-method", "unreported-check"]);
