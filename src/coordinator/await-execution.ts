import { type Execution, hasEnded } from "../core/domain/execution.ts";
import { sumUsage } from "../core/domain/execution-usage.ts";
import type { Ledger } from "../core/domain/ledger.ts";
import { deriveExecutionId, type Sha } from "../core/domain/ids.ts";
import { readOwn } from "../core/domain/own-record.ts";
import { renderRunSummary } from "../core/messages/ci-request.ts";
import { createReport } from "../core/messages/execution-report.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { openExecutionHistory } from "../storage/ledger/execution-history.ts";
import { loadLedger } from "../storage/ledger/load-ledger.ts";
import { type CoordinateStepHost, sleepFor } from "./step-access.ts";

const POLL_MS = 5_000;

export type SentRequest = { readonly issue: number; readonly commit: Sha };
type AwaitedRequest = SentRequest & { readonly ref: string };

/** Reads the ledger until the execution has ended: fetching costs no request of GitHub's API. Returns why the step failed, or null. */
export const awaitExecution = async (host: CoordinateStepHost, clone: RepositoryClone, sent: AwaitedRequest): Promise<string | null> => {
  for (;;) {
    // Read before the ledger: the write that handles a request also deletes its ref.
    const isPending = await clone.remoteRef(sent.ref).then(
      (commit) => commit === sent.commit,
      () => true,
    );
    const ledger = await readLedger(clone);
    const execution = findExecution(ledger, sent);
    if (execution && hasEnded(execution)) return reportEnd(host, { clone, ledger, execution });
    if (!execution && (isKnown(ledger, sent) || !isPending)) {
      host.setOutput("status", "refused");
      return isKnown(ledger, sent)
        ? `the request was refused; issue #${sent.issue} says why`
        : `somebody deleted ${sent.ref} before Enki read the request; run this job again`;
    }
    await sleepFor(host)(POLL_MS);
  }
};

const readLedger = async (clone: RepositoryClone): Promise<Ledger> => {
  await clone.fetchLedger();
  return (await loadLedger(clone, await clone.refs())).ledger;
};

/** Whether the coordinator has handled the request. */
export const isHandled = async (clone: RepositoryClone, sent: SentRequest): Promise<boolean> => {
  const ledger = await readLedger(clone);
  return isKnown(ledger, sent) || findExecution(ledger, sent) !== undefined;
};

const toEventId = ({ commit }: SentRequest) => `request:${commit}` as const;

const isKnown = ({ handledEvents }: Ledger, sent: SentRequest): boolean => handledEvents[toEventId(sent)] !== undefined;

/** The execution of a request: its id follows from the event's, and an id that another one had taken is longer. */
const findExecution = ({ executions }: Ledger, sent: SentRequest): Execution | undefined =>
  executions[deriveExecutionId(toEventId(sent), (id) => executions[id] !== undefined && executions[id].issue !== sent.issue)];

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
  const report = createReport({ execution, plan, timeline, queue: readOwn(ledger.queues, execution.baseBranch), now: host.now() });
  await host.writeSummary(renderRunSummary({ execution, plan, report }));
  return state === "done" ? null : `execution ${id} ended as ${state}; issue #${issue} says why`;
};
