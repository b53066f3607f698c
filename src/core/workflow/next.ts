import { begin } from "./begin.ts";
import { type Draft, isSettled, type ReadyUnit, type Run, runOf, type Skipped, toDraft, toState } from "./draft.ts";
import { closeLoops, resolveEdges } from "./resolve.ts";
import { NO_OUTPUT, type RoleOutput, type RunState, type Unit } from "./run-state.ts";
import { outputOf } from "./scope.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

/** How a run ended. It failed when a role did whose failure no edge took over. `last` is the last role, in order, that was not skipped. */
export type Ended = {
  readonly outcome: "done" | "failed";
  readonly last: string | null;
  readonly output: RoleOutput;
  readonly failed: readonly Skipped[];
  readonly skipped: readonly string[];
};

export type Next = {
  readonly state: RunState;
  /** What is to be started now, each told once. */
  readonly ready: readonly ReadyUnit[];
  /** Roles that will not run (in this round), and why, each told once. */
  readonly skipped: readonly Skipped[];
  /** Ids of units whose work is no longer wanted: their loop began again without them. */
  readonly abandoned: readonly string[];
  /** Null while something is still to be done. */
  readonly ended: Ended | null;
};

const NONE: ReadonlyMap<string, Workflow> = new Map();

/**
 * Moves a run on as far as it goes without another result: what becomes ready, what is skipped, which loops begin again. A pure function, linear in the
 * size of the workflow for each round that a loop begins. `workflows` are those that may be called.
 */
export const nextRoles = (workflow: Workflow, state: RunState, workflows: ReadonlyMap<string, Workflow> = NONE): Next =>
  advance({ workflow, state, workflows, within: [] });

const advance = (run: Run): Next => {
  const draft = toDraft(run);
  while (pass(draft)) {
    // A loop began again: what is ready now stands before what was just looked at.
  }
  // What was made ready and given up in the same call was never handed out.
  const gone = new Set(draft.abandoned);
  const made = new Set(draft.ready.map(({ id }) => id));
  return {
    state: toState(draft),
    ready: draft.ready.filter(({ id }) => !gone.has(id)),
    skipped: draft.skipped,
    abandoned: draft.abandoned.filter((id) => !made.has(id)),
    ended: endOf(draft),
  };
};

/** Every role once, each after all that it waits for. True when a loop began again. */
const pass = (draft: Draft): boolean => {
  let again = false;
  for (const role of draft.workflow.roles) {
    const { name } = role;
    if (runOf(draft, name).state === "pending") decide(draft, role);
    if (runOf(draft, name).state === "running") finish(draft, role);
    if (!isSettled(runOf(draft, name))) continue;
    if (closeLoops(draft, name)) again = true;
    else resolveEdges(draft, name);
  }
  return again;
};

const neededOf = ({ join }: WorkflowRole, incoming: number): number =>
  join === "all" ? incoming : Math.min(join === "any" ? 1 : join, incoming);

/** Starts a role when enough of its edges fired, and skips it when all are resolved and too few did. */
const decide = (draft: Draft, role: WorkflowRole): void => {
  const incoming = (draft.incoming.get(role.name) ?? []).flatMap((index) => draft.edges[index] ?? []);
  const fired = incoming.filter(({ state }) => state === "fired").length;
  if (fired >= neededOf(role, incoming.length)) {
    begin(draft, role);
    return;
  }
  if (incoming.some(({ state }) => state === "open")) return;
  const reasons = incoming.filter(({ state }) => state === "dead").map(({ why }) => why);
  const why = reasons.slice(0, 3).join("; ") + (reasons.length > 3 ? `; and ${reasons.length - 3} more` : "");
  draft.roles.set(role.name, { ...runOf(draft, role.name), state: "skipped", why });
  draft.skipped.push({ role: role.name, why });
};

/** Moves calls on, and settles the role when none of its units is being worked on. */
const finish = (draft: Draft, { name, work }: WorkflowRole): void => {
  const run = runOf(draft, name);
  const units =
    work.kind === "call" ? run.units.map((unit) => moveCall(draft, unit, { called: work.workflow, role: name, run: run.run })) : run.units;
  const failed = units.find(({ state }) => state === "failed");
  const state = units.some((unit) => unit.state === "running") ? "running" : failed ? "failed" : "done";
  draft.roles.set(name, { ...run, units, state, why: state === "failed" ? (failed?.error ?? "") : "" });
};

type Called = { readonly called: string; readonly role: string; readonly run: number };

const moveCall = (draft: Draft, unit: Unit, { called, role, run }: Called): Unit => {
  if (!unit.call || unit.state !== "running") return unit;
  const workflow = draft.workflows.get(called);
  if (!workflow) return { ...unit, state: "failed", error: `there is no workflow "${called}"` };
  const within = [...draft.within, { role, run, item: unit.item && unit.item.index }];
  const { state, ready, skipped, abandoned, ended } = advance({ workflow, state: unit.call, workflows: draft.workflows, within });
  draft.ready.push(...ready);
  draft.skipped.push(...skipped.map((each) => ({ ...each, role: `${role}/${each.role}` })));
  draft.abandoned.push(...abandoned);
  if (!ended) return { ...unit, call: state };
  const error = ended.failed.map((each) => `${called}/${each.role}: ${each.why}`).join("; ");
  return { ...unit, call: state, state: ended.outcome, output: ended.output, error };
};

const endOf = (draft: Draft): Ended | null => {
  const names = draft.workflow.roles.map(({ name }) => name);
  if (!names.every((name) => isSettled(runOf(draft, name)))) return null;
  const failed = names.filter((name) => runOf(draft, name).state === "failed" && !isTakenOver(draft, name));
  const last = names.findLast((name) => runOf(draft, name).state !== "skipped") ?? null;
  return {
    outcome: failed.length > 0 ? "failed" : "done",
    last,
    output: last === null ? NO_OUTPUT : outputOf(runOf(draft, last)),
    failed: failed.map((role) => ({ role, why: runOf(draft, role).why })),
    skipped: names.filter((name) => runOf(draft, name).state === "skipped"),
  };
};

/** True for a role whose failure an edge took over: what that leads to has begun. */
export const isTakenOver = (draft: Draft, name: string): boolean =>
  (draft.outgoing.get(name) ?? []).some(
    (index) => draft.workflow.edges[index]?.guard.kind === "failure" && draft.edges[index]?.state === "fired",
  );
