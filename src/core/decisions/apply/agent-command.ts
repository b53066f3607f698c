import { NOTHING_TO_STOP_REFUSAL, refuseRepeatedProposal } from "../../messages/refusals/agents.ts";
import type { Command } from "../../domain/command.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { type FoundTarget, findTarget } from "../../domain/find-target.ts";
import { toTaskId } from "../../domain/ids.ts";
import { type AgentProposal, type ProposableKind, toProposedLine } from "../../domain/proposal.ts";
import type { Refusal } from "../../domain/refusal.ts";
import { openTransaction, type DecisionTransaction, type LedgerReader, type ExecutionWriter } from "../decision-transaction.ts";
import { applyCommand } from "./command.ts";
import type { CommandedEvent } from "./commanded-event.ts";

export type SteeringCommand = Extract<Command, { kind: ProposableKind }>;

/**
 * Applies an agent's command if the command only stops or repeats work of the agent's own execution; proposes other commands to people.
 * Refusals: those of the command, `proposed-already`.
 */
export const applyAgentCommand = (tx: DecisionTransaction, own: Execution, command: SteeringCommand): Refusal | null => {
  const event = toAgentEvent(tx, own);
  if (command.kind === "stop") return propose(tx, own, { kind: "stop", target: "", issue: own.issue, at: tx.now });
  const found = findTarget(tx.executions(), own.issue, command.target);
  if (!found.ok) return found.refusal;
  const { execution, step } = found.value;
  const target = step ? toTaskId(execution.id, step.id) : execution.id;
  const named = { ...command, target };
  if (!isOwnMatter(tx, own, { found: found.value, kind: command.kind }))
    return propose(tx, execution, { kind: command.kind, target, issue: own.issue, at: tx.now });
  const answer = applyCommand(tx, event, named);
  return answer && "code" in answer ? answer : null;
};

type AgentRequest = { readonly found: FoundTarget<Execution>; readonly kind: Exclude<ProposableKind, "stop"> };

/** Whether a command concerns the agent's own execution only, and undoes no decision of a person. */
const isOwnMatter = (tx: LedgerReader, own: Execution, { found: { execution, step }, kind }: AgentRequest): boolean => {
  if (execution.id !== own.id || kind === "resume") return false;
  if (kind === "pause" || kind === "cancel") return true;
  return execution.state === "running" && step?.state === "failed" && tx.queue(execution.baseBranch).frozen === null;
};

const propose = (tx: ExecutionWriter, execution: Execution, proposal: AgentProposal): Refusal | null => {
  const { proposals = [] } = execution;
  const line = toProposedLine(proposal);
  if (proposals.some(({ kind }) => kind === proposal.kind)) return refuseRepeatedProposal(proposal.kind);
  const refusal = tryProposal(tx, execution, proposal);
  if (refusal) return refusal;
  tx.putExecution({ ...execution, proposals: [...proposals, proposal] });
  tx.note(`the planner of #${proposal.issue} proposes ${line}`);
  return null;
};

/** Tries a proposed command on a copy of the ledger. Returns the command's refusal, or null if Enki would accept the command now. */
const tryProposal = (tx: LedgerReader, execution: Execution, proposal: AgentProposal): Refusal | null => {
  const { kind, target } = proposal;
  if (kind === "stop")
    return execution.state === "cancelled" || tx.executions().every((each) => hasEnded(each)) ? NOTHING_TO_STOP_REFUSAL : null;
  const trial = openTransaction({ ...tx.snapshot, ledger: tx.ledger() }, tx.linkWorkflow);
  const answer = applyCommand(trial, toAgentEvent(tx, execution), { kind, target });
  return answer && "code" in answer ? answer : null;
};

/** Withdraws overtaken proposals. */
export const reconcileProposals = (tx: ExecutionWriter): void => {
  for (const execution of tx.executions()) {
    const { proposals = [] } = execution;
    if (proposals.length === 0) continue;
    const open = proposals.filter((each) => tryProposal(tx, execution, each) === null);
    if (open.length < proposals.length) tx.putExecution({ ...execution, proposals: open });
  }
};

/** An agent's command as a comment on its issue. */
const toAgentEvent = (tx: LedgerReader, { issue, onPullRequest, requestedBy }: Execution): CommandedEvent => ({
  kind: "commanded",
  id: "comment:0",
  at: tx.now,
  issue,
  onPullRequest,
  source: { kind: "comment", id: 0 },
  by: `${requestedBy}'s planner`,
  edited: false,
  requests: [],
});
