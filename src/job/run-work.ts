import { NO_USAGE } from "../core/domain/agent-usage.ts";
import { openLineRedactor } from "../core/policy/secret-stream.ts";
import { NO_TRANSCRIPT } from "./agent-transcript.ts";
import { prepareStepEnv } from "./job-environment.ts";
import { type ConflictSpec, isCommandOnly, type JobSpec } from "./job-spec.ts";
import { runAgentSession } from "./run-agent-session.ts";
import { runShell, startDeadline, type ShellResult } from "./run-shell.ts";
import type { StepHost } from "./step-host.ts";
import { listSecrets, type WorkPlace, type WorkResult } from "./work-result.ts";

/** Does the job's work in the workspace: resolves a conflict, runs the step's own command, or runs an agent. */
export const runWork = async (host: StepHost, spec: JobSpec, { texts, sandbox }: WorkPlace): Promise<WorkResult> => {
  if (spec.conflict) return runResolution(host, spec, { conflict: spec.conflict, texts, sandbox });
  const { step } = spec;
  return step?.run
    ? runStepCommands(host, spec, { commands: [step.run], texts, sandbox })
    : runAgentSession(host, spec, { texts, sandbox });
};

/** Runs the merger if conflicts remain for it, then the commands that regenerate files from the merged result. */
type ResolveInput = WorkPlace & { readonly conflict: ConflictSpec };

const runResolution = async (
  host: StepHost,
  spec: JobSpec,
  { conflict: { regenerateCommands }, texts, sandbox }: ResolveInput,
): Promise<WorkResult> => {
  if (isCommandOnly(spec)) return runStepCommands(host, spec, { commands: regenerateCommands, texts, sandbox });
  const session = await runAgentSession(host, spec, { texts, sandbox });
  if (session.end !== "finished" || regenerateCommands.length === 0) return session;
  const { end, reason } = await runStepCommands(host, spec, { commands: regenerateCommands, texts, sandbox });
  return { ...session, end, reason };
};

const MAX_COMMAND_LOG_LINES = 400;

type CommandsInput = WorkPlace & { readonly commands: readonly string[] };

/** Runs commands in the workspace, with the same rights as an agent. */
const runStepCommands = async (host: StepHost, spec: JobSpec, { commands, texts, sandbox }: CommandsInput): Promise<WorkResult> => {
  const env = prepareStepEnv(host.env, spec, { home: await sandbox.createHome(), texts });
  const lines: string[] = [];
  const shown = openLineRedactor(listSecrets(host, spec), (text) => host.log(`| ${text}`));
  const onLines = (read: readonly string[]): void => {
    shown.write(read);
    for (const line of read) if (lines.push(line) > MAX_COMMAND_LOG_LINES) lines.shift();
  };
  const { workspace: cwd, after } = host;
  const deadline = startDeadline(after, spec.timeoutMs);
  let ended: ShellResult = { end: "passed", reason: "" };
  for (const command of commands)
    if (ended.end === "passed") ended = await runShell({ command, cwd, env, sandbox, deadline, after, onLines });
  deadline.cancel();
  shown.end();
  const { end, reason } = ended;
  const ends = { passed: "finished", failed: "refused", "timed-out": "timed-out" } as const;
  return {
    end: ends[end],
    reason: end === "passed" ? "" : `the command ${reason}`,
    answer: lines.join("\n"),
    tools: [],
    refusedPlan: null,
    transcript: NO_TRANSCRIPT,
    failure: null,
    usage: NO_USAGE,
  };
};
