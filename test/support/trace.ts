import { extendTimeline, type ExecutionTimeline, startTimeline } from "../../src/core/domain/execution-timeline.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import type { DecisionInputs } from "../../src/coordinator/repository-loop.ts";
import { listEndedSpans, listEndings } from "../../src/core/telemetry/list-ended-spans.ts";
import type { TelemetrySpan } from "../../src/core/telemetry/telemetry-span.ts";

type Write = { readonly inputs: DecisionInputs; readonly parent: Ledger; readonly ledger: Ledger };

/** Returns the spans of the writes, like a coordinator that reads the whole history of the ledger. */
export const spansOf = (writes: readonly Write[]): TelemetrySpan[] => {
  const timelines = new Map<string, ExecutionTimeline>();
  return writes.flatMap(({ inputs, parent, ledger }) => {
    const at = inputs.snapshot.now;
    for (const execution of Object.values(ledger.executions))
      if (parent.executions[execution.id] !== execution)
        timelines.set(execution.id, extendTimeline(timelines.get(execution.id) ?? startTimeline(execution.id), execution, at));
    const change = { before: parent, after: ledger, events: inputs.events, at };
    return listEndings(change).flatMap((ending) => {
      const { id } = ending.execution;
      const timeline = timelines.get(id) ?? startTimeline(id);
      const place = { repository: "octo/uploads", url: "https://github.example/octo/uploads", config: inputs.snapshot.config, timeline };
      return listEndedSpans(change, ending, place);
    });
  });
};

/** Draws every span with its children, each indented below its parent, and with the attributes that pass the filter. */
export const drawTrace = (spans: readonly TelemetrySpan[], isShown: (key: string) => boolean = () => true): string => {
  const start = Math.min(...spans.map(({ from }) => from));
  const draw = (parent: string | null, depth: string): string[] =>
    spans
      .filter(({ parentId }) => parentId === parent)
      .toSorted((one, other) => one.from - other.from)
      .flatMap(({ spanId, name, status, from, to, attributes }) => {
        const values = Object.entries(attributes).flatMap(([key, value]) => (isShown(key) ? [`${key}=${JSON.stringify(value)}`] : []));
        const times = `${Math.floor((from - start) / 1_000)}–${Math.floor((to - start) / 1_000)} s`;
        return [`${depth}${name} ${status} ${times}`, ...values.map((value) => `${depth}  ${value}`), ...draw(spanId, `${depth}    `)];
      });
  return draw(null, "").join("\n");
};
