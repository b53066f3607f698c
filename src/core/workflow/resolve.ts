import { type Draft, edgeAt, isSettled, progressOfDraft, repeat, runOf } from "./draft.ts";
import type { EdgeRun, RoleRun } from "./run-state.ts";
import { scopeFor } from "./scope.ts";
import { holdsTemplate } from "./template/render.ts";
import type { Template } from "./template/syntax.ts";
import type { Edge, Loop } from "./workflow.ts";

/** However loops are nested, no role is run more often. */
const MOST_RUNS = 1_000;

const FIRED: EdgeRun = { state: "fired", why: "" };
const dead = (why: string): EdgeRun => ({ state: "dead", why });

type Judged = { readonly holds: boolean; readonly why: string };

const judge = (draft: Draft, role: string, { what, condition }: { what: string; condition: Template }): Judged => {
  const held = holdsTemplate(what, condition, scopeFor(draft.workflow, progressOfDraft(draft), { role, item: null }));
  return held.ok ? { holds: held.value, why: `${what} does not hold` } : { holds: false, why: held.refusal.message };
};

/**
 * What the end of a role means for the loops that end with it, the inner ones first. True when one begins again. One that is over lets its roles' edges
 * out; one that may not begin again although its condition does not hold makes the role fail, unless a loop around it then begins again.
 */
export const closeLoops = (draft: Draft, name: string): boolean => {
  for (const index of draft.loopsOf.get(name) ?? []) {
    const loop = draft.workflow.loops[index];
    if (!loop || draft.loops[index]?.over) continue;
    const fate = fateOf(draft, loop, index);
    if (fate === "again") {
      repeat(draft, index);
      return true;
    }
    if (fate === "exhausted") exhaust(draft, loop);
    draft.loops[index] = { round: draft.loops[index]?.round ?? 1, over: true };
    for (const edge of draft.leaving.get(index) ?? []) resolveEdge(draft, edge, () => othersHold(draft, edge));
  }
  return false;
};

const fateOf = (draft: Draft, { from, to, until, max }: Loop, index: number): "over" | "again" | "exhausted" => {
  const { state, run } = runOf(draft, from);
  if (state === "skipped") return "over";
  if (judge(draft, from, { what: `the condition of the loop ${from} -> ${to}`, condition: until }).holds) return "over";
  return (draft.loops[index]?.round ?? 1) < max && run < MOST_RUNS ? "again" : "exhausted";
};

const exhaust = (draft: Draft, { from, to, max }: Loop): void => {
  const run = runOf(draft, from);
  const why = `after ${max} rounds the condition of the loop ${from} -> ${to} does not hold`;
  draft.roles.set(from, { ...run, state: "failed", why: run.why === "" ? why : `${why}: ${run.why}` });
};

/** Resolves the open edges of a role that has ended, but for those out of a loop that is not over. */
export const resolveEdges = (draft: Draft, name: string): void => {
  let known: boolean | null = null;
  // However many edges say `else`, the conditions beside them are judged once.
  const others = (edge: number): boolean => (known ??= othersHold(draft, edge));
  for (const index of draft.outgoing.get(name) ?? []) resolveEdge(draft, index, () => others(index));
};

const resolveEdge = (draft: Draft, index: number, othersHold: () => boolean): void => {
  const at = edgeAt(draft, index);
  if (!at || at.run.state !== "open" || at.edge.leaves.some((loop) => !draft.loops[loop]?.over)) return;
  const run = runOf(draft, at.edge.from);
  if (isSettled(run)) draft.edges[index] = resolve(draft, at.edge, { state: run.state, othersHold });
};

type Source = { readonly state: RoleRun["state"]; readonly othersHold: () => boolean };

const resolve = (draft: Draft, { from, to, guard }: Edge, { state, othersHold }: Source): EdgeRun => {
  if (state === "skipped") return dead(`"${from}" was skipped`);
  if (guard.kind === "failure") return state === "failed" ? FIRED : dead(`"${from}" did not fail`);
  if (state === "failed") return dead(`"${from}" failed`);
  if (guard.kind === "always") return FIRED;
  if (guard.kind === "else") return othersHold() ? dead(`another condition of "${from}" holds`) : FIRED;
  const judged = judge(draft, from, { what: `the condition of ${from} -> ${to}`, condition: guard.condition });
  return judged.holds ? FIRED : dead(judged.why);
};

const othersHold = (draft: Draft, edge: number): boolean => {
  const from = draft.workflow.edges[edge]?.from ?? "";
  return (draft.outgoing.get(from) ?? []).some((index) => {
    const guard = draft.workflow.edges[index]?.guard;
    return guard?.kind === "if" && judge(draft, from, { what: "a condition", condition: guard.condition }).holds;
  });
};
