import { ABANDONED_ROUND_REFUSAL } from "../../messages/refusals/steps.ts";
import { failExecution } from "../../domain/execution-lifecycle.ts";
import { abandon, requestRepair, restart } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import type { StepId } from "../../domain/ids.ts";
import { DEFAULT_TIER, type PlannedStep } from "../../domain/plan.ts";
import { createStep, type Step } from "../../domain/step.ts";
import type { WorkflowRun } from "../../domain/workflow-run.ts";
import { type AdvancedRun, advanceRun } from "../../workflow/advance-run.ts";
import type { LinkedWorkflow } from "../../workflow/link-workflow.ts";
import { findNodeRole, toNodeStepId, listStepsBefore } from "../../workflow/node-step.ts";
import { recordResults, type NodeResult } from "../../workflow/record-results.ts";
import { listOpenNodeRuns, type RunState, listSkippedRoles } from "../../workflow/run-state.ts";
import type { WorkflowRole } from "../../workflow/workflow.ts";
import type { DecisionTransaction, LedgerReader, NoteWriter, StepWriter, ExecutionWriter } from "../decision-transaction.ts";
import { chooseRoleOutput } from "../role-output.ts";
import { findNodeResult } from "./node-result.ts";

/** Advances workflow runs: feeds in step results and creates steps for the nodes that became ready. */
export const reconcileWorkflows = (tx: StepWriter & ExecutionWriter): void => {
  for (const { id, state, workflow } of tx.executions()) {
    if (state !== "running" || !workflow || workflow.endState !== null) continue;
    const flow = tx.linkWorkflow(workflow);
    if (flow.ok) advanceWorkflow(tx, id, { flow: flow.value, run: workflow });
    else failWorkflow(tx, id, flow.refusal.message);
  }
};

type OpenedRun = { readonly flow: LinkedWorkflow; readonly run: WorkflowRun };

const advanceWorkflow = (tx: StepWriter & ExecutionWriter, id: string, { flow, run }: OpenedRun): void => {
  const execution = tx.execution(id);
  if (!execution) return;
  // This module wrote the value.
  const state = run.state as RunState;
  const results = acceptNodeResults(tx, execution, listNodeResults(tx, { execution, flow, state }));
  if (results.size === 0 && Object.keys(execution.steps).length > 0 && !run.resumed) return;
  const recorded = recordResults(state, results);
  const next = advanceRun(flow.main, recorded, flow.all);
  abandonSteps(
    tx,
    id,
    listOpenNodeRuns(recorded)
      .filter((unit) => next.abandonedIds.includes(unit.id))
      .map(({ path }) => toNodeStepId(path)),
  );
  startReadyNodes(tx, id, { flow, next });
};

/** The results of open node runs. `again`: the role's answer has the wrong format. */
const listNodeResults = (tx: LedgerReader, { execution, flow, state }: { execution: Execution; flow: LinkedWorkflow; state: RunState }) =>
  listOpenNodeRuns(state).flatMap(({ id, path }) => {
    const step = execution.steps[toNodeStepId(path)];
    const role = findNodeRole(flow, path);
    const result = step && role && findNodeResult(tx, { execution, step, role });
    return result ? [{ id, step, result }] : [];
  });

/** Asks the roles whose answer has the wrong format once more. Returns the other results by node run. */
const acceptNodeResults = (
  tx: StepWriter & ExecutionWriter,
  execution: Execution,
  found: ReturnType<typeof listNodeResults>,
): ReadonlyMap<string, NodeResult> => {
  const results = new Map<string, NodeResult>();
  for (const { id, step, result } of found) {
    if (result.state === "again") reaskStep(tx, execution.id, { step, reason: result.reason });
    else results.set(id, result);
  }
  return results;
};

const reaskStep = (tx: StepWriter & ExecutionWriter, id: string, { step, reason }: { step: Step; reason: string }): void => {
  const execution = tx.execution(id);
  if (!execution?.workflow) return;
  tx.putExecution({ ...execution, workflow: { ...execution.workflow, reaskedSteps: [...execution.workflow.reaskedSteps, step.id] } });
  tx.putStep(id, requestRepair(step, reason));
  tx.note(`${id}-${step.id} is asked again: ${reason}`);
};

