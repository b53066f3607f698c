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

/**
 * The end of a run. A run fails if a role failed and no `on: failure` edge handled the failure. `lastRole` is the last role in order,
 * without skipped roles.
 */
export type RunEnd = {
  readonly outcome: "done" | "failed";
  readonly lastRole: string | null;
  readonly output: RoleOutput;
  readonly failedRoles: readonly SkippedRole[];
  readonly skippedRoles: readonly string[];
};

export type AdvancedRun = {
  readonly state: RunState;
  /** Node runs to start now. Each is reported once. */
  readonly readyNodes: readonly ReadyNode[];
  /** Roles that will not run in this round, with the reason. Each is reported once. */
  readonly skippedRoles: readonly SkippedRole[];
  /** Ids of node runs that are obsolete because their loop restarted without them. */
  readonly abandonedIds: readonly string[];
  /** The end of the run; null while it is in progress. */
  readonly end: RunEnd | null;
};

const NO_WORKFLOWS: ReadonlyMap<string, Workflow> = new Map();

/**
 * Advances a run as far as possible without another result: starts and skips roles, and restarts loops. A pure function, linear in the size of the
 * workflow for each round that starts. `workflows` are the ones that may be called.
 */
export const advanceRun = (workflow: Workflow, state: RunState, workflows: ReadonlyMap<string, Workflow> = NO_WORKFLOWS): AdvancedRun =>
  advanceInContext({ workflow, state, workflows, callPath: [] });

const advanceInContext = (run: RunContext): AdvancedRun => {
  const builder = createRunBuilder(run);
  while (visitRoles(builder)) {
    // A loop restarted: roles that are ready now precede the ones just visited.
  }
  // A node run that became ready and obsolete in the same call was never handed out.
  const obsolete = new Set(builder.abandonedIds);
  const readyIds = new Set(builder.readyNodes.map(({ id }) => id));
  return {
    state: toRunState(builder),
    readyNodes: builder.readyNodes.filter(({ id }) => !obsolete.has(id)),
    skippedRoles: builder.skippedRoles,
    abandonedIds: builder.abandonedIds.filter((id) => !readyIds.has(id)),
    end: findRunEnd(builder),
  };
};

/** Visits every role once, each after the roles that it waits for. Returns whether a loop restarted. */
const visitRoles = (builder: RunBuilder): boolean => {
  let hasRestarted = false;
  for (const role of builder.workflow.roles) {
    const { name } = role;
    if (roleRunOf(builder, name).state === "pending") startOrSkipRole(builder, role);
    if (roleRunOf(builder, name).state === "running") updateRoleState(builder, role);
    if (!hasEnded(roleRunOf(builder, name))) continue;
    if (closeLoops(builder, name)) hasRestarted = true;
    else resolveEdges(builder, name);
  }
  return hasRestarted;
};

const countNeededEdges = ({ join }: WorkflowRole, incoming: number): number =>
  join === "all" ? incoming : Math.min(join === "any" ? 1 : join, incoming);

/** Starts a role if enough of its edges fired. Skips it if all edges are resolved and too few fired. */
const startOrSkipRole = (builder: RunBuilder, role: WorkflowRole): void => {
  const incoming = (builder.incomingEdges.get(role.name) ?? []).flatMap((index) => builder.edges[index] ?? []);
  const fired = incoming.filter(({ state }) => state === "fired").length;
  if (fired >= countNeededEdges(role, incoming.length)) {
    startRole(builder, role);
    return;
  }
  if (incoming.some(({ state }) => state === "open")) return;
  const reasons = incoming.filter(({ state }) => state === "dead").map(({ reason }) => reason);
  const reason = reasons.slice(0, 3).join("; ") + (reasons.length > 3 ? `; and ${reasons.length - 3} more` : "");
  builder.roles.set(role.name, { ...roleRunOf(builder, role.name), state: "skipped", reason });
  builder.skippedRoles.push({ role: role.name, reason });
};

/** Advances calls, and ends the role if none of its node runs is in progress. */
const updateRoleState = (builder: RunBuilder, { name, work }: WorkflowRole): void => {
  const run = roleRunOf(builder, name);
  const nodeRuns =
    work.kind === "call"
      ? run.nodeRuns.map((nodeRun) => advanceCall(builder, nodeRun, { called: work.workflow, role: name, run: run.run }))
      : run.nodeRuns;
  const failed = nodeRuns.find(({ state }) => state === "failed");
  const state = nodeRuns.some((nodeRun) => nodeRun.state === "running") ? "running" : failed ? "failed" : "done";
  builder.roles.set(name, { ...run, nodeRuns, state, reason: state === "failed" ? (failed?.error ?? "") : "" });
};

type CallSite = { readonly called: string; readonly role: string; readonly run: number };

const advanceCall = (builder: RunBuilder, nodeRun: NodeRun, { called, role, run }: CallSite): NodeRun => {
  if (!nodeRun.call || nodeRun.state !== "running") return nodeRun;
  const workflow = builder.workflows.get(called);
  if (!workflow) return { ...nodeRun, state: "failed", error: `there is no workflow "${called}"` };
  const within = [...builder.callPath, { role, run, item: nodeRun.item && nodeRun.item.index }];
  const { state, readyNodes, skippedRoles, abandonedIds, end } = advanceInContext({
    workflow,
    state: nodeRun.call,
    workflows: builder.workflows,
    callPath: within,
  });
  builder.readyNodes.push(...readyNodes);
  builder.skippedRoles.push(...skippedRoles.map((each) => ({ ...each, role: `${role}/${each.role}` })));
  builder.abandonedIds.push(...abandonedIds);
  if (!end) return { ...nodeRun, call: state };
  const error = end.failedRoles.map((each) => `${called}/${each.role}: ${each.reason}`).join("; ");
  return { ...nodeRun, call: state, state: end.outcome, output: end.output, error };
};

const findRunEnd = (builder: RunBuilder): RunEnd | null => {
  const names = builder.workflow.roles.map(({ name }) => name);
  if (!names.every((name) => hasEnded(roleRunOf(builder, name)))) return null;
  const failed = names.filter((name) => roleRunOf(builder, name).state === "failed" && !isFailureHandled(builder, name));
  const last = names.findLast((name) => roleRunOf(builder, name).state !== "skipped") ?? null;
  return {
    outcome: failed.length > 0 ? "failed" : "done",
    lastRole: last,
    output: last === null ? NO_OUTPUT : collectOutput(roleRunOf(builder, last)),
    failedRoles: failed.map((role) => ({ role, reason: roleRunOf(builder, role).reason })),
    skippedRoles: names.filter((name) => roleRunOf(builder, name).state === "skipped"),
  };
};

/** Whether an `on: failure` edge of a failed role fired. */
export const isFailureHandled = (builder: RunBuilder, name: string): boolean =>
  (builder.outgoingEdges.get(name) ?? []).some(
    (index) => builder.workflow.edges[index]?.guard.kind === "failure" && builder.edges[index]?.state === "fired",
  );
