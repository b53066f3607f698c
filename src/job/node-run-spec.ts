import type { Execution } from "../core/domain/execution.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { PlannedStep } from "../core/domain/plan.ts";
import type { NodePath } from "../core/domain/workflow-run.ts";
import { type LinkedWorkflow, linkWorkflow } from "../core/workflow/link-workflow.ts";
import { findNodeRole, toNodeStepId, listStepsBefore } from "../core/workflow/node-step.ts";
import { renderNode } from "../core/workflow/render-node.ts";
import type { RunState } from "../core/workflow/run-state.ts";
import { areReadOnlyTools } from "../core/workflow/workflow.ts";
import { type InputText, listStepTexts } from "./earlier-texts.ts";
import type { JobSpec } from "./job-spec.ts";

/**
 * The texts of the earlier nodes; in a loop, also the texts of the previous round. The node's own earlier text gets another name, because
 * its new report takes the usual name.
 */
const listTextsBefore = (ledger: Ledger, execution: Execution, { flow, path }: { flow: LinkedWorkflow; path: NodePath }): InputText[] => {
  const own = toNodeStepId(path);
  const steps = listStepsBefore(flow, execution.workflow ?? { nodes: {} }, { path, loops: true });
  return listStepTexts(ledger, execution, [...new Set(steps)]).map(({ name, text }) => ({
    name: name === own ? `${own}--before` : name,
    text,
  }));
};

/** Settings for a step from the workflow file: prompt or command variables, model and tools. Empty for a step without a workflow. */
export const readNodeRunSpec = (ledger: Ledger, execution: Execution, planned: PlannedStep): Partial<JobSpec> => {
  const { workflow: run } = execution;
  const path = run?.nodes[planned.id];
  if (!run || !path) return {};
  const flow = linkWorkflow(run);
  if (!flow.ok) return { unfitReason: flow.refusal.message };
  const role = findNodeRole(flow.value, path);
  // The coordinator stored this state as a RunState.
  const prepared = renderNode(flow.value.main, run.state as RunState, { path, workflows: flow.value.all });
  if (!prepared.ok) return { unfitReason: prepared.refusal.message };
  const { tools = null, model = null } = role ?? {};
  return {
    // The file's prompt refers to earlier outputs where it needs them.
    upstream: [],
    artifacts: [],
    inputs: listTextsBefore(ledger, execution, { flow: flow.value, path }),
    earlier: null,
    tools,
    readOnly: areReadOnlyTools(tools),
    nodeRun: { workflow: run.name, ownStatus: role?.hasStatusField === true },
    ...(model === null ? {} : { model }),
    ...(prepared.value.kind === "agent"
      ? { step: { ...planned, description: prepared.value.prompt } }
      : { environment: prepared.value.environment }),
  };
};
