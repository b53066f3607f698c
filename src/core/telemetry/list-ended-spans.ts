import type { Config } from "../domain/config.ts";
import { type ExecutionTimeline, sumWaits } from "../domain/execution-timeline.ts";
import { type Execution, type ExecutionEndState, hasEnded } from "../domain/execution.ts";
import { type Millis, readTaskId, type StepId } from "../domain/ids.ts";
import { readOwn } from "../domain/own-record.ts";
import type { PlannedStep } from "../domain/plan.ts";
import { isTerminalState, type Step } from "../domain/step.ts";
import { type AttemptContext, describeAgent, findPlanned } from "./agent-attributes.ts";
import { type EndedJob, type LedgerChange, listEndedJobs } from "./ended-jobs.ts";
import { judgeEndedJob, toSpanStatus } from "./job-outcome.ts";
import { findLifeAt, listExecutionLives, listStepLives, type StateLife } from "./state-lives.ts";
import { deriveSpanId, deriveTraceId, type SpanAttributes, type TelemetrySpan, toAttributes, type TraceId } from "./telemetry-span.ts";

/** Where the executions are. */
export type SpanPlace = {
  /** The repository's full name. */
  readonly repository: string;
  readonly url: string;
  readonly config: Config;
};

/** The endings of one execution in a write. */
export type ExecutionChange = {
  readonly execution: Execution;
  /** The execution before the write. */
  readonly earlier: Execution;
  readonly jobs: readonly EndedJob[];
  readonly steps: readonly Step[];
  readonly hasEnded: boolean;
};

/** The executions for which something ended, each with what did. */
export const listEndings = (change: LedgerChange): ExecutionChange[] => {
  const { before, after } = change;
  if (before.executions === after.executions && before.queues === after.queues) return [];
  const ended = listEndedJobs(change);
  return Object.values(after.executions).flatMap((execution) => {
    const earlier = readOwn(before.executions, execution.id) ?? execution;
    const jobs = ended.filter(({ executions }) => executions.includes(execution.id));
    const steps = Object.values(execution.steps).filter(({ id, state }) => {
      const known = earlier.steps[id];
      return isTerminalState(state) && known !== undefined && !isTerminalState(known.state);
    });
    const isOver = hasEnded(execution) && !hasEnded(earlier);
    return jobs.length + steps.length > 0 || isOver ? [{ execution, earlier, jobs, steps, hasEnded: isOver }] : [];
  });
};

type SpanScope = SpanPlace & {
  readonly change: LedgerChange;
  readonly ending: ExecutionChange;
  readonly timeline: ExecutionTimeline;
  readonly traceId: TraceId;
};

type NewSpan = Pick<TelemetrySpan, "name" | "from" | "status"> & {
  readonly key: string;
  readonly parent: string | null;
  readonly attributes: SpanAttributes;
  readonly kind?: TelemetrySpan["kind"];
};

const toSpan = (
  { traceId, change, ending }: SpanScope,
  { key, parent, from, attributes, kind = "internal", ...span }: NewSpan,
): TelemetrySpan => ({
  ...span,
  kind,
  traceId,
  spanId: deriveSpanId(traceId, key),
  parentId: parent === null ? null : deriveSpanId(traceId, parent),
  from: Math.min(from, change.at),
  to: change.at,
  attributes: { "cicd.pipeline.name": "enki", "cicd.pipeline.run.id": ending.execution.id, ...attributes },
});

const toExecutionKey = ({ count }: StateLife): string => `execution/${count}`;
const toStepKey = (step: string, { count }: StateLife): string => `step/${step}/${count}`;

const findExecutionKey = ({ timeline }: SpanScope, at: Millis): string => toExecutionKey(findLifeAt(listExecutionLives(timeline), at));

/** The spans that ended for an execution with a write. The timeline includes the write. */
export const listEndedSpans = (
  change: LedgerChange,
  ending: ExecutionChange,
  place: SpanPlace & { readonly timeline: ExecutionTimeline },
): TelemetrySpan[] => {
  const scope = { ...place, change, ending, traceId: deriveTraceId(place.repository, ending.execution) };
  return [
    ...ending.jobs.map((job) => (job.verified === null ? toAttemptSpan(scope, job) : toVerificationSpan(scope, job, job.verified))),
    ...ending.steps.flatMap((step) => toStepSpan(scope, step)),
    ...(ending.hasEnded ? [toExecutionSpan(scope)] : []),
  ];
};

const describeRun = ({ url, change }: SpanScope, job: EndedJob): SpanAttributes => {
  const { result, errorType } = judgeEndedJob(job, change);
  return toAttributes({
    "cicd.pipeline.task.name": job.job.kind,
    "cicd.pipeline.task.run.id": job.key,
    "cicd.pipeline.task.run.url.full": job.run === null ? null : `${url}/actions/runs/${job.run}`,
    "cicd.pipeline.task.run.result": result,
    "error.type": errorType,
  });
};

/** The conventions for agents ask for these names. */
const AGENT_NAMES = { plan: "invoke_agent planner", work: "invoke_agent worker", resolve: "invoke_agent merger", verify: "" } as const;

const describeAttempt = ({ job, result }: EndedJob, step: StepId | undefined, planned: PlannedStep | undefined): SpanAttributes =>
  toAttributes({
    "enki.step": step,
    "enki.attempt": job.attempt,
    "enki.tier": planned?.tier,
    "enki.end": result?.end,
    "enki.outcome": result?.outcome?.kind,
  });

