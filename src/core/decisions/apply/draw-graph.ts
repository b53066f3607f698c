import { followsRules } from "../../domain/decision.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import { findTarget } from "../../domain/find-target.ts";
import { renderGraphReply } from "../../messages/graph-reply.ts";
import type { LedgerReader } from "../decision-transaction.ts";
import { findStepRuns } from "../run-links.ts";
import type { CommandAnswer } from "./answer.ts";

const MAX_GRAPHS = 5;

/** Draws the named execution; without a name, those of the issue that have not ended, or the newest. Refusals: those of `findTarget`. */
export const drawGraphs = (tx: LedgerReader, issue: number, target: string | null): CommandAnswer => {
  const found = findTarget(tx.executions(), issue, target);
  if (!found.ok) return found.refusal;
  const { execution } = found.value;
  const shown = target === null ? chooseOpen(tx, execution) : [execution];
  const counting = followsRules(tx.snapshot, 5) ? {} : { countsInPlural: true as const };
  const graphs = shown.map((each) => ({ execution: each, plan: tx.plan(each.plan), runs: findStepRuns(tx, each), ...counting }));
  return { text: renderGraphReply(graphs, tx.now), shared: "graph" };
};

/** The unfinished executions on the issue of the newest one, newest first. */
const chooseOpen = (tx: LedgerReader, newest: Execution): readonly Execution[] => {
  const open = tx.executions().filter((each) => each.issue === newest.issue && !hasEnded(each));
  return open.length === 0 ? [newest] : open.toSorted((one, other) => other.createdAt - one.createdAt).slice(0, MAX_GRAPHS);
};
