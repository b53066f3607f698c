import { serveTools } from "./tools/serve-tools.ts";
import { listSecretValues, selectAgentVariables } from "./agent/agent-variables.ts";
import { resolveAgent } from "./agent/resolve-agent.ts";
import type { McpServerCommand } from "./agent/agent-preset.ts";
import { type AgentEnd, runAgent } from "./agent/run-agent.ts";
import type { AgentFailure } from "../core/domain/agent-failure.ts";
import { type AgentUsage, NO_USAGE } from "../core/domain/agent-usage.ts";
import type { RecordedCommand } from "../core/domain/command.ts";
import { openLineRedactor } from "../core/policy/secret-stream.ts";
import type { ToolSet } from "../core/domain/tool-set.ts";
import { prepareAgentEnv, mayEdit, prepareStepEnv, writesReport } from "./job-environment.ts";
import { renderJobPrompt } from "./job-prompt.ts";
import { runShell, startDeadline, type ShellResult } from "./run-shell.ts";
import { type ConflictSpec, isCommandOnly, type JobSpec, toJobPaths } from "./job-spec.ts";
import type { JobFence } from "./fence/job-fence.ts";
import type { StepHost } from "./step-host.ts";
import type { StepTexts } from "./step-texts.ts";
import { openJobTools } from "./job-tools.ts";
import { findPreset } from "./agent/find-preset.ts";
import { type AgentTranscript, NO_TRANSCRIPT, openAgentTranscript } from "./agent-transcript.ts";

/** How a session or command ended, before it is evaluated. */
export type WorkResult = {
  readonly end: AgentEnd["end"];
  readonly reason: string;
  /** The agent's last message, or a command's output. */
  readonly answer: string;
  readonly tools: readonly RecordedCommand[];
  /** Why the last plan was refused; null if none was. */
  readonly refusedPlan: string | null;
  readonly transcript: AgentTranscript;
  /** Why the agent could not work; null for any other end. */
  readonly failure: AgentFailure | null;
  readonly usage: AgentUsage;
};

/** The texts that a step works with, and the fence behind which its commands run. */
export type WorkPlace = { readonly texts: StepTexts; readonly fence: JobFence };

/** Runs the step's own command or an agent in the workspace. */
export const runWork = async (host: StepHost, spec: JobSpec, { texts, fence }: WorkPlace): Promise<WorkResult> => {
  if (spec.conflict) return runResolution(host, spec, { conflict: spec.conflict, texts, fence });
  const { step } = spec;
  return step?.run ? runStepCommands(host, spec, { commands: [step.run], texts, fence }) : runAgentSession(host, spec, { texts, fence });
};

/** Runs the merger if conflicts remain for it, then the commands that regenerate files from the merged result. */
type ResolveInput = WorkPlace & { readonly conflict: ConflictSpec };

const runResolution = async (
  host: StepHost,
  spec: JobSpec,
  { conflict: { regenerateCommands }, texts, fence }: ResolveInput,
): Promise<WorkResult> => {
  if (isCommandOnly(spec)) return runStepCommands(host, spec, { commands: regenerateCommands, texts, fence });
  const session = await runAgentSession(host, spec, { texts, fence });
  if (session.end !== "finished" || regenerateCommands.length === 0) return session;
  const { end, reason } = await runStepCommands(host, spec, { commands: regenerateCommands, texts, fence });
  return { ...session, end, reason };
};

/** Values that must not leave the job. */
export const listSecrets = (host: StepHost, { agent }: Pick<JobSpec, "agent">): string[] => [
  ...new Set([...(host.modelKey === "" ? [] : [host.modelKey]), ...listSecretValues(selectAgentVariables(agent, host))]),
];

const MAX_COMMAND_LOG_LINES = 400;

type CommandsInput = WorkPlace & { readonly commands: readonly string[] };

/** Runs commands in the workspace, with the same rights as an agent. */
const runStepCommands = async (host: StepHost, spec: JobSpec, { commands, texts, fence }: CommandsInput): Promise<WorkResult> => {
  const env = prepareStepEnv(host.env, spec, { home: await fence.createHome(), texts });
  const lines: string[] = [];
  const shown = openLineRedactor(listSecrets(host, spec), (text) => host.log(`| ${text}`));
  const line = (text: string): void => {
    shown.line(text);
    if (lines.push(text) > MAX_COMMAND_LOG_LINES) lines.shift();
  };
  const { workspace: cwd, after } = host;
  const deadline = startDeadline(after, spec.timeoutMs);
  let ended: ShellResult = { end: "passed", reason: "" };
  for (const command of commands)
    if (ended.end === "passed") ended = await runShell({ command, cwd, env, fence, deadline, after, onLine: line });
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

const runAgentSession = async (host: StepHost, spec: JobSpec, { texts, fence }: WorkPlace): Promise<WorkResult> => {
  const at = toJobPaths(host.temp);
  const canEdit = mayEdit(spec);
  const tools = openJobTools(host, spec, canEdit ? fence : null);
  const transcript = openAgentTranscript({
    job: spec.job,
    agent: describeAgent(spec),
    secrets: listSecrets(host, spec),
    log: host.log,
  });
  const served = await serveTools({ socket: at.socket, context: tools.context }).catch((error: unknown) => {
    tools.close();
    throw error;
  });
  try {
    await fence.give(at.socket);
    const home = await fence.createHome();
    const mcpServer = createMcpCommand(host, spec, { toolSet: tools.context.toolSet, canEdit });
    const rights = { canEdit, tools: spec.tools, mcpServer };
    const env = prepareAgentEnv(host.env, spec, { given: host, home, texts });
    const ended = await runAgent({
      ...rights,
      ...(await resolveAgent({
        ...rights,
        agent: spec.agent,
        env,
        home,
        model: spec.model,
        maxCostUsd: spec.maxCostUsd,
        writeFile: fence.writeFile,
      })),
      cwd: host.workspace,
      fence,
      prompt: renderJobPrompt(host, spec, texts),
      report: writesReport(spec) ? texts.report : null,
      timeoutMs: spec.timeoutMs,
      idleMs: spec.agent.idleMs,
      after: host.after,
      now: host.now,
      onUpdate: transcript.update,
      onPermission: transcript.permission,
    });
    const { end, reason, failure, usage } = ended;
    const answer = ended.messages.at(-1) ?? "";
    return { end, reason, failure, usage, answer, ...tools.listRecorded(), transcript: transcript.end(reason, ended.stderr) };
  } finally {
    tools.close();
    await served.close();
  }
};

/** The agent, its protocol and its model, for the head of a transcript. */
const describeAgent = ({ agent, model }: JobSpec): string => {
  const found = findPreset(agent);
  const name = found === null ? (agent.command ?? "agent") : `${found.preset.label} (${found.protocol})`;
  return model === null ? name : `${name}, model ${model}`;
};

const createMcpCommand = (
  { node, cli, temp }: StepHost,
  spec: JobSpec,
  { toolSet, canEdit }: { readonly toolSet: ToolSet; readonly canEdit: boolean },
): McpServerCommand => ({
  command: node,
  args: [cli, "mcp", "--role", toolSet, ...(canEdit ? [] : ["--no-edit"]), "--task", formatTaskName(spec)],
  env: { ENKI_SOCKET: toJobPaths(temp).socket },
});

const formatTaskName = ({ execution, step }: JobSpec): string => `${execution}-${step?.id ?? "plan"}`;
