import { type LandingMode, MERGE_METHODS, type MergeMethod, type Rules } from "../model/query.ts";
import type { Terms } from "../model/queue.ts";
import { accept, refuse, type Refused, type Result } from "../model/refusal.ts";

export type Mode = Pick<Terms, "mode" | "method" | "why">;

/** What is allowed and what is asked for. `auto` is for what the rules allow. */
export type Wish = {
  readonly landing: LandingMode | "auto";
  readonly method: MergeMethod | "auto";
  /** What the repository's settings allow; null where GitHub does not show them. */
  readonly settings: readonly MergeMethod[] | null;
  /** Ways of merging that GitHub refused. */
  readonly denied: readonly MergeMethod[];
  /** GitHub's words where it refused a push of the base. */
  readonly refused: string | null;
};

/** What a refused push tells of rules that GitHub does not show. */
const TELLING: readonly (readonly [RegExp, string])[] = [
  [/merge queue/i, "merge_queue"],
  [/merge commits|linear history/i, "required_linear_history"],
  [/verified signatures|must be signed/i, "required_signatures"],
];

/** The types of a branch's rules: those that can be read, and those that GitHub's words on a refused push give away. */
const typesOf = ({ types }: Rules, refused: string | null): readonly string[] => [
  ...types,
  ...TELLING.flatMap(([words, type]) => (refused !== null && words.test(refused) ? [type] : [])),
];

/**
 * How work lands on a branch with these rules and settings, and why. Who may bypass rules cannot be read: `[refinery] landing = "exact"` says that Enki may.
 * Refusals: `linear-history`, `signatures`, `merge-method`.
 */
export const chooseMode = (base: string, rules: Rules, wish: Wish): Result<Mode> => {
  const { landing, refused } = wish;
  if (landing === "exact") return accept({ mode: "exact", why: SAID });
  const types = typesOf(rules, refused);
  if (types.includes("merge_queue")) return accept({ mode: "queue", why: "only GitHub's merge queue may change it" });
  if (landing === "queue") return accept({ mode: "queue", why: SAID });
  const chosen = chooseMethod(base, { rules, wish, types });
  if (!chosen.ok) return chosen;
  const { method, why } = chosen.value;
  if (method !== "merge") return accept({ mode: "each", method, why });
  return accept(landing === "auto" ? byMerges(rules, types, refused) : { mode: landing, why: SAID });
};

const SAID = "`[refinery] landing` says so";

const byMerges = (rules: Rules, types: readonly string[], refused: string | null): Mode => {
  if (rules.reviews > 0) return { mode: "each", why: "its rules require a review of each pull request" };
  if (types.includes("pull_request")) return { mode: "batch", why: "its rules accept only pull requests and require no review" };
  if (refused !== null) return { mode: "each", why: `GitHub refused the push: ${refused}` };
  const known = rules.known ? "no rule keeps Enki from pushing what was verified" : "its rules cannot be read, so it is tried";
  return { mode: "exact", why: known };
};

type Choice = { readonly method: MergeMethod; readonly why: string };
type Asked = { readonly rules: Rules; readonly wish: Wish; readonly types: readonly string[] };

/** What keeps some ways of merging out, in the order in which it is told. */
type Limit = { readonly code: string; readonly why: string; readonly allows: readonly MergeMethod[] };

const limitsOf = ({ rules, wish, types }: Asked): Limit[] => [
  ...(types.includes("required_signatures")
    ? [{ code: "signatures", why: "its rules require signed commits, and GitHub signs squash commits", allows: ["squash"] as const }]
    : []),
  ...(types.includes("required_linear_history")
    ? [{ code: "linear-history", why: "its rules require a linear history", allows: ["squash", "rebase"] as const }]
    : []),
  ...(rules.methods === null
    ? []
    : [
        {
          code: "merge-method",
          why: `its rules allow only ${words(rules.methods)}`,
          allows: known(rules.methods),
        },
      ]),
  ...(wish.settings === null
    ? []
    : [{ code: "merge-method", why: `the repository's settings allow only ${words(wish.settings)}`, allows: wish.settings }]),
  ...(wish.denied.length === 0
    ? []
    : [
        {
          code: "merge-method",
          why: `GitHub refused ${words(wish.denied)}`,
          allows: MERGE_METHODS.filter((each) => !wish.denied.includes(each)),
        },
      ]),
];

const known = (methods: readonly string[]): MergeMethod[] => MERGE_METHODS.filter((each) => methods.includes(each));

const NAMES: Readonly<Record<string, string>> = { merge: "merge commits", squash: "squash", rebase: "rebase" };
const words = (methods: readonly string[]): string => methods.map((each) => NAMES[each] ?? each).join(" and ") || "none";

/** Merge commits where they are allowed, else a squash, else a rebase; or the one that the configuration names. */
const chooseMethod = (base: string, asked: Asked): Result<Choice> => {
  const limits = limitsOf(asked).filter(({ allows }) => allows.length < MERGE_METHODS.length);
  const allowed = MERGE_METHODS.filter((each) => limits.every(({ allows }) => allows.includes(each)));
  const wanted = asked.wish.method;
  const [first] = allowed;
  if (first === undefined) return contradiction(base, limits);
  if (wanted === "auto") return accept({ method: first, why: limits.find(({ allows }) => !allows.includes("merge"))?.why ?? "" });
  if (allowed.includes(wanted)) return accept({ method: wanted, why: "`[refinery] method` says so" });
  const against = limits.find(({ allows }) => !allows.includes(wanted));
  const why = `Nothing can land on \`${base}\`: \`[refinery] method\` is \`${wanted}\`, and ${against?.why ?? ""}.`;
  return refuse("merge-method", why, `set [refinery] method = "${first}", or "auto"`);
};

const contradiction = (base: string, limits: readonly Limit[]): Refused => {
  const why = limits.map((each) => each.why).join(", but ");
  return impossible(base, limits[0]?.code ?? "merge-method", why);
};

const impossible = (base: string, code: string, why: string): Refused =>
  refuse(
    code,
    `Nothing can land on \`${base}\`: ${why}.`,
    `${WAYS_ON[code] ?? ""}let Enki bypass the rule, and set [refinery] landing = "exact"`,
  );

const WAYS_ON: Readonly<Record<string, string>> = {
  signatures: "allow squash merging in the repository's settings and rules; or ",
  "linear-history": "allow squash or rebase merging in the repository's settings and rules; or ",
  "merge-method": "allow the same merge method in the repository's settings and in the branch's rules; or ",
};

/** Refusals of {@link chooseMode}: they end by themselves when rules or settings change. */
export const UNLANDABLE: ReadonlySet<string> = new Set(["linear-history", "signatures", "merge-method", "unreported-check"]);
