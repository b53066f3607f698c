import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandValues, createCommandFiles } from "./command-files.ts";
import { isConditionTrue, evaluateNumber, type ExpressionScope, evaluateEntries, evaluateBoolean } from "./evaluate-expression.ts";
import { defaultVariables } from "./run-facts.ts";
import type { ActionCall } from "./job-host.ts";
import { type RunningJob, type StepConclusion, type StepResult, createStepScope } from "./job-state.ts";
import { StepFault } from "./step-fault.ts";
import { startTimer } from "./runner-timers.ts";
import type { WorkflowStep } from "./actions-workflow.ts";

type TextEntries = readonly (readonly [string, string])[];

/** A step of the file, or what comes before or after one for the same action. */
export type StepPhase = {
  readonly step: WorkflowStep;
  readonly name: string;
  readonly condition: string;
  /** `STATE_*` of an action's earlier phase. */
  readonly state: TextEntries;
  readonly work: (call: Omit<ActionCall, "inputs">, scope: ExpressionScope) => Promise<Readonly<Record<string, string>>>;
};

/** What a phase left beside its result. */
export type PhaseResult = StepResult & { readonly state: TextEntries };

const MAX_SUMMARY_BYTES = 1 << 20;
const STEP_MINUTE_MS = 60_000;

const createProcessEnvironment = (running: RunningJob, phase: StepPhase, env: TextEntries): Record<string, string> => {
  const { host, state } = running;
  const all: Record<string, string> = {
    ...host.installation.baseEnvironment,
    HOME: host.place.home,
    TMPDIR: host.place.tmp,
    CI: "true",
    ...Object.fromEntries(state.env),
    ...Object.fromEntries(env),
    ...Object.fromEntries(phase.state.map(([name, value]) => [`STATE_${name}`, value])),
    ...defaultVariables(host.facts, host.id, host.place),
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
  else await appendFile(`${host.log.file}.summary.md`, host.log.masks.hide(values.summary));
};

const formatCause = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

type PhaseLimit = { readonly signal: AbortSignal; reason(): "cancelled" | "late" | null; release(): void };

/** Ends the work when its time is over or when its job is cancelled, unless its condition holds all the same. */
const limitPhase = (running: RunningJob, phase: StepPhase, of: { env: TextEntries; minutes: number | null }): PhaseLimit => {
  const stop = new AbortController();
  let why: ReturnType<PhaseLimit["reason"]> = null;
  const end = (reason: "cancelled" | "late"): void => {
    why ??= reason;
    stop.abort();
  };
  running.state.interrupt = () => {
    if (!isConditionTrue(phase.condition, createStepScope(running, of.env))) end("cancelled");
  };
  const { timers } = running.host.installation;
  const onTime = of.minutes === null ? () => undefined : startTimer(timers, of.minutes * STEP_MINUTE_MS, () => end("late"));
  return {
    signal: stop.signal,
    reason: () => why,
    release: () => {
      onTime();
      running.state.interrupt = () => undefined;
    },
  };
};

type PhaseOutcome = { readonly cause: unknown; readonly outputs: Readonly<Record<string, string>>; readonly state: TextEntries };

/** Does the work, then takes in what it left in its files, also after a failure. `cause` is null where all went well. */
const performPhaseWork = async (
  running: RunningJob,
  phase: StepPhase,
  of: { env: TextEntries; stop: AbortSignal },
): Promise<PhaseOutcome> => {
  const { host } = running;
  const nothing = { outputs: {}, state: [] };
  try {
    const files = createCommandFiles(join(host.place.temp, "_runner_file_commands"), randomUUID());
    const env = { ...createProcessEnvironment(running, phase, of.env), ...files.env };
    const done = await phase.work({ job: host, env, stop: of.stop }, createStepScope(running, of.env)).then(
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
  const why = limited.reason();
  const late = why === "late" ? `The action '${phase.name}' has timed out after ${minutes} minutes.` : null;
  if (why === "cancelled") log.write("##[error]The operation was canceled.");
  else if (late ?? worked.cause) log.write(`##[error]${late ?? formatCause(worked.cause)}`);
  const outcome: StepConclusion = why === "cancelled" ? "cancelled" : why === "late" || worked.cause !== null ? "failure" : "success";
  const forgiven = outcome === "failure" && evaluateBoolean(step.continueOnError, createStepScope(running, env));
  return { outcome, conclusion: forgiven ? "success" : outcome, outputs: worked.outputs, state: worked.state };
};

/** Does one phase where its condition holds, and moves the job's status on. Never rejects: what goes wrong fails the phase. */
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
