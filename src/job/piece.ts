import type { Execution } from "../core/domain/execution.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { PlannedStep } from "../core/domain/plan.ts";
import type { NodePath } from "../core/domain/workflow-run.ts";
import { type Flow, openFlow } from "../core/workflow/open-flow.ts";
import { roleOf, stepOf, stepsBefore } from "../core/workflow/pieces.ts";
import { renderUnit } from "../core/workflow/render-unit.ts";
import type { RunState } from "../core/workflow/run-state.ts";
import { areReading } from "../core/workflow/workflow.ts";
import { type InputText, listStepTexts } from "./inputs.ts";
import type { JobSpec } from "./spec.ts";

/** What the roles before a piece said, in a loop also in the round before; its own under a name that its report does not have. */
const listTextsBefore = (ledger: Ledger, execution: Execution, { flow, path }: { flow: Flow; path: NodePath }): InputText[] => {
  const own = stepOf(path);
  const steps = stepsBefore(flow, execution.workflow ?? { nodes: {} }, { path, loops: true });
  return listStepTexts(ledger, execution, [...new Set(steps)]).map(({ name, text }) => ({
    name: name === own ? `${own}--before` : name,
    text,
  }));
};

/** What a workflow's file makes of a step: its prompt or the values of its command, its model, its tools. Empty for a step of no workflow. */
export const readNodeRunSpec = (ledger: Ledger, execution: Execution, planned: PlannedStep): Partial<JobSpec> => {
  const { workflow: run } = execution;
  const path = run?.nodes[planned.id];
  if (!run || !path) return {};
  const flow = openFlow(run);
  if (!flow.ok) return { unfitReason: flow.refusal.message };
  const role = roleOf(flow.value, path);
  // Written by the coordinator, as the workflow's language left it.
  const prepared = renderUnit(flow.value.main, run.state as RunState, { path, workflows: flow.value.all });
  if (!prepared.ok) return { unfitReason: prepared.refusal.message };
  const { tools = null, model = null } = role ?? {};
  return {
    // What came before is in the prompt where the file wants it.
    upstream: [],
    artifacts: [],
    inputs: listTextsBefore(ledger, execution, { flow: flow.value, path }),
    earlier: null,
    tools,
    readOnly: areReading(tools),
    nodeRun: { workflow: run.name, ownStatus: role?.ownStatus === true },
    ...(model === null ? {} : { model }),
    ...(prepared.value.kind === "agent"
      ? { step: { ...planned, description: prepared.value.prompt } }
      : { environment: prepared.value.environment }),
  };
};
