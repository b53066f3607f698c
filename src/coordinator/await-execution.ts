import { type Execution, hasEnded } from "../core/domain/execution.ts";
import { sumUsage } from "../core/domain/execution-usage.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import type { CiRequest } from "../core/events/read-request.ts";
import { renderRunSummary } from "../core/messages/ci-request.ts";
import { createReport } from "../core/messages/execution-report.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { loadLedger } from "../storage/ledger/load-ledger.ts";
import { type CoordinateStepHost, sleepFor } from "./step-access.ts";

const POLL_MS = 5_000;

type AwaitedRequest = { readonly asked: CiRequest; readonly id: `request:${string}` };

/** Reads the ledger until the execution has ended: fetching costs no request of GitHub's API. Returns why the step failed, or null. */
export const awaitExecution = async (
  host: CoordinateStepHost,
  clone: RepositoryClone,
  { asked, id }: AwaitedRequest,
): Promise<string | null> => {
  for (;;) {
    await clone.fetchForJob();
    const { ledger } = await loadLedger(clone, await clone.refs());
    const execution = findExecution(ledger, asked);
    if (execution && hasEnded(execution)) return reportEnd(host, { clone, ledger, execution });
    if (!execution && ledger.handledEvents[id] !== undefined) {
      host.setOutput("status", "refused");
      return `the request was refused; issue #${asked.issue} says why`;
    }
    await sleepFor(host)(POLL_MS);
  }
};

const findExecution = ({ executions }: Ledger, { issue, at }: CiRequest): Execution | undefined =>
  Object.values(executions).find((each) => each.issue === issue && each.createdAt === at);

type EndedExecution = { readonly clone: RepositoryClone; readonly ledger: Ledger; readonly execution: Execution };

const reportEnd = async (host: CoordinateStepHost, { clone, ledger, execution }: EndedExecution): Promise<string | null> => {
  const { id, state, steps, issue } = execution;
  const landed = Object.values(steps).filter((step) => step.landed !== null);
  host.setOutput("execution", id);
  host.setOutput("status", state);
  host.setOutput("landed", landed.map((step) => step.id).join(","));
  host.setOutput("cost", String(sumUsage(execution)?.usage.costUsd ?? ""));
  const plan = ledger.plans[execution.plan ?? ""] ?? null;
  const timeline = await openExecutionHistory(clone.running, id).read();
  const report = createReport({ execution, plan, timeline, now: host.now() });
  await host.writeSummary(renderRunSummary({ execution, plan, report }));
  return state === "done" ? null : `execution ${id} ended as ${state}; issue #${issue} says why`;
};
