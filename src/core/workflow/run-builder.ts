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

/** A unit that is to be started now. */
export type ReadyNode = { readonly id: string; readonly path: NodePath; readonly role: WorkflowRole };

export type SkippedRole = { readonly role: string; readonly reason: string };

/** A run while one call moves it on: the state's parts, changed in place, with the workflow's edges by role. */
export type RunBuilder = {
  readonly workflow: Workflow;
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** The way to this run where it is a call. */
  readonly callPath: NodePath;
  readonly args: string;
  readonly roles: Map<string, RoleRun>;
  readonly edges: EdgeRun[];
  readonly loops: LoopRun[];
  /** Indices of edges, by the role that they lead to or from, and by the loop that they lead out of. */
  readonly incomingEdges: ReadonlyMap<string, readonly number[]>;
  readonly outgoingEdges: ReadonlyMap<string, readonly number[]>;
  readonly leavingEdges: ReadonlyMap<number, readonly number[]>;
  /** Loops by their last role, the inner ones first. */
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
    const own = groups.get(key);
    if (own) own.push(index);
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

export const progressOfBuilder = (draft: RunBuilder): RunProgress => ({
  args: draft.args,
  loops: draft.loops,
  roleOf: (name) => draft.roles.get(name),
});

export const roleRunOf = (draft: RunBuilder, role: string): RoleRun => draft.roles.get(role) ?? PENDING_ROLE;

export const hasEnded = ({ state }: RoleRun): boolean => state === "done" || state === "failed" || state === "skipped";

export const findEdge = (draft: RunBuilder, index: number): { readonly edge: WorkflowEdge; readonly run: EdgeRun } | null => {
  const edge = draft.workflow.edges[index];
  return edge ? { edge, run: draft.edges[index] ?? OPEN_EDGE } : null;
};

/** A loop begins again: its roles wait as at the start, and keep what they gave for those that read it first. Loops within it begin anew. */
export const repeatLoop = (draft: RunBuilder, index: number): void => {
  const loop = draft.workflow.loops[index];
  if (!loop) return;
  const body = new Set(loop.body);
  for (const name of loop.body) resetRole(draft, name, body);
  draft.workflow.loops.forEach((inner, at) => {
    if (body.has(inner.from) && inner.body.length < loop.body.length) draft.loops[at] = FIRST_ROUND;
  });
  draft.loops[index] = { round: (draft.loops[index]?.round ?? 1) + 1, over: false };
};

const resetRole = (draft: RunBuilder, name: string, body: ReadonlySet<string>): void => {
  const run = roleRunOf(draft, name);
  // With `join: any` a loop may begin again while one of its roles is still at work.
  if (run.state === "running")
    draft.abandonedIds.push(...listOpenNodeRuns({ ...toEmptyState(draft), roles: { [name]: run } }, draft.callPath).map(({ id }) => id));
  draft.roles.set(name, { ...PENDING_ROLE, run: run.run, previousRound: toPreviousRound(run) });
  for (const edge of draft.outgoingEdges.get(name) ?? []) if (body.has(draft.workflow.edges[edge]?.to ?? "")) draft.edges[edge] = OPEN_EDGE;
};

const toEmptyState = ({ args }: RunBuilder): RunState => ({ args, roles: {}, edges: [], loops: [] });
