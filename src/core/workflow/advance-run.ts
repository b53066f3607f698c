import { startRole } from "./start-role.ts";
import {
  type RunBuilder,
  hasEnded,
  type ReadyNode,
  type RunContext,
  roleRunOf,
  type SkippedRole,
  createRunBuilder,
  toRunState,
} from "./run-builder.ts";
import { closeLoops, resolveEdges } from "./resolve-edges.ts";
import { NO_OUTPUT, type RoleOutput, type RunState, type NodeRun } from "./run-state.ts";
import { collectOutput } from "./template-scope.ts";
import type { Workflow, WorkflowRole } from "./workflow.ts";

/** How a run ended. It failed when a role did whose failure no edge took over. `last` is the last role, in order, that was not skipped. */
export type RunEnd = {
  readonly outcome: "done" | "failed";
  readonly lastRole: string | null;
  readonly output: RoleOutput;
  readonly failedRoles: readonly SkippedRole[];
  readonly skippedRoles: readonly string[];
};

export type AdvancedRun = {
  readonly state: RunState;
  /** What is to be started now, each told once. */
  readonly readyNodes: readonly ReadyNode[];
  /** Roles that will not run (in this round), and why, each told once. */
  readonly skippedRoles: readonly SkippedRole[];
  /** Ids of units whose work is no longer wanted: their loop began again without them. */
  readonly abandonedIds: readonly string[];
  /** Null while something is still to be done. */
  readonly end: RunEnd | null;
};

const NO_WORKFLOWS: ReadonlyMap<string, Workflow> = new Map();

/**
 * Moves a run on as far as it goes without another result: what becomes ready, what is skipped, which loops begin again. A pure function, linear in the
 * size of the workflow for each round that a loop begins. `workflows` are those that may be called.
 */
export const advanceRun = (workflow: Workflow, state: RunState, workflows: ReadonlyMap<string, Workflow> = NO_WORKFLOWS): AdvancedRun =>
  advanceInContext({ workflow, state, workflows, callPath: [] });

const advanceInContext = (run: RunContext): AdvancedRun => {
  const draft = createRunBuilder(run);
  while (visitRoles(draft)) {
    // A loop began again: what is ready now stands before what was just looked at.
  }
  // What was made ready and given up in the same call was never handed out.
  const gone = new Set(draft.abandonedIds);
  const made = new Set(draft.readyNodes.map(({ id }) => id));
  return {
    state: toRunState(draft),
    readyNodes: draft.readyNodes.filter(({ id }) => !gone.has(id)),
    skippedRoles: draft.skippedRoles,
    abandonedIds: draft.abandonedIds.filter((id) => !made.has(id)),
    end: findRunEnd(draft),
  };
};

/** Every role once, each after all that it waits for. True when a loop began again. */
const visitRoles = (draft: RunBuilder): boolean => {
  let again = false;
  for (const role of draft.workflow.roles) {
    const { name } = role;
    if (roleRunOf(draft, name).state === "pending") startOrSkipRole(draft, role);
    if (roleRunOf(draft, name).state === "running") updateRoleState(draft, role);
    if (!hasEnded(roleRunOf(draft, name))) continue;
    if (closeLoops(draft, name)) again = true;
    else resolveEdges(draft, name);
  }
  return again;
};

const countNeededEdges = ({ join }: WorkflowRole, incoming: number): number =>
  join === "all" ? incoming : Math.min(join === "any" ? 1 : join, incoming);

/** Starts a role when enough of its edges fired, and skips it when all are resolved and too few did. */
const startOrSkipRole = (draft: RunBuilder, role: WorkflowRole): void => {
  const incoming = (draft.incomingEdges.get(role.name) ?? []).flatMap((index) => draft.edges[index] ?? []);
  const fired = incoming.filter(({ state }) => state === "fired").length;
  if (fired >= countNeededEdges(role, incoming.length)) {
    startRole(draft, role);
    return;
  }
  if (incoming.some(({ state }) => state === "open")) return;
  const reasons = incoming.filter(({ state }) => state === "dead").map(({ reason }) => reason);
  const why = reasons.slice(0, 3).join("; ") + (reasons.length > 3 ? `; and ${reasons.length - 3} more` : "");
  draft.roles.set(role.name, { ...roleRunOf(draft, role.name), state: "skipped", reason: why });
  draft.skippedRoles.push({ role: role.name, reason: why });
};

/** Moves calls on, and settles the role when none of its units is being worked on. */
const updateRoleState = (draft: RunBuilder, { name, work }: WorkflowRole): void => {
  const run = roleRunOf(draft, name);
  const units =
    work.kind === "call"
      ? run.nodeRuns.map((unit) => advanceCall(draft, unit, { called: work.workflow, role: name, run: run.run }))
      : run.nodeRuns;
  const failed = units.find(({ state }) => state === "failed");
  const state = units.some((unit) => unit.state === "running") ? "running" : failed ? "failed" : "done";
  draft.roles.set(name, { ...run, nodeRuns: units, state, reason: state === "failed" ? (failed?.error ?? "") : "" });
};

type CallSite = { readonly called: string; readonly role: string; readonly run: number };

const advanceCall = (draft: RunBuilder, unit: NodeRun, { called, role, run }: CallSite): NodeRun => {
  if (!unit.call || unit.state !== "running") return unit;
  const workflow = draft.workflows.get(called);
  if (!workflow) return { ...unit, state: "failed", error: `there is no workflow "${called}"` };
  const within = [...draft.callPath, { role, run, item: unit.item && unit.item.index }];
  const { state, readyNodes, skippedRoles, abandonedIds, end } = advanceInContext({
    workflow,
    state: unit.call,
    workflows: draft.workflows,
    callPath: within,
  });
  draft.readyNodes.push(...readyNodes);
  draft.skippedRoles.push(...skippedRoles.map((each) => ({ ...each, role: `${role}/${each.role}` })));
  draft.abandonedIds.push(...abandonedIds);
  if (!end) return { ...unit, call: state };
  const error = end.failedRoles.map((each) => `${called}/${each.role}: ${each.reason}`).join("; ");
  return { ...unit, call: state, state: end.outcome, output: end.output, error };
};

const findRunEnd = (draft: RunBuilder): RunEnd | null => {
  const names = draft.workflow.roles.map(({ name }) => name);
  if (!names.every((name) => hasEnded(roleRunOf(draft, name)))) return null;
  const failed = names.filter((name) => roleRunOf(draft, name).state === "failed" && !isFailureHandled(draft, name));
  const last = names.findLast((name) => roleRunOf(draft, name).state !== "skipped") ?? null;
  return {
    outcome: failed.length > 0 ? "failed" : "done",
    lastRole: last,
    output: last === null ? NO_OUTPUT : collectOutput(roleRunOf(draft, last)),
    failedRoles: failed.map((role) => ({ role, reason: roleRunOf(draft, role).reason })),
    skippedRoles: names.filter((name) => roleRunOf(draft, name).state === "skipped"),
  };
};

/** True for a role whose failure an edge took over: what that leads to has begun. */
export const isFailureHandled = (draft: RunBuilder, name: string): boolean =>
  (draft.outgoingEdges.get(name) ?? []).some(
    (index) => draft.workflow.edges[index]?.guard.kind === "failure" && draft.edges[index]?.state === "fired",
  );
