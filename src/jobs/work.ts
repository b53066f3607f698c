import { serveTools } from "../mcp/serve.ts";
import { dialectOf, narrow, toolNames } from "../agent/dialect.ts";
import { type AgentEnd, runAgent } from "../agent/session.ts";
import type { Command } from "../model/command.ts";
import { byTime, isExpired } from "../model/mail.ts";
import { redact } from "../policy/secrets.ts";
import { renderPrompt } from "../render/prompt.ts";
import { agentEnv, makesArtifact, mayEdit, stepEnv } from "./environment.ts";
import { runShell, setDeadline, type ShellEnd } from "./shell.ts";
import { type ConflictSpec, isCommand, type JobSpec, type Places, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";
import { openTools } from "./tools.ts";
import { openTranscript } from "./transcript.ts";
import { EARLIER } from "./workspace.ts";

/** What came of a session or a command, before anybody judges it. */
export type Worked = {
  readonly end: AgentEnd["end"];
  readonly why: string;
  /** The last thing that it said; of commands what they printed. */
  readonly answer: string;
  readonly tools: readonly Command[];
  /** Why its last plan was refused; null where none was. */
  readonly refusedPlan: string | null;
  readonly transcript: readonly string[];
};

/** Lets the step's own command work in the workspace, else an agent. */
export const workIn = async (host: StepHost, spec: JobSpec): Promise<Worked> =>
  spec.conflict ? resolveIn(host, spec, spec.conflict) : spec.step?.run ? runCommands(host, spec, [spec.step.run]) : runSession(host, spec);

/** The merger first, where anything is left to it; then the files that commands make of all that is merged. */
const resolveIn = async (host: StepHost, spec: JobSpec, { commands }: ConflictSpec): Promise<Worked> => {
  if (isCommand(spec)) return runCommands(host, spec, commands);
  const session = await runSession(host, spec);
  if (session.end !== "finished" || commands.length === 0) return session;
  const { end, why } = await runCommands(host, spec, commands);
  return { ...session, end, why };
};

/** What nobody outside of the job may see. */
export const secretsOf = ({ modelKey }: StepHost): string[] => (modelKey === "" ? [] : [modelKey]);

const KEPT_LINES = 400;

/** Commands run in the same place and with the same rights as an agent. */
const runCommands = async (host: StepHost, spec: JobSpec, commands: readonly string[]): Promise<Worked> => {
  const env = await stepEnv(host.env, spec, places(host.temp));
  const lines: string[] = [];
  const line = (text: string): void => {
    host.log(`| ${redact(text)}`);
    if (lines.push(text) > KEPT_LINES) lines.shift();
  };
  const { workspace: cwd, after } = host;
  const deadline = setDeadline(after, spec.timeout);
  let ended: ShellEnd = { how: "passed", why: "" };
  for (const command of commands) if (ended.how === "passed") ended = await runShell({ command, cwd, env, deadline, after, line });
  deadline.cancel();
  const { how, why } = ended;
  const ends = { passed: "finished", failed: "refused", "timed-out": "timed-out" } as const;
  return {
    end: ends[how],
    why: how === "passed" ? "" : `the command ${why}`,
    answer: lines.join("\n"),
    tools: [],
    refusedPlan: null,
    transcript: [],
  };
};

const runSession = async (host: StepHost, spec: JobSpec): Promise<Worked> => {
  const at = places(host.temp);
  const env = await agentEnv(host.env, spec, { modelKey: host.modelKey, at });
  const canEdit = mayEdit(spec);
  const tools = openTools(host, spec, canEdit);
  const { context } = tools;
  const served = await serveTools({ socket: at.socket, context });
  const transcript = openTranscript(secretsOf(host), host.log);
  try {
    const { command, args } = spec.agent;
    const ended = await runAgent({
      command,
      args,
      env,
      cwd: host.workspace,
      prompt: renderPrompt(promptOf(spec, at, host.now())),
      mcpServer: {
        command: host.node,
        args: [host.cli, "mcp", "--role", context.toolSet, ...(canEdit ? [] : ["--no-edit"]), "--task", nameOf(spec)],
        env: { ENKI_SOCKET: at.socket },
      },
      canEdit,
      report: makesArtifact(spec) && writesFiles(spec) ? at.artifact : null,
      beside: at.root,
      tools: spec.tools,
      meta: narrow(dialectOf(spec.agent), spec.tools).meta,
      timeout: spec.timeout,
      after: host.after,
      onUpdate: transcript.update,
    });
    const why = ended.end === "finished" ? "" : [ended.why, lastLine(ended.stderr)].filter((text) => text !== "").join(": ");
    return { end: ended.end, why, answer: ended.messages.at(-1) ?? "", ...tools.left(), transcript: transcript.end() };
  } finally {
    tools.close();
    await served.close();
  }
};

/** False for an agent that has nothing to write its report with. */
const writesFiles = ({ readOnly }: JobSpec): boolean => !readOnly;

const nameOf = ({ execution, step }: JobSpec): string => `${execution}-${step?.id ?? "plan"}`;

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";

const promptOf = (spec: JobSpec, at: Places, now: number): Parameters<typeof renderPrompt>[0] => ({
  kind: spec.kind === "verify" ? "work" : spec.kind,
  request: spec.request,
  brief: spec.brief,
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
  feedback: spec.feedback,
  lastFailure: spec.lastFailure,
  earlier: spec.earlier && { kind: spec.earlier.kind, name: EARLIER },
  conflict: spec.conflict && { base: spec.branch, ...spec.conflict },
  canEdit: mayEdit(spec),
  canAsk: spec.toolSet === "worker",
  report: makesArtifact(spec) ? { path: writesFiles(spec) ? at.artifact : null } : null,
  tools: spec.tools && toolNames(dialectOf(spec.agent), spec.tools),
  mails: byTime(spec.mails.filter((mail) => !isExpired(mail, now))),
  roles: Object.values(spec.roles)
    .filter(({ name }) => name !== "planner" && name !== "merger")
    .map(({ name, description, canEdit, output }) => ({ name, description, canEdit, output })),
  maxSteps: spec.maxSteps,
});
