import type { Execution } from "../domain/execution.ts";
import type { Millis } from "../domain/ids.ts";
import { type Job, toJobKey } from "../domain/job.ts";
import { deriveSpanId, deriveTraceId, type SpanAttributes, type TelemetrySpan } from "./telemetry-span.ts";

/** One part of a job. A job with foreign code hands its parts over as data, and the job that publishes sends them. */
export const JOB_PHASE_KINDS = ["prepare", "agent", "command"] as const;
export type JobPhase = {
  readonly kind: (typeof JOB_PHASE_KINDS)[number];
  readonly from: Millis;
  readonly to: Millis;
  readonly passed: boolean;
  /** Of a command; null if it was stopped. */
  readonly exitCode?: number | null | undefined;
};

export const MAX_JOB_PHASES = 50;

/** A job in the view of the job that publishes. */
export type JobTrace = {
  readonly job: Job;
  /** The executions to whose trace the job belongs. */
  readonly executions: readonly Pick<Execution, "id" | "createdAt">[];
  /** When the job was requested; null if unknown. */
  readonly requestedAt: Millis | null;
  readonly phases: readonly JobPhase[];
};

export type PublishRun = {
  /** The repository's full name. */
  readonly repository: string;
  /** The run and its attempt: a repeated run is another one. */
  readonly run: string;
  readonly from: Millis;
  readonly to: Millis;
};

const NAMES = { prepare: "prepare", agent: "agent session", command: "command" } as const;

/** Times by an untrusted job lie within the job. */
const clampTimes = ({ from, to }: JobPhase, { requestedAt }: JobTrace, run: PublishRun): Pick<TelemetrySpan, "from" | "to"> => {
  const clamp = (at: Millis): Millis => Math.min(Math.max(at, requestedAt ?? at), run.from);
  return { from: clamp(from), to: Math.max(clamp(from), clamp(to)) };
};

const describePhase = ({ kind, exitCode }: JobPhase, index: number): SpanAttributes => ({
  ...(kind === "command" && { "enki.command.index": index }),
  ...(typeof exitCode === "number" && { "process.exit.code": exitCode }),
});

/** The spans of a job's parts, below the span of its attempt or verification. */
export const listJobSpans = (trace: JobTrace, run: PublishRun): TelemetrySpan[] =>
  trace.executions.flatMap((execution) => {
    const traceId = deriveTraceId(run.repository, execution);
    const key = toJobKey(trace.job);
    const toSpan = (part: string, span: Pick<TelemetrySpan, "name" | "from" | "to" | "attributes" | "status">): TelemetrySpan => ({
      ...span,
      kind: "internal",
      traceId,
      spanId: deriveSpanId(traceId, `${key}/${run.run}/${part}`),
      parentId: deriveSpanId(traceId, key),
      attributes: {
        "cicd.pipeline.name": "enki",
        "cicd.pipeline.run.id": execution.id,
        "cicd.pipeline.task.name": trace.job.kind,
        ...span.attributes,
      },
    });
    let commands = 0;
    const parts = trace.phases.slice(0, MAX_JOB_PHASES).map((phase, index) => {
      if (phase.kind === "command") commands += 1;
      const status = phase.passed ? "ok" : "error";
      return toSpan(String(index), {
        name: NAMES[phase.kind],
        ...clampTimes(phase, trace, run),
        attributes: describePhase(phase, commands),
        status,
      });
    });
    return [...parts, toSpan("publish", { name: "publish", from: run.from, to: run.to, attributes: {}, status: "ok" })];
  });
