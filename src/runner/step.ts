import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandValues, createCommandFiles } from "./command-files.ts";
import { isTrue, numberOf, type Scope, textsOf, truthOf } from "./expression.ts";
import { variables } from "./facts.ts";
import type { ActionCall } from "./job-host.ts";
import { type RunningJob, type StepEnd, type StepResult, stepScope } from "./job-state.ts";
import { StepFault } from "./step-fault.ts";
import { after } from "./timers.ts";
import type { WorkflowStep } from "./workflow.ts";

type Texts = readonly (readonly [string, string])[];

/** A step of the file, or what comes before or after one for the same action. */
export type Phase = {
  readonly step: WorkflowStep;
  readonly name: string;
  readonly condition: string;
  /** `STATE_*` of an action's earlier phase. */
  readonly state: Texts;
  readonly work: (call: Omit<ActionCall, "inputs">, scope: Scope) => Promise<Readonly<Record<string, string>>>;
};

/** What a phase left beside its result. */
export type PhaseResult = StepResult & { readonly state: Texts };

const LARGEST_SUMMARY_BYTES = 1 << 20;
const MINUTE_MS = 60_000;

const processEnv = (running: RunningJob, phase: Phase, env: Texts): Record<string, string> => {
  const { host, state } = running;
  const all: Record<string, string> = {
    ...host.installation.base,
    HOME: host.place.home,
    TMPDIR: host.place.tmp,
    CI: "true",
    ...Object.fromEntries(state.env),
    ...Object.fromEntries(env),
    ...Object.fromEntries(phase.state.map(([name, value]) => [`STATE_${name}`, value])),
    ...variables(host.facts, host.id, host.place),
    GITHUB_ACTION: phase.step.id ?? "__run",
  };
  return { ...all, PATH: [...state.path, all["PATH"] ?? ""].join(":") };
};

const absorb = async (running: RunningJob, values: CommandValues): Promise<void> => {
  const { state, host } = running;
  for (const [name, value] of values.env) {
    if (name.toUpperCase() === "NODE_OPTIONS")
      throw new StepFault("Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.");
    state.env.set(name, value);
  }
  state.path = [...values.path.toReversed(), ...state.path];
  if (values.summary === "") return;
  if (Buffer.byteLength(values.summary) > LARGEST_SUMMARY_BYTES)
    host.log.write("::error::$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k");
  else await appendFile(`${host.log.file}.summary.md`, host.log.masks.hide(values.summary));
};

const explain = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

type Limit = { readonly signal: AbortSignal; why(): "cancelled" | "late" | null; release(): void };

/** Ends the work when its time is over or when its job is cancelled, unless its condition holds all the same. */
const limit = (running: RunningJob, phase: Phase, of: { env: Texts; minutes: number | null }): Limit => {
  const stop = new AbortController();
  let why: ReturnType<Limit["why"]> = null;
  const end = (reason: "cancelled" | "late"): void => {
    why ??= reason;
    stop.abort();
  };
  running.state.interrupt = () => {
    if (!isTrue(phase.condition, stepScope(running, of.env))) end("cancelled");
  };
  const { timers } = running.host.installation;
  const onTime = of.minutes === null ? () => undefined : after(timers, of.minutes * MINUTE_MS, () => end("late"));
  return {
    signal: stop.signal,
    why: () => why,
    release: () => {
      onTime();
      running.state.interrupt = () => undefined;
    },
  };
};

type Worked = { readonly cause: unknown; readonly outputs: Readonly<Record<string, string>>; readonly state: Texts };

/** Does the work, then takes in what it left in its files, also after a failure. `cause` is null where all went well. */
const work = async (running: RunningJob, phase: Phase, of: { env: Texts; stop: AbortSignal }): Promise<Worked> => {
  const { host } = running;
  const nothing = { outputs: {}, state: [] };
  try {
    const files = createCommandFiles(join(host.place.temp, "_runner_file_commands"), randomUUID());
    const env = { ...processEnv(running, phase, of.env), ...files.env };
    const done = await phase.work({ job: host, env, stop: of.stop }, stepScope(running, of.env)).then(
      (outputs) => ({ cause: null, outputs }),
      (cause: unknown) => ({ cause, outputs: {} }),
    );
    const values = await files.read();
    await absorb(running, values);
    return { cause: done.cause, outputs: { ...done.outputs, ...Object.fromEntries(values.output) }, state: values.state };
  } catch (cause) {
    return { cause, ...nothing };
  }
};

const SKIPPED: PhaseResult = { outcome: "skipped", conclusion: "skipped", outputs: {}, state: [] };

const perform = async (running: RunningJob, phase: Phase): Promise<PhaseResult> => {
  const { step } = phase;
  const { log } = running.host;
  const env = textsOf(step.env, stepScope(running));
  const scope = stepScope(running, env);
  if (!isTrue(phase.condition, scope)) return SKIPPED;
  log.write(`##[group]${phase.name}`);
  const minutes = numberOf(step.timeoutMinutes, scope);
  const limited = limit(running, phase, { env, minutes });
  const worked = await work(running, phase, { env, stop: limited.signal });
  limited.release();
  const why = limited.why();
  const late = why === "late" ? `The action '${phase.name}' has timed out after ${minutes} minutes.` : null;
  if (why === "cancelled") log.write("##[error]The operation was canceled.");
  else if (late ?? worked.cause) log.write(`##[error]${late ?? explain(worked.cause)}`);
  const outcome: StepEnd = why === "cancelled" ? "cancelled" : why === "late" || worked.cause !== null ? "failure" : "success";
  const forgiven = outcome === "failure" && truthOf(step.continueOnError, stepScope(running, env));
  return { outcome, conclusion: forgiven ? "success" : outcome, outputs: worked.outputs, state: worked.state };
};

/** Does one phase where its condition holds, and moves the job's status on. Never rejects: what goes wrong fails the phase. */
export const runPhase = async (running: RunningJob, phase: Phase): Promise<PhaseResult> => {
  const { state, host } = running;
  if (state.dead) return SKIPPED;
  const result = await perform(running, phase).catch((cause: unknown): PhaseResult => {
    host.log.write(`##[error]${explain(cause)}`);
    return { ...SKIPPED, outcome: "failure", conclusion: "failure" };
  });
  if (result.conclusion === "failure" && state.status === "success") state.status = "failure";
  return result;
};
