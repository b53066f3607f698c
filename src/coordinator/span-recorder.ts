import type { Config } from "../core/domain/config.ts";
import { hasEnded } from "../core/domain/execution.ts";
import type { ExecutionId, Sha } from "../core/domain/ids.ts";
import type { LedgerChange } from "../core/telemetry/ended-jobs.ts";
import { type ExecutionChange, listEndedSpans, listEndings, type SpanPlace } from "../core/telemetry/list-ended-spans.ts";
import type { SpanSink, TelemetrySpan } from "../core/telemetry/telemetry-span.ts";
import type { GitHubPorts } from "../github/github-ports.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import { type ExecutionHistory, openExecutionHistory } from "../storage/ledger/execution-history.ts";

type RecorderOptions = {
  readonly clone: Pick<RepositoryClone, "running">;
  readonly github: { readonly files: Pick<GitHubPorts["files"], "server" | "repository"> };
  readonly telemetry?: SpanSink | undefined;
};

/** Records the spans of what ended with a saved write, whose commit is `head`. */
export type SpanRecorder = (change: LedgerChange, config: Config, head: Sha) => void;

/**
 * Opens the recorder of one repository; null without telemetry. Only the ledger's history knows when something began, so it is read, in
 * the background.
 */
export const openSpanRecorder = ({ clone, github: { files }, telemetry }: RecorderOptions): SpanRecorder | null => {
  if (!telemetry) return null;
  const histories = new Map<ExecutionId, ExecutionHistory>();
  let before: Promise<unknown> = Promise.resolve();
  const deriveSpans = async (change: LedgerChange, ending: ExecutionChange, { head, place }: { head: Sha; place: SpanPlace }) => {
    const { id } = ending.execution;
    const history = histories.get(id) ?? openExecutionHistory(clone.running, id);
    histories.set(id, history);
    const timeline = await history.read(head);
    if (hasEnded(ending.execution)) histories.delete(id);
    return listEndedSpans(change, ending, { ...place, timeline });
  };
  return (change, config, head) => {
    const endings = listEndings(change);
    if (endings.length === 0) return;
    const place = { repository: files.repository, url: `${files.server}/${files.repository}`, config };
    const deriveAll = async (): Promise<TelemetrySpan[]> => {
      const spans: TelemetrySpan[] = [];
      for (const ending of endings) spans.push(...(await deriveSpans(change, ending, { head, place })));
      return spans;
    };
    const derived = before.then(deriveAll);
    before = derived.catch(() => undefined);
    telemetry.record(derived);
  };
};