const toAttemptSpan = (scope: SpanScope, ended: EndedJob): TelemetrySpan => {
  const { job, key, from, result } = ended;
  const step = job.kind === "plan" ? undefined : readTaskId(job.target)?.step;
  const context = findContext(scope, step ?? "");
  const agent = describeAgent(scope.config, { job, usage: result?.usage }, context);
  return toSpan(scope, {
    key,
    from,
    parent: step === undefined ? findExecutionKey(scope, from) : toStepKey(step, findLifeAt(listStepLives(scope.timeline, step), from)),
    name: Object.keys(agent).length > 0 ? AGENT_NAMES[job.kind] : "run command",
    status: toSpanStatus(judgeEndedJob(ended, scope.change)),
    attributes: { ...describeRun(scope, ended), ...describeAttempt(ended, step, context.planned), ...agent },
  });
};

const findContext = ({ change, ending: { execution, earlier } }: SpanScope, step: string): AttemptContext => {
  const plan = change.after.plans[execution.plan ?? ""] ?? change.before.plans[earlier.plan ?? ""];
  // A finished resolution is no longer part of the step.
  return { execution, step: readOwn(earlier.steps, step), planned: findPlanned(plan, step) };
};

const toVerificationSpan = (scope: SpanScope, ended: EndedJob, { base, candidate }: NonNullable<EndedJob["verified"]>): TelemetrySpan =>
  toSpan(scope, {
    key: ended.key,
    parent: findExecutionKey(scope, ended.from),
    name: "verify",
    from: ended.from,
    status: toSpanStatus(judgeEndedJob(ended, scope.change)),
    attributes: {
      ...describeRun(scope, ended),
      ...toAttributes({
        "cicd.pipeline.task.type": "test",
        "vcs.ref.head.revision": candidate.commit,
        "vcs.ref.base.revision": candidate.onto,
        "vcs.ref.base.name": base,
        "enki.attempt": ended.job.attempt,
        "enki.candidate.steps": candidate.items.map(({ task }) => task),
      }),
    },
  });

const STEP_STATUSES: Readonly<Partial<Record<Step["state"], TelemetrySpan["status"]>>> = { done: "ok", failed: "error" };

/** The waits of a step, as exact as the times in the history of the ledger: in seconds. */
const describeWaits = ({ timeline, change }: SpanScope, id: StepId, { from }: StateLife): SpanAttributes => {
  const spans = (timeline.steps[id] ?? []).filter((span) => span.from >= from);
  const { queue, agent, checks, person } = sumWaits(spans, change.at);
  const toSeconds = (ms: Millis): number => Math.round(ms / 1_000);
  return {
    "enki.wait.queue_s": toSeconds(queue),
    "enki.wait.agent_s": toSeconds(agent),
    "enki.wait.checks_s": toSeconds(checks),
    "enki.wait.person_s": toSeconds(person),
  };
};

const describePlanned = (planned: PlannedStep | undefined): SpanAttributes =>
  toAttributes({ "enki.role": planned?.role, "enki.tier": planned?.tier, "enki.checkpoint": planned?.checkpoint });

/** Nothing for a step that ended before it began. */
const toStepSpan = (scope: SpanScope, step: Step): TelemetrySpan[] => {
  const life = listStepLives(scope.timeline, step.id).at(-1);
  if (life === undefined) return [];
  const { id, state, attempt, pull, landed, head, refusal } = step;
  const status = STEP_STATUSES[state] ?? "unset";
  const attributes = {
    ...toAttributes({
      "enki.step": id,
      "enki.state": state,
      "enki.attempts": attempt,
      "error.type": status === "error" ? refusal?.code : null,
      "vcs.change.id": pull === null ? null : String(pull),
      "vcs.ref.head.revision": landed?.commit ?? head?.sha,
    }),
    ...describePlanned(findContext(scope, id).planned),
    ...describeWaits(scope, id, life),
  };
  const place = { key: toStepKey(id, life), parent: findExecutionKey(scope, life.from), from: life.from };
  return [toSpan(scope, { ...place, name: "step", status, attributes })];
};

const EXECUTION_RESULTS = { done: ["success", "ok"], failed: ["failure", "error"], cancelled: ["cancellation", "unset"] } as const;

const findErrorType = (state: Execution["state"], refusal: Execution["refusal"]): string | null =>
  state === "failed" ? (refusal?.code ?? "steps-failed") : null;

/** The root. After a person's retry, the next life of the execution is a child of the first. */
const toExecutionSpan = (scope: SpanScope): TelemetrySpan => {
  const { execution } = scope.ending;
  const { state, refusal, createdAt, baseBranch, workflow, issue } = execution;
  const life = listExecutionLives(scope.timeline).at(-1) ?? { count: 1, from: createdAt };
  const [result, status] = EXECUTION_RESULTS[state as ExecutionEndState];
  const [owner, name] = scope.repository.split("/");
  const isFirst = life.count === 1;
  return toSpan(scope, {
    key: toExecutionKey(life),
    parent: isFirst ? null : toExecutionKey({ ...life, count: 1 }),
    name: "RUN enki",
    kind: "server",
    from: isFirst ? createdAt : life.from,
    status,
    attributes: toAttributes({
      "cicd.pipeline.action.name": "RUN",
      "cicd.pipeline.result": result,
      "cicd.pipeline.run.url.full": `${scope.url}/issues/${issue}`,
      "error.type": findErrorType(state, refusal),
      "vcs.repository.url.full": scope.url,
      "vcs.repository.name": name,
      "vcs.owner.name": owner,
      "vcs.ref.base.name": baseBranch,
      "enki.workflow": workflow?.name,
      "enki.steps": Object.keys(execution.steps).length,
    }),
  });
};
