import { type RunBuilder, findEdge, hasEnded, progressOfBuilder, repeatLoop, roleRunOf } from "./run-builder.ts";
import type { EdgeRun, RoleRun } from "./run-state.ts";
import { createScope } from "./template-scope.ts";
import { evaluateGuard } from "./template/render-template.ts";
import type { Template } from "./template/template.ts";
import type { WorkflowEdge, WorkflowLoop } from "./workflow.ts";

/** Maximum number of runs of a role, no matter how loops are nested. */
const MAX_ROLE_RUNS = 1_000;

const FIRED: EdgeRun = { state: "fired", reason: "" };
const deadEdge = (why: string): EdgeRun => ({ state: "dead", reason: why });

type ConditionResult = { readonly holds: boolean; readonly reason: string };

const evaluateCondition = (
  builder: RunBuilder,
  role: string,
  { what, condition }: { what: string; condition: Template },
): ConditionResult => {
  const outcome = evaluateGuard(what, condition, createScope(builder.workflow, progressOfBuilder(builder), { role, item: null }));
  return outcome.ok ? { holds: outcome.value, reason: `${what} does not hold` } : { holds: false, reason: outcome.refusal.message };
};

/**
 * Ends or restarts the loops that end with a role, inner loops first. Returns whether a loop restarted. When a loop ends, edges out of it resolve.
 * A loop that reaches its limit before its condition holds fails the role, unless a loop around it restarts.
 */
export const closeLoops = (builder: RunBuilder, name: string): boolean => {
  for (const index of builder.loopsByLastRole.get(name) ?? []) {
    const loop = builder.workflow.loops[index];
    if (!loop || builder.loops[index]?.over) continue;
    const fate = evaluateLoop(builder, loop, index);
    if (fate === "again") {
      repeatLoop(builder, index);
      return true;
    }
    if (fate === "exhausted") failExhaustedLoop(builder, loop);
    builder.loops[index] = { round: builder.loops[index]?.round ?? 1, over: true };
    for (const edge of builder.leavingEdges.get(index) ?? []) resolveEdge(builder, edge, () => hasOtherTrueCondition(builder, edge));
  }
  return false;
};

const evaluateLoop = (builder: RunBuilder, { from, to, until, max }: WorkflowLoop, index: number): "over" | "again" | "exhausted" => {
  const { state, run } = roleRunOf(builder, from);
  if (state === "skipped") return "over";
  if (evaluateCondition(builder, from, { what: `the condition of the loop ${from} -> ${to}`, condition: until }).holds) return "over";
  return (builder.loops[index]?.round ?? 1) < max && run < MAX_ROLE_RUNS ? "again" : "exhausted";
};

const failExhaustedLoop = (builder: RunBuilder, { from, to, max }: WorkflowLoop): void => {
  const run = roleRunOf(builder, from);
  const why = `after ${max} rounds the condition of the loop ${from} -> ${to} does not hold`;
  builder.roles.set(from, { ...run, state: "failed", reason: run.reason === "" ? why : `${why}: ${run.reason}` });
};

/** Resolves the open edges of an ended role, except edges out of a loop that has not ended. */
export const resolveEdges = (builder: RunBuilder, name: string): void => {
  let known: boolean | null = null;
  // Evaluate the other conditions once, however many edges say `else`.
  const others = (edge: number): boolean => (known ??= hasOtherTrueCondition(builder, edge));
  for (const index of builder.outgoingEdges.get(name) ?? []) resolveEdge(builder, index, () => others(index));
};

const resolveEdge = (builder: RunBuilder, index: number, othersHold: () => boolean): void => {
  const at = findEdge(builder, index);
  if (!at || at.run.state !== "open" || at.edge.leftLoops.some((loop) => !builder.loops[loop]?.over)) return;
  const run = roleRunOf(builder, at.edge.from);
  if (hasEnded(run)) builder.edges[index] = resolveGuard(builder, at.edge, { state: run.state, othersHold });
};

type EdgeSource = { readonly state: RoleRun["state"]; readonly othersHold: () => boolean };

const resolveGuard = (builder: RunBuilder, { from, to, guard }: WorkflowEdge, { state, othersHold }: EdgeSource): EdgeRun => {
  if (state === "skipped") return deadEdge(`"${from}" was skipped`);
  if (guard.kind === "failure") return state === "failed" ? FIRED : deadEdge(`"${from}" did not fail`);
  if (state === "failed") return deadEdge(`"${from}" failed`);
  if (guard.kind === "always") return FIRED;
  if (guard.kind === "else") return othersHold() ? deadEdge(`another condition of "${from}" holds`) : FIRED;
  const result = evaluateCondition(builder, from, { what: `the condition of ${from} -> ${to}`, condition: guard.condition });
  return result.holds ? FIRED : deadEdge(result.reason);
};

const hasOtherTrueCondition = (builder: RunBuilder, edge: number): boolean => {
  const from = builder.workflow.edges[edge]?.from ?? "";
  return (builder.outgoingEdges.get(from) ?? []).some((index) => {
    const guard = builder.workflow.edges[index]?.guard;
    return guard?.kind === "if" && evaluateCondition(builder, from, { what: "a condition", condition: guard.condition }).holds;
  });
};
