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
  /** What is worked on again, and why it failed. */
  readonly nodeRuns: readonly (OpenNodeRun & { readonly error: string })[];
  /** False where nothing failed that could go on. */
  readonly changed: boolean;
};

type RunResumption = {
  readonly draft: RunBuilder;
  readonly only: NodePath;
  readonly again: Set<string>;
  readonly nodeRuns: ResumedRun["nodeRuns"][number][];
};

/**
 * A run that goes on from what failed: that is worked on again, and what was skipped because of it waits again; what succeeded stays, also items of a list
 * and roles within calls. Loops keep their round; one whose condition did not hold after its last round gets that round once more.
 * With `only` the way to one unit: nothing else that failed is touched. What a failure edge took over stays as it is.
 */
export const resumeRun = (run: RunContext, only: NodePath = []): ResumedRun => {
  const resuming: RunResumption = { draft: createRunBuilder(run), only, again: new Set(), nodeRuns: [] };
  const { draft, again, nodeRuns } = resuming;
  for (const role of run.workflow.roles) {
    if (mustResumeRole(resuming, role)) resumeRole(resuming, role);
    else if (roleRunOf(draft, role.name).state === "skipped" && waitsForResumed(resuming, role.name)) resetToPending(resuming, role.name);
  }
  run.workflow.edges.forEach(({ from }, index) => {
    if (again.has(from)) draft.edges[index] = OPEN_EDGE;
  });
  run.workflow.loops.forEach(({ from }, index) => {
    if (again.has(from)) draft.loops[index] = { round: draft.loops[index]?.round ?? 1, over: false };
  });
  return { state: toRunState(draft), nodeRuns, changed: again.size > 0 };
};

const mustResumeRole = ({ draft, only }: RunResumption, { name }: WorkflowRole): boolean => {
  const { state, nodeRuns } = roleRunOf(draft, name);
  const [first] = only;
  if (first) return first.role === name && nodeRuns.some((unit) => mustResumeNode(unit, only)) && !isFailureHandled(draft, name);
  return state === "failed" && !isFailureHandled(draft, name);
};

/** A unit that failed, or a call in which something did. */
const mustResumeNode = ({ state, item, call }: NodeRun, [first]: NodePath): boolean =>
  (state === "failed" || (first !== undefined && call !== null)) && (first === undefined || first.item === (item && item.index));

const waitsForResumed = ({ draft, again }: RunResumption, name: string): boolean =>
  (draft.incomingEdges.get(name) ?? []).some((index) => again.has(draft.workflow.edges[index]?.from ?? ""));

/** It waits as at the start, and keeps what it gave in a round before. */
const resetToPending = ({ draft, again }: RunResumption, name: string): void => {
  const { run, previousRound } = roleRunOf(draft, name);
  draft.roles.set(name, { ...PENDING_ROLE, run, previousRound });
  again.add(name);
};

const resumeRole = (resuming: RunResumption, role: WorkflowRole): void => {
  const { draft, only, again } = resuming;
  const run = roleRunOf(draft, role.name);
  if (!run.nodeRuns.some((unit) => mustResumeNode(unit, only))) return restartRole(resuming, role.name);
  let changed = false;
  const units = run.nodeRuns.map((unit) => {
    const next = mustResumeNode(unit, only) ? resumeNodeRun(resuming, { role, run, unit }) : unit;
    if (next !== unit) changed = true;
    return next;
  });
  if (!changed) return;
  draft.roles.set(role.name, { ...run, nodeRuns: units, state: "running", reason: "" });
  again.add(role.name);
};

/** A role that could not begin begins; one that ended a loop without its condition has the loop's last round again. */
const restartRole = (resuming: RunResumption, name: string): void => {
  const { draft, again } = resuming;
  const index = draft.workflow.loops.findIndex(({ from }, at) => from === name && draft.loops[at]?.over);
  const loop = draft.workflow.loops[index];
  if (!loop || roleRunOf(draft, name).nodeRuns.length === 0) return resetToPending(resuming, name);
  const round = draft.loops[index]?.round ?? 1;
  repeatLoop(draft, index);
  draft.loops[index] = { round, over: false };
  for (const each of loop.body) again.add(each);
};

type FailedNode = { readonly role: WorkflowRole; readonly run: RoleRun; readonly unit: NodeRun };

const resumeNodeRun = ({ draft, only, nodeRuns }: RunResumption, { role, run, unit }: FailedNode): NodeRun => {
  const path = [...draft.callPath, { role: role.name, run: run.run, item: unit.item && unit.item.index }];
  if (role.work.kind !== "call") {
    nodeRuns.push({ id: toNodeRunId(path), path, error: unit.error });
    return { ...unit, state: "running", output: NO_OUTPUT, error: "" };
  }
  const called = draft.workflows.get(role.work.workflow);
  if (!unit.call || !called) return startNodeRun(draft, role, unit.item);
  const inner = resumeRun({ workflow: called, state: unit.call, workflows: draft.workflows, callPath: path }, only.slice(1));
  nodeRuns.push(...inner.nodeRuns);
  return inner.changed ? { ...unit, state: "running", output: NO_OUTPUT, error: "", call: inner.state } : unit;
};
