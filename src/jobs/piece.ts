import type { Execution } from "../model/execution.ts";
import type { Ledger } from "../model/ledger.ts";
import type { PlannedStep } from "../model/plan.ts";
import type { PiecePath } from "../model/workflow-run.ts";
import { type Flow, openFlow } from "../workflow/open-flow.ts";
import { roleOf, stepOf, stepsBefore } from "../workflow/pieces.ts";
import { renderUnit } from "../workflow/render-unit.ts";
import type { RunState } from "../workflow/run-state.ts";
import { areReading } from "../workflow/workflow.ts";
import { type InputText, inputsOf } from "./inputs.ts";
import type { JobSpec } from "./spec.ts";

/** What the roles before a piece said, in a loop also in the round before; its own under a name that its report does not have. */
const textsBefore = (ledger: Ledger, execution: Execution, { flow, path }: { flow: Flow; path: PiecePath }): InputText[] => {
  const own = stepOf(path);
  const steps = stepsBefore(flow, execution.workflow ?? { pieces: {} }, { path, loops: true });
  return inputsOf(ledger, execution, [...new Set(steps)]).map(({ name, text }) => ({ name: name === own ? `${own}--before` : name, text }));
};

/** What a workflow's file makes of a step: its prompt or the values of its command, its model, its tools. Empty for a step of no workflow. */
export const pieceOf = (ledger: Ledger, execution: Execution, planned: PlannedStep): Partial<JobSpec> => {
  const { workflow: run } = execution;
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
    inputs: textsBefore(ledger, execution, { flow: flow.value, path }),
    earlier: null,
    tools,
    readOnly: areReading(tools),
    piece: { workflow: run.name, ownStatus: role?.ownStatus === true },
    ...(model === null ? {} : { model }),
    ...(prepared.value.kind === "agent"
      ? { step: { ...planned, description: prepared.value.prompt } }
      : { environment: prepared.value.environment }),
  };
};
