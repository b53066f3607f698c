import type { Execution } from "../domain/execution.ts";
import { type AgentProposal, type ProposableKind, toProposedLine } from "../domain/proposal.ts";
import { toInlineCode } from "./escape.ts";
import { formatCopyBlock } from "./next-command.ts";

const VERBS: Readonly<Record<ProposableKind, string>> = {
  resume: "resume",
  retry: "retry",
  pause: "pause",
  cancel: "cancel",
  stop: "stop everything in this repository",
};

/** Proposed commands with the lines for confirming them. Empty without proposals. */
export const renderProposals = ({ proposals = [] }: Execution): string =>
  proposals.map((each) => `${describeProposal(each)} To do it, comment:\n\n${formatCopyBlock(toProposedLine(each))}`).join("\n\n");

const describeProposal = ({ kind, target, issue }: AgentProposal): string =>
  `**The planner of #${issue} proposes to ${VERBS[kind]}${target === "" ? "" : ` ${toInlineCode(target)}`}.** Nothing happens unless a person with write permission confirms it.`;
