import type { NodePath } from "../domain/workflow-run.ts";
import { startNodeRun } from "./start-role.ts";
import { type RunBuilder, repeatLoop, type RunContext, roleRunOf, createRunBuilder, toRunState } from "./run-builder.ts";
import { isFailureHandled } from "./advance-run.ts";
import {
  NO_OUTPUT,
  OPEN_EDGE,
  type OpenNodeRun,
  PENDING_ROLE,
  type RoleRun,
  type RunState,
  type NodeRun,
  toNodeRunId,
} from "./run-state.ts";
import type { WorkflowRole } from "./workflow.ts";

export type ResumedRun = {
  readonly state: RunState;
  /** Node runs to restart, each with its error. */
  readonly nodeRuns: readonly (OpenNodeRun & { readonly error: string })[];
  /** Whether any failed role can continue. */
  readonly changed: boolean;
};

type RunResumption = {
  readonly builder: RunBuilder;
  readonly only: NodePath;
  readonly again: Set<string>;
  readonly nodeRuns: ResumedRun["nodeRuns"][number][];
};

/**
 * Resumes a failed run: failed roles run again, and roles that were skipped because of them become pending again. Successful roles keep their results,
 * including single `foreach` items and roles of called workflows. Loops keep their round; a loop that reached its limit repeats its last round.
 * `only` is the path of one node run to resume; other failures then stay. A failure that an `on: failure` edge handled stays too.
 */
export const resumeRun = (run: RunContext, only: NodePath = []): ResumedRun => {
  const resumption: RunResumption = { builder: createRunBuilder(run), only, again: new Set(), nodeRuns: [] };
  const { builder, again, nodeRuns } = resumption;
  for (const role of run.workflow.roles) {
    if (mustResumeRole(resumption, role)) resumeRole(resumption, role);
    else if (roleRunOf(builder, role.name).state === "skipped" && waitsForResumed(resumption, role.name))
      resetToPending(resumption, role.name);
  }
  run.workflow.edges.forEach(({ from }, index) => {
    if (again.has(from)) builder.edges[index] = OPEN_EDGE;
  });
  run.workflow.loops.forEach(({ from }, index) => {
    if (again.has(from)) builder.loops[index] = { round: builder.loops[index]?.round ?? 1, over: false };
  });
  return { state: toRunState(builder), nodeRuns, changed: again.size > 0 };
};

const mustResumeRole = ({ builder, only }: RunResumption, { name }: WorkflowRole): boolean => {
  const { state, nodeRuns } = roleRunOf(builder, name);
  const [first] = only;
  if (first) return first.role === name && nodeRuns.some((nodeRun) => mustResumeNode(nodeRun, only)) && !isFailureHandled(builder, name);
  return state === "failed" && !isFailureHandled(builder, name);
};

/** Whether a node run failed, or is a call in which the selected node run may have failed. */
const mustResumeNode = ({ state, item, call }: NodeRun, [first]: NodePath): boolean =>
  (state === "failed" || (first !== undefined && call !== null)) && (first === undefined || first.item === (item && item.index));

const waitsForResumed = ({ builder, again }: RunResumption, name: string): boolean =>
  (builder.incomingEdges.get(name) ?? []).some((index) => again.has(builder.workflow.edges[index]?.from ?? ""));

/** Makes a role pending again; it keeps the output of an earlier round. */
const resetToPending = ({ builder, again }: RunResumption, name: string): void => {
  const { run, previousRound } = roleRunOf(builder, name);
  builder.roles.set(name, { ...PENDING_ROLE, run, previousRound });
  again.add(name);
};

const resumeRole = (resumption: RunResumption, role: WorkflowRole): void => {
  const { builder, only, again } = resumption;
  const run = roleRunOf(builder, role.name);
  if (!run.nodeRuns.some((nodeRun) => mustResumeNode(nodeRun, only))) return restartRole(resumption, role.name);
  let changed = false;
  const nodeRuns = run.nodeRuns.map((nodeRun) => {
    const next = mustResumeNode(nodeRun, only) ? resumeNodeRun(resumption, { role, run, nodeRun }) : nodeRun;
    if (next !== nodeRun) changed = true;
    return next;
  });
  if (!changed) return;
  builder.roles.set(role.name, { ...run, nodeRuns: nodeRuns, state: "running", reason: "" });
  again.add(role.name);
};

/** Restarts a role that failed before its first node run. A loop that reached its limit repeats its last round. */
const restartRole = (resumption: RunResumption, name: string): void => {
  const { builder, again } = resumption;
  const index = builder.workflow.loops.findIndex(({ from }, at) => from === name && builder.loops[at]?.over);
  const loop = builder.workflow.loops[index];
  if (!loop || roleRunOf(builder, name).nodeRuns.length === 0) return resetToPending(resumption, name);
  const round = builder.loops[index]?.round ?? 1;
  repeatLoop(builder, index);
  builder.loops[index] = { round, over: false };
  for (const each of loop.body) again.add(each);
};

type FailedNode = { readonly role: WorkflowRole; readonly run: RoleRun; readonly nodeRun: NodeRun };

const resumeNodeRun = ({ builder, only, nodeRuns }: RunResumption, { role, run, nodeRun }: FailedNode): NodeRun => {
  const path = [...builder.callPath, { role: role.name, run: run.run, item: nodeRun.item && nodeRun.item.index }];
  if (role.work.kind !== "call") {
    nodeRuns.push({ id: toNodeRunId(path), path, error: nodeRun.error });
    return { ...nodeRun, state: "running", output: NO_OUTPUT, error: "" };
  }
  const called = builder.workflows.get(role.work.workflow);
  if (!nodeRun.call || !called) return startNodeRun(builder, role, nodeRun.item);
  const inner = resumeRun({ workflow: called, state: nodeRun.call, workflows: builder.workflows, callPath: path }, only.slice(1));
  nodeRuns.push(...inner.nodeRuns);
  return inner.changed ? { ...nodeRun, state: "running", output: NO_OUTPUT, error: "", call: inner.state } : nodeRun;
};
