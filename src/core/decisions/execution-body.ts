import type { Execution } from "../domain/execution.ts";
import { renderExecutionComment } from "../messages/execution-comment.ts";
import type { Draft } from "./draft.ts";

/** The text of an execution's comment as it stands. */
export const executionBody = (draft: Draft, execution: Execution): string => {
  const [plan, grown] = [draft.plan(execution.plan), draft.plan(execution.amendment?.plan ?? null)];
  const [brief, queue] = [draft.brief(execution.id), draft.queue(execution.baseBranch)];
  return renderExecutionComment({ execution, plan, grown, brief, queue, reports: reportsOf(draft, execution) });
};

const reportsOf = (draft: Draft, { id }: Execution): Record<string, string> => {
  const start = `${id}/`;
  const own = Object.entries(draft.ledger().artifacts).filter(([name]) => name.startsWith(start));
  return Object.fromEntries(own.map(([name, text]) => [name.slice(start.length), text]));
};
