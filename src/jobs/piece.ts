import type { Execution } from "../model/execution.ts";
import type { PlannedStep } from "../model/plan.ts";
import { openFlow } from "../workflow/open-flow.ts";
import { roleOf } from "../workflow/pieces.ts";
import { renderUnit } from "../workflow/render-unit.ts";
import type { RunState } from "../workflow/run-state.ts";
import { areReading } from "../workflow/workflow.ts";
import type { JobSpec } from "./spec.ts";

/** What a workflow's file makes of a step: its prompt or the values of its command, its model, its tools. Empty for a step of no workflow. */
export const pieceOf = ({ workflow: run }: Execution, planned: PlannedStep): Partial<JobSpec> => {
  const path = run?.pieces[planned.id];
  if (!run || !path) return {};
  const flow = openFlow(run);
  if (!flow.ok) return { unfit: flow.refusal.why };
  const role = roleOf(flow.value, path);
  // Written by the coordinator, as the workflow's language left it.
  const prepared = renderUnit(flow.value.main, run.state as RunState, { path, workflows: flow.value.all });
  if (!prepared.ok) return { unfit: prepared.refusal.why };
  const { tools = null, model = null } = role ?? {};
  return {
    // What came before is in the prompt where the file wants it.
    upstream: [],
    artifacts: [],
    earlier: null,
    tools,
    readOnly: areReading(tools),
    piece: { ownStatus: role?.ownStatus === true },
    ...(model === null ? {} : { model }),
    ...(prepared.value.kind === "agent"
      ? { step: { ...planned, description: prepared.value.prompt } }
      : { environment: prepared.value.environment }),
  };
};
