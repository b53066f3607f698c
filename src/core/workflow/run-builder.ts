import type { NodePath } from "../domain/workflow-run.ts";
import {
  FIRST_ROUND,
  OPEN_EDGE,
  type EdgeRun,
  type LoopRun,
  listOpenNodeRuns,
  PENDING_ROLE,
  type RoleRun,
  type RunState,
} from "./run-state.ts";
import { toPreviousRound, type RunProgress } from "./template-scope.ts";
import type { WorkflowEdge, Workflow, WorkflowRole } from "./workflow.ts";

export type ReadyNode = { readonly id: string; readonly path: NodePath; readonly role: WorkflowRole };

export type SkippedRole = { readonly role: string; readonly reason: string };

/** The run state while one call advances it, with the workflow's edges indexed by role. Its parts change in place. */
export type RunBuilder = {
  readonly workflow: Workflow;
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** The path of calls to the run; empty for the main workflow. */
  readonly callPath: NodePath;
  readonly args: string;
  readonly roles: Map<string, RoleRun>;
  readonly edges: EdgeRun[];
  readonly loops: LoopRun[];
  /** Indices of edges, by the role that they lead to or from, or by the loop that they leave. */
  readonly incomingEdges: ReadonlyMap<string, readonly number[]>;
  readonly outgoingEdges: ReadonlyMap<string, readonly number[]>;
  readonly leavingEdges: ReadonlyMap<number, readonly number[]>;
  /** Indices of loops by their last role, inner loops first. */
  readonly loopsByLastRole: ReadonlyMap<string, readonly number[]>;
  readonly readyNodes: ReadyNode[];
  readonly skippedRoles: SkippedRole[];
  readonly abandonedIds: string[];
};

export type RunContext = {
  readonly workflow: Workflow;
  readonly state: RunState;
  readonly workflows: ReadonlyMap<string, Workflow>;
  readonly callPath: NodePath;
};

const groupByKey = <K>(pairs: readonly (readonly [K, number])[]): Map<K, number[]> => {
  const groups = new Map<K, number[]>();
  for (const [key, index] of pairs) {
    const indices = groups.get(key);
    if (indices) indices.push(index);
    else groups.set(key, [index]);
  }
  return groups;
};

export const createRunBuilder = ({ workflow, state, workflows, callPath }: RunContext): RunBuilder => ({
  workflow,
  workflows,
  callPath,
  args: state.args,
  roles: new Map(Object.entries(state.roles)),
  edges: [...state.edges],
  loops: [...state.loops],
  incomingEdges: groupByKey(workflow.edges.map(({ to }, index) => [to, index] as const)),
  outgoingEdges: groupByKey(workflow.edges.map(({ from }, index) => [from, index] as const)),
  leavingEdges: groupByKey(workflow.edges.flatMap(({ leftLoops }, index) => leftLoops.map((loop) => [loop, index] as const))),
  loopsByLastRole: groupByKey(workflow.loops.map(({ from }, index) => [from, index] as const)),
  readyNodes: [],
  skippedRoles: [],
  abandonedIds: [],
});

export const toRunState = ({ args, roles, edges, loops }: RunBuilder): RunState => ({
  args,
  roles: Object.fromEntries(roles),
  edges,
  loops,
});

export const progressOfBuilder = (builder: RunBuilder): RunProgress => ({
  args: builder.args,
  loops: builder.loops,
  roleOf: (name) => builder.roles.get(name),
});

export const roleRunOf = (builder: RunBuilder, role: string): RoleRun => builder.roles.get(role) ?? PENDING_ROLE;

export const hasEnded = ({ state }: RoleRun): boolean => state === "done" || state === "failed" || state === "skipped";

export const findEdge = (builder: RunBuilder, index: number): { readonly edge: WorkflowEdge; readonly run: EdgeRun } | null => {
  const edge = builder.workflow.edges[index];
  return edge ? { edge, run: builder.edges[index] ?? OPEN_EDGE } : null;
};

/** Starts the next round of a loop: its roles become pending again but keep their last output for readers, and inner loops restart at round 1. */
export const repeatLoop = (builder: RunBuilder, index: number): void => {
  const loop = builder.workflow.loops[index];
  if (!loop) return;
  const body = new Set(loop.body);
  for (const name of loop.body) resetRole(builder, name, body);
  builder.workflow.loops.forEach((inner, at) => {
    if (body.has(inner.from) && inner.body.length < loop.body.length) builder.loops[at] = FIRST_ROUND;
  });
  builder.loops[index] = { round: (builder.loops[index]?.round ?? 1) + 1, over: false };
};

const resetRole = (builder: RunBuilder, name: string, body: ReadonlySet<string>): void => {
  const run = roleRunOf(builder, name);
  // With `join: any`, a loop may restart while one of its roles is still running.
  if (run.state === "running")
    builder.abandonedIds.push(
      ...listOpenNodeRuns({ ...toEmptyState(builder), roles: { [name]: run } }, builder.callPath).map(({ id }) => id),
    );
  builder.roles.set(name, { ...PENDING_ROLE, run: run.run, previousRound: toPreviousRound(run) });
  for (const edge of builder.outgoingEdges.get(name) ?? [])
    if (body.has(builder.workflow.edges[edge]?.to ?? "")) builder.edges[edge] = OPEN_EDGE;
};

const toEmptyState = ({ args }: RunBuilder): RunState => ({ args, roles: {}, edges: [], loops: [] });
