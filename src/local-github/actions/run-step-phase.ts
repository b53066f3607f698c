import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandValues, openCommandFiles } from "./command-files.ts";
import { isConditionTrue, evaluateNumber, type ExpressionScope, evaluateEntries, evaluateBoolean } from "./evaluate-expression.ts";
import { defaultVariables } from "./run-facts.ts";
import type { ActionCall } from "./job-host.ts";
import { toSummaryFile } from "./job-log.ts";
import { type RunningJob, type StepConclusion, type StepResult, createStepScope } from "./job-state.ts";
import { StepFault } from "./step-fault.ts";
import { startTimer } from "./runner-timers.ts";
import type { WorkflowStep } from "./actions-workflow.ts";
import { MINUTE_MS } from "../../core/domain/durations.ts";

type TextEntries = readonly (readonly [string, string])[];

/** A step of the file, or the pre or post phase of an action. */
export type StepPhase = {
  readonly step: WorkflowStep;
  readonly name: string;
  readonly condition: string;
  /** `STATE_*` values of an earlier phase of the same action. */
  readonly state: TextEntries;
  readonly work: (call: Omit<ActionCall, "inputs">, scope: ExpressionScope) => Promise<Readonly<Record<string, string>>>;
};

/** The result of a phase and the state for later phases. */
export type PhaseResult = StepResult & { readonly state: TextEntries };

const MAX_SUMMARY_BYTES = 1 << 20;

const createProcessEnvironment = (running: RunningJob, phase: StepPhase, env: TextEntries): Record<string, string> => {
  const { host, state } = running;
  const all: Record<string, string> = {
    ...host.installation.baseEnvironment,
    HOME: host.directories.home,
    TMPDIR: host.directories.tmp,
    CI: "true",
    ...Object.fromEntries(state.env),
    ...Object.fromEntries(env),
    ...Object.fromEntries(phase.state.map(([name, value]) => [`STATE_${name}`, value])),
    ...defaultVariables(host.facts, host.id, host.directories),
    GITHUB_ACTION: phase.step.id ?? "__run",
  };
  return { ...all, PATH: [...state.path, all["PATH"] ?? ""].join(":") };
};

const applyCommandValues = async (running: RunningJob, values: CommandValues): Promise<void> => {
  const { state, host } = running;
  for (const [name, value] of values.env) {
    if (name.toUpperCase() === "NODE_OPTIONS")
      throw new StepFault("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
    state.env.set(name, value);
  }
  state.path = [...values.path.toReversed(), ...state.path];
  if (values.summary === "") return;
  if (Buffer.byteLength(values.summary) > MAX_SUMMARY_BYTES)
    host.log.write("::error::$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k");
  else await appendFile(toSummaryFile(host.log.file), host.log.masks.hide(values.summary));
};

const formatCause = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

type PhaseLimit = { readonly signal: AbortSignal; reason(): "cancelled" | "late" | null; release(): void };

/** Stops a phase at its time limit, or when its job is cancelled and its condition no longer holds. */
const limitPhase = (running: RunningJob, phase: StepPhase, limits: { env: TextEntries; minutes: number | null }): PhaseLimit => {
  const stop = new AbortController();
  let stopReason: ReturnType<PhaseLimit["reason"]> = null;
  const end = (reason: "cancelled" | "late"): void => {
    stopReason ??= reason;
    stop.abort();
  };
  running.state.interrupt = () => {
    if (!isConditionTrue(phase.condition, createStepScope(running, limits.env))) end("cancelled");
  };
  const { timers } = running.host.installation;
  const cancelTimer = limits.minutes === null ? () => undefined : startTimer(timers, limits.minutes * MINUTE_MS, () => end("late"));
  return {
    signal: stop.signal,
    reason: () => stopReason,
    release: () => {
      cancelTimer();
      running.state.interrupt = () => undefined;
    },
  };
};

type PhaseOutcome = { readonly cause: unknown; readonly outputs: Readonly<Record<string, string>>; readonly state: TextEntries };

/** Performs the work and then reads the step's command files, even after a failure. `cause` is null on success. */
const performPhaseWork = async (
  running: RunningJob,
  phase: StepPhase,
  context: { env: TextEntries; stop: AbortSignal },
): Promise<PhaseOutcome> => {
  const { host } = running;
  const nothing = { outputs: {}, state: [] };
  try {
    const files = openCommandFiles(join(host.directories.temp, "_runner_file_commands"), randomUUID());
    const env = { ...createProcessEnvironment(running, phase, context.env), ...files.env };
    const call = { job: host, env, createCommandFiles: files.create, stop: context.stop };
    const done = await phase.work(call, createStepScope(running, context.env)).then(
      (outputs) => ({ cause: null, outputs }),
      (cause: unknown) => ({ cause, outputs: {} }),
    );
    const values = await files.read();
    await applyCommandValues(running, values);
    return { cause: done.cause, outputs: { ...done.outputs, ...Object.fromEntries(values.output) }, state: values.state };
  } catch (cause) {
    return { cause, ...nothing };
  }
};

const SKIPPED_PHASE: PhaseResult = { outcome: "skipped", conclusion: "skipped", outputs: {}, state: [] };

const performPhase = async (running: RunningJob, phase: StepPhase): Promise<PhaseResult> => {
  const { step } = phase;
  const { log } = running.host;
  const env = evaluateEntries(step.env, createStepScope(running));
  const scope = createStepScope(running, env);
  if (!isConditionTrue(phase.condition, scope)) return SKIPPED_PHASE;
  log.write(`##[group]${phase.name}`);
  const minutes = evaluateNumber(step.timeoutMinutes, scope);
  const limited = limitPhase(running, phase, { env, minutes });
  const worked = await performPhaseWork(running, phase, { env, stop: limited.signal });
  limited.release();
  const stopReason = limited.reason();
  const late = stopReason === "late" ? `The action '${phase.name}' has timed out after ${minutes} minutes.` : null;
  if (stopReason === "cancelled") log.write("##[error]The operation was canceled.");
  else if (late ?? worked.cause) log.write(`##[error]${late ?? formatCause(worked.cause)}`);
  const outcome: StepConclusion =
    stopReason === "cancelled" ? "cancelled" : stopReason === "late" || worked.cause !== null ? "failure" : "success";
  const continues = outcome === "failure" && evaluateBoolean(step.continueOnError, createStepScope(running, env));
  return { outcome, conclusion: continues ? "success" : outcome, outputs: worked.outputs, state: worked.state };
};

/** Runs a phase if its condition holds, and updates the job's status. Never rejects: an error fails the phase. */
export const runStepPhase = async (running: RunningJob, phase: StepPhase): Promise<PhaseResult> => {
  const { state, host } = running;
  if (state.dead) return SKIPPED_PHASE;
  const result = await performPhase(running, phase).catch((cause: unknown): PhaseResult => {
    host.log.write(`##[error]${formatCause(cause)}`);
    return { ...SKIPPED_PHASE, outcome: "failure", conclusion: "failure" };
  });
  if (result.conclusion === "failure" && state.status === "success") state.status = "failure";
  return result;
};
