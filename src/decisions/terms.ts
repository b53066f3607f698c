import type { Base } from "../model/ids.ts";
import { isGreen, type Queue, type Terms } from "../model/queue.ts";
import type { Refusal } from "../model/refusal.ts";
import { chooseMode, UNLANDABLE } from "../policy/landing-mode.ts";
import type { Draft } from "./draft.ts";

/** How and behind what work lands on a base now, or why none can. Undefined while rules and settings are not read. */
const readTerms = (draft: Draft, base: Base, { refused, denied }: Pick<Queue, "refused" | "denied">): Terms | Refusal | undefined => {
  const rules = draft.ask<"rules">({ kind: "rules", base });
  const settings = draft.ask<"merge-methods">({ kind: "merge-methods" });
  if (!rules || settings === undefined) return undefined;
  const { checks, landing, method } = draft.snapshot.config.refinery;
  const chosen = chooseMode(base, rules, { landing, method, settings, denied: denied ?? [], refused: refused ?? null });
  if (!chosen.ok) return chosen.refusal;
  const known = new Set<string>();
  const required = [...checks, ...rules.checks].filter(({ name, app }) => {
    const key = JSON.stringify([name, app]);
    if (known.has(key)) return false;
    known.add(key);
    return true;
  });
  return { ...chosen.value, checks: required, reviews: rules.reviews, pinned: rules.checks.length > 0 };
};

/** Why nothing that is asked for now could ever land on a base, so that nobody works in vain. Undefined while that is not known. */
export const whyUnlandable = (draft: Draft, base: Base): Refusal | null | undefined => {
  const terms = readTerms(draft, base, draft.queue(base));
  return terms && ("code" in terms ? terms : null);
};

/** True when something could land now: then the rules are read again, since they may have been changed. */
const isAtLanding = (queue: Queue, tip: string): boolean =>
  queue.candidates.some((each) => each.onto === tip && each.items.length > 0 && isGreen(each));

/** The queue with its terms: read when something comes into it, and right before a landing. Undefined while they are not known. */
export const withTerms = (
  draft: Draft,
  base: Base,
  { queue, tip, wanted }: { queue: Queue; tip: string; wanted: boolean },
): Queue | undefined => {
  if (queue.terms ? !isAtLanding(queue, tip) : !wanted) return queue;
  if (queue.frozen && UNLANDABLE.has(queue.frozen.code)) return queue;
  const terms = readTerms(draft, base, queue);
  if (!terms) return undefined;
  if ("code" in terms) return queue.frozen ? queue : { ...queue, frozen: terms, refusedAt: draft.now };
  return JSON.stringify(terms) === JSON.stringify(queue.terms) ? queue : { ...queue, terms };
};
