import { createExecution } from "../../domain/execution-lifecycle.ts";
import type { Brief } from "../../domain/brief.ts";
import type { PersonCommand } from "../../domain/command.ts";
import { type BranchName, deriveExecutionId } from "../../domain/ids.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { findLinkedWorkflow } from "../../workflow/link-workflow.ts";
import { createRunState } from "../../workflow/run-state.ts";
import type { ExecutionWriter, TextWriter } from "../decision-transaction.ts";
import { chooseRoleOutput } from "../role-output.ts";
import { checkLandable } from "../landing-terms.ts";
import type { CommandedEvent } from "./commanded-event.ts";
import { replaceUnknown } from "../../domain/known.ts";

type WorkflowStart = { readonly command: Extract<PersonCommand, { kind: "run" }>; readonly brief: Brief; readonly baseBranch: BranchName };

/**
 * Starts a workflow: an execution whose graph grows while the workflow runs. No approval is needed, because the file was reviewed on the
 * default branch. Refusals: `unknown-workflow`, `bad-workflow`, and those of a base on which nothing can land if a role writes.
 */
export const startWorkflow = (
  tx: ExecutionWriter & TextWriter,
  event: CommandedEvent,
  { command: { workflow: name, args }, brief, baseBranch }: WorkflowStart,
): Refusal | null => {
  const { config } = tx.snapshot;
  const found = findLinkedWorkflow(config, name, tx.linkWorkflow);
  if (!found.ok) return found.refusal;
  const { files, flow } = found.value;
  const writes = [...flow.all.values()].some(({ roles }) => roles.some((role) => chooseRoleOutput(role, config.roles) === "branch"));
  const hindered = writes ? replaceUnknown(checkLandable(tx, baseBranch), null) : null;
  if (hindered) return hindered;
  const id = deriveExecutionId(event.id, (taken) => tx.execution(taken) !== undefined);
  const plan = tx.putPlan({ steps: [] });
  tx.putBrief(id, brief);
  const { issue, onPullRequest, by: requestedBy, at: createdAt } = event;
  const request = args === "" ? name : `${name}: ${args}`;
  const execution = createExecution({
    id,
    issue,
    onPullRequest,
    requestedBy,
    request,
    baseBranch,
    createdAt,
    state: "running",
    plan,
    approved: {
      plan,
      by: event.by,
      at: event.at,
    },
    workflow: {
      ...files,
      state: createRunState(flow.main, args),
      nodes: {},
      endState: null,
      reaskedSteps: [],
    },
  });
  tx.putExecution(execution);
  tx.note(`${event.by} runs ${name} as ${id} on #${event.issue}`);
  return null;
};
