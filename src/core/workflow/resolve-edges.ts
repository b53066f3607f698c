import { type RunBuilder, findEdge, hasEnded, progressOfBuilder, repeatLoop, roleRunOf } from "./run-builder.ts";
import type { EdgeRun, RoleRun } from "./run-state.ts";
import { createScope } from "./template-scope.ts";
import { evaluateGuard } from "./template/render-template.ts";
import type { Template } from "./template/template.ts";
import type { WorkflowEdge, WorkflowLoop } from "./workflow.ts";

/** However loops are nested, no role is run more often. */
const MAX_ROLE_RUNS = 1_000;

const FIRED: EdgeRun = { state: "fired", reason: "" };
const deadEdge = (why: string): EdgeRun => ({ state: "dead", reason: why });

type ConditionResult = { readonly holds: boolean; readonly reason: string };

const evaluateCondition = (
  draft: RunBuilder,
  role: string,
  { what, condition }: { what: string; condition: Template },
): ConditionResult => {
  const held = evaluateGuard(what, condition, createScope(draft.workflow, progressOfBuilder(draft), { role, item: null }));
  return held.ok ? { holds: held.value, reason: `${what} does not hold` } : { holds: false, reason: held.refusal.message };
};

/**
 * What the end of a role means for the loops that end with it, the inner ones first. True when one begins again. One that is over lets its roles' edges
 * out; one that may not begin again although its condition does not hold makes the role fail, unless a loop around it then begins again.
 */
export const closeLoops = (draft: RunBuilder, name: string): boolean => {
  for (const index of draft.loopsByLastRole.get(name) ?? []) {
    const loop = draft.workflow.loops[index];
    if (!loop || draft.loops[index]?.over) continue;
    const fate = evaluateLoop(draft, loop, index);
    if (fate === "again") {
      repeatLoop(draft, index);
      return true;
    }
    if (fate === "exhausted") failExhaustedLoop(draft, loop);
    draft.loops[index] = { round: draft.loops[index]?.round ?? 1, over: true };
    for (const edge of draft.leavingEdges.get(index) ?? []) resolveEdge(draft, edge, () => hasOtherTrueCondition(draft, edge));
  }
  return false;
};

const evaluateLoop = (draft: RunBuilder, { from, to, until, max }: WorkflowLoop, index: number): "over" | "again" | "exhausted" => {
  const { state, run } = roleRunOf(draft, from);
  if (state === "skipped") return "over";
  if (evaluateCondition(draft, from, { what: `the condition of the loop ${from} -> ${to}`, condition: until }).holds) return "over";
  return (draft.loops[index]?.round ?? 1) < max && run < MAX_ROLE_RUNS ? "again" : "exhausted";
};

const failExhaustedLoop = (draft: RunBuilder, { from, to, max }: WorkflowLoop): void => {
  const run = roleRunOf(draft, from);
  const why = `after ${max} rounds the condition of the loop ${from} -> ${to} does not hold`;
  draft.roles.set(from, { ...run, state: "failed", reason: run.reason === "" ? why : `${why}: ${run.reason}` });
};

/** Resolves the open edges of a role that has ended, but for those out of a loop that is not over. */
export const resolveEdges = (draft: RunBuilder, name: string): void => {
  let known: boolean | null = null;
  // However many edges say `else`, the conditions beside them are judged once.
  const others = (edge: number): boolean => (known ??= hasOtherTrueCondition(draft, edge));
  for (const index of draft.outgoingEdges.get(name) ?? []) resolveEdge(draft, index, () => others(index));
};

const resolveEdge = (draft: RunBuilder, index: number, othersHold: () => boolean): void => {
  const at = findEdge(draft, index);
  if (!at || at.run.state !== "open" || at.edge.leftLoops.some((loop) => !draft.loops[loop]?.over)) return;
  const run = roleRunOf(draft, at.edge.from);
  if (hasEnded(run)) draft.edges[index] = resolveGuard(draft, at.edge, { state: run.state, othersHold });
};

type EdgeSource = { readonly state: RoleRun["state"]; readonly othersHold: () => boolean };

const resolveGuard = (draft: RunBuilder, { from, to, guard }: WorkflowEdge, { state, othersHold }: EdgeSource): EdgeRun => {
  if (state === "skipped") return deadEdge(`"${from}" was skipped`);
  if (guard.kind === "failure") return state === "failed" ? FIRED : deadEdge(`"${from}" did not fail`);
  if (state === "failed") return deadEdge(`"${from}" failed`);
  if (guard.kind === "always") return FIRED;
  if (guard.kind === "else") return othersHold() ? deadEdge(`another condition of "${from}" holds`) : FIRED;
  const judged = evaluateCondition(draft, from, { what: `the condition of ${from} -> ${to}`, condition: guard.condition });
  return judged.holds ? FIRED : deadEdge(judged.reason);
};

const hasOtherTrueCondition = (draft: RunBuilder, edge: number): boolean => {
  const from = draft.workflow.edges[edge]?.from ?? "";
  return (draft.outgoingEdges.get(from) ?? []).some((index) => {
    const guard = draft.workflow.edges[index]?.guard;
    return guard?.kind === "if" && evaluateCondition(draft, from, { what: "a condition", condition: guard.condition }).holds;
  });
};
