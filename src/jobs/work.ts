import { serveTools } from "../mcp/serve.ts";
import type { ToolSet } from "../mcp/tools.ts";
import { editIn } from "../mcp/workspace.ts";
import { type AgentEnd, runAgent } from "../agent/session.ts";
import type { Command } from "../model/command.ts";
import { redact } from "../policy/secrets.ts";
import { renderPrompt } from "../render/prompt.ts";
import { agentEnv, makesArtifact, mayEdit, stepEnv } from "./environment.ts";
import { runShell, setDeadline } from "./shell.ts";
import { type JobSpec, type Places, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";
import { openTranscript } from "./transcript.ts";
import { EARLIER } from "./workspace.ts";

/** What came of a session or a command, before anybody judges it. */
export type Worked = {
  readonly end: AgentEnd["end"];
  readonly why: string;
  readonly text: string;
  readonly tools: readonly Command[];
  /** Why its last plan was refused; null where none was. */
  readonly refusedPlan: string | null;
  readonly transcript: readonly string[];
};

/** Lets the step's own command work in the workspace, else an agent. */
export const workIn = async (host: StepHost, spec: JobSpec): Promise<Worked> =>
  spec.step?.run ? runCommand(host, spec) : runSession(host, spec);

/** What nobody outside of the job may see. */
export const secretsOf = ({ modelKey }: StepHost): string[] => (modelKey === "" ? [] : [modelKey]);

const KEPT_LINES = 400;

const toolSetOf = ({ kind }: JobSpec): ToolSet => (kind === "plan" ? "planner" : kind === "resolve" ? "merger" : "worker");

/** Commands run in the same place and with the same rights as an agent. */
const runCommand = async (host: StepHost, spec: JobSpec): Promise<Worked> => {
  const env = await stepEnv(host.env, spec, places(host.temp));
  const lines: string[] = [];
  const line = (text: string): void => {
    host.log(`| ${redact(text)}`);
    if (lines.push(text) > KEPT_LINES) lines.shift();
  };
  const { workspace: cwd, after } = host;
  const deadline = setDeadline(after, spec.timeout);
  const { how, why } = await runShell({ command: spec.step?.run ?? "", cwd, env, deadline, after, line });
  deadline.cancel();
  const ends = { passed: "finished", failed: "refused", "timed-out": "timed-out" } as const;
  return {
    end: ends[how],
    why: how === "passed" ? "" : `the command ${why}`,
    text: lines.join("\n"),
    tools: [],
    refusedPlan: null,
    transcript: [],
  };
};

const runSession = async (host: StepHost, spec: JobSpec): Promise<Worked> => {
  const at = places(host.temp);
  const env = await agentEnv(host.env, spec, { modelKey: host.modelKey, at });
  const tools: Command[] = [];
  let refusedPlan: string | null = null;
  const toolSet = toolSetOf(spec);
  const canEdit = mayEdit(spec);
  const { execution, plan, states, roles, maxSteps } = spec;
  const served = await serveTools({
    socket: at.socket,
    context: {
      toolSet,
      canEdit,
      roles,
      maxSteps,
      execution: { id: execution, state: spec.kind === "plan" ? "planning" : "running", plan, states },
      record: (command) => void tools.push(command),
      refused: ({ why }) => void (refusedPlan = why),
      edit: canEdit ? editIn(host.workspace) : null,
    },
  });
  const transcript = openTranscript(secretsOf(host), host.log);
  try {
    const { command, args } = spec.agent;
    const ended = await runAgent({
      command,
      args,
      env,
      cwd: host.workspace,
      prompt: renderPrompt(promptOf(spec, at)),
      mcpServer: {
        command: host.node,
        args: [host.cli, "mcp", "--role", toolSet, ...(canEdit ? [] : ["--no-edit"]), "--task", `${execution}-${spec.step?.id ?? "plan"}`],
        env: { ENKI_SOCKET: at.socket },
      },
      canEdit,
      timeout: spec.timeout,
      after: host.after,
      onUpdate: transcript.update,
    });
    const why = ended.end === "finished" ? "" : [ended.why, lastLine(ended.stderr)].filter((text) => text !== "").join(": ");
    return { end: ended.end, why, text: ended.text, tools, refusedPlan, transcript: transcript.end() };
  } finally {
    await served.close();
  }
};

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";

const promptOf = (spec: JobSpec, at: Places): Parameters<typeof renderPrompt>[0] => ({
  kind: spec.kind === "plan" ? "plan" : spec.kind === "resolve" ? "resolve" : "work",
  request: spec.request,
  adding: spec.adding,
  role: spec.role?.systemPrompt ?? null,
  step: spec.step && {
    id: spec.step.id,
    title: spec.step.title,
    task: spec.step.description,
    checkpoint: spec.step.checkpoint,
    paths: spec.step.paths,
  },
  plan: (spec.plan?.steps ?? []).map(({ id, title }) => ({ id, title, state: spec.states[id] ?? "pending" })),
  upstream: spec.upstream,
  artifacts: spec.artifacts,
  lastFailure: spec.lastFailure,
  earlier: spec.earlier && { kind: spec.earlier.kind, name: EARLIER },
  canEdit: mayEdit(spec),
  artifactPath: makesArtifact(spec) ? at.artifact : null,
  roles: Object.values(spec.roles)
    .filter(({ name }) => name !== "planner" && name !== "merger")
    .map(({ name, description, canEdit, output }) => ({ name, description, canEdit, output })),
  maxSteps: spec.maxSteps,
});