/** Abandons steps of an earlier round. A running job is stopped because the step keeps its deadline; work of earlier rounds stays. */
const abandonSteps = (tx: StepWriter, id: string, steps: readonly StepId[]): void => {
  for (const each of steps) {
    const step = tx.execution(id)?.steps[each];
    if (!step) continue;
    const why = ABANDONED_ROUND_REFUSAL;
    tx.putStep(id, abandon(step, why));
    tx.note(`${id}-${each} is given up: its loop began again without it`);
  }
};

/** Creates steps for ready node runs, and finishes the workflow after its last role. */
const startReadyNodes = (
  tx: StepWriter & ExecutionWriter,
  id: string,
  { flow, next }: { flow: LinkedWorkflow; next: AdvancedRun },
): void => {
  const execution = tx.execution(id);
  if (!execution?.workflow) return;
  const pieces = { ...execution.workflow.nodes, ...Object.fromEntries(next.readyNodes.map(({ path }) => [toNodeStepId(path), path])) };
  const begun = new Set(next.readyNodes.map(({ path }) => toNodeStepId(path)));
  const { resumed: _, ...before } = execution.workflow;
  const run: WorkflowRun = {
    ...before,
    state: next.state,
    nodes: pieces,
    skippedRoles: listSkippedRoles(next.state),
    endState: next.end?.outcome ?? null,
    reaskedSteps: execution.workflow.reaskedSteps.filter((step) => !begun.has(step)),
  };
  tx.putExecution({ ...execution, workflow: run, plan: growPlan(tx, { execution, run, flow, ready: next.readyNodes }) });
  for (const { path } of next.readyNodes) tx.putStep(id, restart(execution.steps[toNodeStepId(path)] ?? createStep(toNodeStepId(path))));
  noteSkippedRoles(tx, id, next);
};

type PlanGrowth = {
  readonly execution: Execution;
  readonly run: WorkflowRun;
  readonly flow: LinkedWorkflow;
  readonly ready: AdvancedRun["readyNodes"];
};

/** The hash of the plan with the ready nodes added. */
const growPlan = (tx: ExecutionWriter, { execution, run, flow, ready }: PlanGrowth): Execution["plan"] => {
  if (ready.length === 0) return execution.plan;
  const planned = new Map((tx.plan(execution.plan)?.steps ?? []).map((each) => [each.id, each]));
  for (const { path, role } of ready)
    planned.set(toNodeStepId(path), planRoleStep(execution, { run, flow, path, role, roles: tx.snapshot.config.roles }));
  return tx.putPlan({ steps: [...planned.values()] });
};

const noteSkippedRoles = (tx: NoteWriter, id: string, { skippedRoles, end }: AdvancedRun): void => {
  for (const { role, reason } of skippedRoles) tx.note(`${id}: ${role} is skipped: ${reason}`);
  for (const { role, reason } of end?.failedRoles ?? []) tx.note(`${id}: ${role} failed: ${reason}`);
};

type RolePlanInput = {
  readonly run: WorkflowRun;
  readonly flow: LinkedWorkflow;
  readonly path: WorkflowRun["nodes"][StepId];
  readonly role: WorkflowRole;
  readonly roles: DecisionTransaction["snapshot"]["config"]["roles"];
};

/** The planned step of a node run. A read-only role outputs its whole answer, which later roles need. */
const planRoleStep = (execution: Execution, { run, flow, path, role, roles }: RolePlanInput): PlannedStep => {
  const id = toNodeStepId(path);
  const { work } = role;
  const round = path.at(-1)?.run ?? 1;
  const needs = listStepsBefore(flow, run, { path, loops: false }).filter(
    (each) => execution.steps[each]?.head && hasUsableState(execution.steps[each]),
  );
  return {
    id,
    title: `${path.map((each) => each.role).join(" / ")}${round > 1 ? `, round ${round}` : ""}`,
    description: `The role ${role.name} of the workflow ${run.name}.`,
    tier: role.tier ?? DEFAULT_TIER,
    role: role.role,
    output: chooseRoleOutput(role, roles),
    needs: needs.map((step) => ({ step, condition: "completed" })),
    checkpoint: role.checkpoint,
    paths: role.paths,
    verify: role.verify,
    optional: false,
    run: work.kind === "run" ? work.command : null,
  };
};

const hasUsableState = (step: Step | undefined): boolean => step?.state === "published" || step?.state === "done";

const failWorkflow = (tx: ExecutionWriter, id: string, why: string): void => {
  const execution = tx.execution(id);
  if (execution) tx.putExecution(failExecution(execution, { code: "bad-workflow", message: why, next: "/enki status" }));
};
