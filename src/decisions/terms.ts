import type { Base } from "../model/ids.ts";
import { isGreen, type Queue, type Terms } from "../model/queue.ts";
import type { RequiredCheck, WorkflowFile } from "../model/query.ts";
import type { Refusal } from "../model/refusal.ts";
import { chooseMode, UNLANDABLE } from "../policy/landing-mode.ts";
import { chooseGate, isFromWorkflows } from "../policy/reported-checks.ts";
import type { Draft } from "./draft.ts";

/** How and behind what work lands on a base now, or why none can. Undefined while rules and settings are not read. */
const readTerms = (draft: Draft, base: Base, { refused, denied }: Pick<Queue, "refused" | "denied">): Terms | Refusal | undefined => {
  const rules = draft.ask<"rules">({ kind: "rules", base });
  const settings = draft.ask<"merge-methods">({ kind: "merge-methods" });
  if (!rules || settings === undefined) return undefined;
  const { checks, landing, method } = draft.snapshot.config.refinery;
  const chosen = chooseMode(base, rules, { landing, method, settings, denied: denied ?? [], refused: refused ?? null });
  if (!chosen.ok) return chosen.refusal;
  const files = workflowFiles(draft, base, [...checks, ...rules.checks]);
  if (!files) return undefined;
  const gate = chooseGate({ base, mode: chosen.value.mode, rules: rules.checks, own: checks, files });
  return gate.ok ? { ...chosen.value, ...gate.value, reviews: rules.reviews, pinned: rules.checks.length > 0 } : gate.refusal;
};

/** The workflows of a base, where a required check may be theirs. Undefined while they are not known. */
const workflowFiles = (draft: Draft, base: Base, checks: readonly RequiredCheck[]): readonly WorkflowFile[] | undefined => {
  const commit = draft.base(base);
  return commit !== null && checks.some((each) => isFromWorkflows(each))
    ? draft.ask<"workflow-files">({ kind: "workflow-files", commit })
    : [];
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
