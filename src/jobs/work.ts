import { serveTools } from "../mcp/serve.ts";
import { dialectOf, narrow } from "../agent/dialect.ts";
import { type AgentEnd, runAgent } from "../agent/session.ts";
import type { Command } from "../model/command.ts";
import { redact } from "../policy/secrets.ts";
import { agentEnv, mayEdit, stepEnv, writesReport } from "./environment.ts";
import { promptOf } from "./prompt.ts";
import { runShell, setDeadline, type ShellEnd } from "./shell.ts";
import { type ConflictSpec, isCommand, type JobSpec, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";
import type { Texts } from "./texts.ts";
import { openTools } from "./tools.ts";
import { openTranscript } from "./transcript.ts";

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
export const workIn = async (host: StepHost, spec: JobSpec, texts: Texts): Promise<Worked> => {
  if (spec.conflict) return resolveIn(host, spec, { conflict: spec.conflict, texts });
  return spec.step?.run ? runCommands(host, spec, { commands: [spec.step.run], texts }) : runSession(host, spec, texts);
};

/** The merger first, where anything is left to it; then the files that commands make of all that is merged. */
type Resolving = { readonly conflict: ConflictSpec; readonly texts: Texts };

const resolveIn = async (host: StepHost, spec: JobSpec, { conflict: { commands }, texts }: Resolving): Promise<Worked> => {
  if (isCommand(spec)) return runCommands(host, spec, { commands, texts });
  const session = await runSession(host, spec, texts);
  if (session.end !== "finished" || commands.length === 0) return session;
  const { end, why } = await runCommands(host, spec, { commands, texts });
  return { ...session, end, why };
};

/** What nobody outside of the job may see. */
export const secretsOf = ({ modelKey }: StepHost): string[] => (modelKey === "" ? [] : [modelKey]);

const KEPT_LINES = 400;

type Commands = { readonly commands: readonly string[]; readonly texts: Texts };

/** Commands run in the same place and with the same rights as an agent. */
const runCommands = async (host: StepHost, spec: JobSpec, { commands, texts }: Commands): Promise<Worked> => {
  const env = await stepEnv(host.env, spec, { at: places(host.temp), texts });
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

const runSession = async (host: StepHost, spec: JobSpec, texts: Texts): Promise<Worked> => {
  const at = places(host.temp);
  const env = await agentEnv(host.env, spec, { modelKey: host.modelKey, at, texts });
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
      prompt: promptOf(host, spec, texts),
      mcpServer: {
        command: host.node,
        args: [host.cli, "mcp", "--role", context.toolSet, ...(canEdit ? [] : ["--no-edit"]), "--task", nameOf(spec)],
        env: { ENKI_SOCKET: at.socket },
      },
      canEdit,
      report: writesReport(spec) ? texts.report : null,
      beside: texts.root === null ? texts.directory : null,
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

const nameOf = ({ execution, step }: JobSpec): string => `${execution}-${step?.id ?? "plan"}`;

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
