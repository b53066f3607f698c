import {
  FIRST_ROUND,
  OPEN,
  type EdgeRun,
  type LoopRun,
  openUnits,
  PENDING,
  type RoleRun,
  type RunState,
  type UnitPath,
} from "./run-state.ts";
import { beforeOf, type Progress } from "./scope.ts";
import type { Edge, Workflow, WorkflowRole } from "./workflow.ts";

/** A unit that is to be started now. */
export type ReadyUnit = { readonly id: string; readonly path: UnitPath; readonly role: WorkflowRole };

export type Skipped = { readonly role: string; readonly why: string };

/** A run while one call moves it on: the state's parts, changed in place, with the workflow's edges by role. */
export type Draft = {
  readonly workflow: Workflow;
  readonly workflows: ReadonlyMap<string, Workflow>;
  /** The way to this run where it is a call. */
  readonly within: UnitPath;
  readonly args: string;
  readonly roles: Map<string, RoleRun>;
  readonly edges: EdgeRun[];
  readonly loops: LoopRun[];
  /** Indices of edges, by the role that they lead to or from, and by the loop that they lead out of. */
  readonly incoming: ReadonlyMap<string, readonly number[]>;
  readonly outgoing: ReadonlyMap<string, readonly number[]>;
  readonly leaving: ReadonlyMap<number, readonly number[]>;
  /** Loops by their last role, the inner ones first. */
  readonly loopsOf: ReadonlyMap<string, readonly number[]>;
  readonly ready: ReadyUnit[];
  readonly skipped: Skipped[];
  readonly abandoned: string[];
};

export type Run = {
  readonly workflow: Workflow;
  readonly state: RunState;
  readonly workflows: ReadonlyMap<string, Workflow>;
  readonly within: UnitPath;
};

const group = <K>(pairs: readonly (readonly [K, number])[]): Map<K, number[]> => {
  const groups = new Map<K, number[]>();
  for (const [key, index] of pairs) {
    const own = groups.get(key);
    if (own) own.push(index);
    else groups.set(key, [index]);
  }
  return groups;
};

export const toDraft = ({ workflow, state, workflows, within }: Run): Draft => ({
  workflow,
  workflows,
  within,
  args: state.args,
  roles: new Map(Object.entries(state.roles)),
  edges: [...state.edges],
  loops: [...state.loops],
  incoming: group(workflow.edges.map(({ to }, index) => [to, index] as const)),
  outgoing: group(workflow.edges.map(({ from }, index) => [from, index] as const)),
  leaving: group(workflow.edges.flatMap(({ leaves }, index) => leaves.map((loop) => [loop, index] as const))),
  loopsOf: group(workflow.loops.map(({ from }, index) => [from, index] as const)),
  ready: [],
  skipped: [],
  abandoned: [],
});

export const toState = ({ args, roles, edges, loops }: Draft): RunState => ({ args, roles: Object.fromEntries(roles), edges, loops });

export const progressOfDraft = (draft: Draft): Progress => ({
  args: draft.args,
  loops: draft.loops,
  roleOf: (name) => draft.roles.get(name),
});

export const runOf = (draft: Draft, role: string): RoleRun => draft.roles.get(role) ?? PENDING;

export const isSettled = ({ state }: RoleRun): boolean => state === "done" || state === "failed" || state === "skipped";

export const edgeAt = (draft: Draft, index: number): { readonly edge: Edge; readonly run: EdgeRun } | null => {
  const edge = draft.workflow.edges[index];
  return edge ? { edge, run: draft.edges[index] ?? OPEN } : null;
};

/** A loop begins again: its roles wait as at the start, and keep what they gave for those that read it first. Loops within it begin anew. */
export const repeat = (draft: Draft, index: number): void => {
  const loop = draft.workflow.loops[index];
  if (!loop) return;
  const body = new Set(loop.body);
  for (const name of loop.body) reset(draft, name, body);
  draft.workflow.loops.forEach((inner, at) => {
    if (body.has(inner.from) && inner.body.length < loop.body.length) draft.loops[at] = FIRST_ROUND;
  });
  draft.loops[index] = { round: (draft.loops[index]?.round ?? 1) + 1, over: false };
};

const reset = (draft: Draft, name: string, body: ReadonlySet<string>): void => {
  const run = runOf(draft, name);
  // With `join: any` a loop may begin again while one of its roles is still at work.
  if (run.state === "running")
    draft.abandoned.push(...openUnits({ ...toEmpty(draft), roles: { [name]: run } }, draft.within).map(({ id }) => id));
  draft.roles.set(name, { ...PENDING, run: run.run, before: beforeOf(run) });
  for (const edge of draft.outgoing.get(name) ?? []) if (body.has(draft.workflow.edges[edge]?.to ?? "")) draft.edges[edge] = OPEN;
};

const toEmpty = ({ args }: Draft): RunState => ({ args, roles: {}, edges: [], loops: [] });
