import { type Execution } from "../../model/execution.ts";
import { checkPlan } from "../../model/graph.ts";
import type { ExecutionId } from "../../model/ids.ts";
import { type Making, quickStep } from "../../model/made.ts";
import type { Refusal } from "../../model/refusal.ts";
import type { Draft } from "../draft.ts";
import { PERSON_WAIT } from "../faults.ts";

/** On whose behalf, and where. */
export type Origin = Pick<Execution, "issue" | "onPull" | "by" | "base">;

/** A task of its own: an execution with one step, proposed on the same issue. Refusals: those of checkPlan. */
export const makeTask = (draft: Draft, origin: Origin, { id, command }: { id: ExecutionId; command: Making }): Refusal | null => {
  const step = command.kind === "quick" ? quickStep(command.prompt) : command.step;
  const checked = checkPlan({ steps: [step] }, draft.snapshot.config.plan.maxSteps);
  if (!checked.ok) return checked.refusal;
  const { issue, onPull, by, base } = origin;
  const until = draft.snapshot.config.plan.approval === "never" ? null : draft.now + PERSON_WAIT;
  draft.putExecution({
    id,
    issue,
    onPull,
    by,
    base,
    request: step.description,
    created: draft.now,
    state: "proposed",
    why: null,
    planOnly: false,
    adding: null,
    planning: { attempt: 1, faults: 0, notBefore: 0, until },
    plan: draft.putPlan(checked.value),
    approved: null,
    steps: {},
    spent: 0,
    ...(command.kind === "quick" ? { quick: true } : {}),
  });
  draft.note(`${id} proposed on #${issue}: ${step.title}`);
  return null;
};
