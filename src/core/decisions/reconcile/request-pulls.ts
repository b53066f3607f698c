import { refuseWhileClosed, refuseEndedPull } from "../../messages/refusals/pull-commands.ts";
import { pauseExecution } from "../../domain/execution-lifecycle.ts";
import { type Execution, hasEnded } from "../../domain/execution.ts";
import type { Pull } from "../../domain/github-facts.ts";
import { abandonExecution } from "../apply/cancel.ts";
import type { StepWriter, ExecutionWriter } from "../decision-transaction.ts";
import { UNKNOWN } from "../../domain/known.ts";

/**
 * Follows the pull requests on which work was requested. A closed pull request pauses its execution; a merged pull request cancels its
 * execution.
 */
export const reconcileRequestPulls = (tx: StepWriter & ExecutionWriter): void => {
  const said = tx.reportedActivity();
  const asked = tx.executions().filter((each) => each.onPullRequest && !hasEnded(each) && each.state !== "paused");
  if (asked.length === 0 || (!said.has("pulls") && !said.has("kept"))) return;
  const pulls = tx.readFact<"pulls">({ kind: "pulls" });
  if (pulls === UNKNOWN) return;
  for (const execution of asked) {
    const pull = pulls.find(({ number, headRef }) => number === execution.issue && headRef === execution.baseBranch);
    if (pull && pull.state !== "open") endForPull(tx, execution, pull);
  }
};

const endForPull = (tx: StepWriter & ExecutionWriter, execution: Execution, { number, state }: Pull): void => {
  const { id, baseBranch } = execution;
  if (state === "closed" && execution.state === "running") {
    tx.putExecution(pauseExecution(execution, refuseWhileClosed(number, baseBranch, id)));
    return tx.note(`${id} is held: #${number} was closed`);
  }
  abandonExecution(tx, execution, refuseEndedPull(number, state, baseBranch));
  tx.note(`${id} is given up: #${number} was ${state}`);
};
