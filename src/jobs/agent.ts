import { mkdir, readFile } from "node:fs/promises";
import { captureOutput, withoutOutput } from "../agent/output.ts";
import { type AgentEnd, runAgent } from "../agent/session.ts";
import { editIn } from "../mcp/workspace.ts";
import { serveTools } from "../mcp/serve.ts";
import type { ToolSet } from "../mcp/tools.ts";
import type { Command } from "../model/command.ts";
import { redact } from "../policy/secrets.ts";
import { renderPrompt } from "../render/prompt.ts";
import { type BundleEnd, type NewBundle, writeBundle } from "./bundle.ts";
import { agentEnv, commandEnv, makesArtifact, mayEdit } from "./environment.ts";
import { runShell } from "./shell.ts";
import { type JobSpec, type Places, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";
import { openTranscript } from "./transcript.ts";
import { type Changed, changedFiles } from "./workspace.ts";

/** What the agent's place in a job is filled with, before anybody judges it. */
type Worked = {
  readonly end: Extract<AgentEnd["end"], string>;
  readonly why: string;
  readonly text: string;
  readonly tools: readonly Command[];
  readonly transcript: readonly string[];
};

/** Lets an agent, or the step's own command, work in the workspace, and leaves a bundle. Needs no token and has none. */
export const agentJob = async (host: StepHost): Promise<{ end: BundleEnd; why: string }> => {
  const at = places(host.temp);
  // Written by prepare, in this job, before anything of the repository or an agent could run.
  const spec = JSON.parse(await readFile(at.spec, "utf8")) as JobSpec;
  const env = await commandEnv(host.env, at);
  await mkdir(host.workspace, { recursive: true });
  const worked = spec.step?.run
    ? await runCommand(host, spec, env)
    : await runSession(host, spec, agentEnv(env, spec, { modelKey: host.modelKey, at }));
  const changed = mayEdit(spec)
    ? await changedFiles({ directory: host.workspace, after: host.after }, at.clone, { workspace: host.workspace, base: spec.base })
    : [];
  const bundle = await judge({ spec, at, worked, changed, secrets: secretsOf(host) });
  await writeBundle(at.bundle, bundle);
  return { end: bundle.end, why: bundle.why };
};

const secretsOf = ({ modelKey }: StepHost): string[] => (modelKey === "" ? [] : [modelKey]);

const toolSetOf = ({ kind }: JobSpec): ToolSet => (kind === "plan" ? "planner" : kind === "resolve" ? "merger" : "worker");

/** Commands run in the same place and with the same rights as an agent. */
const runCommand = async (host: StepHost, spec: JobSpec, env: Readonly<Record<string, string>>): Promise<Worked> => {
  const lines: string[] = [];
  const line = (text: string): void => {
    host.log(`| ${text}`);
    if (lines.push(text) > 400) lines.shift();
  };
  const { how, why } = await runShell({
    command: spec.step?.run ?? "",
    cwd: host.workspace,
    env: { ...env },
    timeout: spec.timeout,
    after: host.after,
    line,
  });
  const ends = { passed: "finished", failed: "refused", "timed-out": "timed-out" } as const;
  return { end: ends[how], why: how === "passed" ? "" : `the command ${why}`, text: lines.join("\n"), tools: [], transcript: [] };
};

const runSession = async (host: StepHost, spec: JobSpec, env: Readonly<Record<string, string>>): Promise<Worked> => {
  const at = places(host.temp);
  const tools: Command[] = [];
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
    return { end: ended.end, why, text: ended.text, tools, transcript: transcript.end() };
  } finally {
    await served.close();
  }
};

const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";

const promptOf = (spec: JobSpec, at: Places): Parameters<typeof renderPrompt>[0] => ({
  kind: spec.kind === "plan" ? "plan" : spec.kind === "resolve" ? "resolve" : "work",
  request: spec.request,
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
  canEdit: mayEdit(spec),
  artifactPath: makesArtifact(spec) ? at.artifact : null,
  roles: Object.values(spec.roles)
    .filter(({ name }) => name !== "planner" && name !== "merger")
    .map(({ name, description, canEdit, output }) => ({ name, description, canEdit, output })),
  maxSteps: spec.maxSteps,
});

type Judged = {
  readonly spec: JobSpec;
  readonly at: Places;
  readonly worked: Worked;
  readonly changed: readonly Changed[];
  readonly secrets: readonly string[];
};

const ENDS = { refused: "failed", "timed-out": "timed-out", crashed: "crashed" } as const;

/** What an attempt comes to. */
const judge = async ({ spec, at, worked, changed, secrets }: Judged): Promise<NewBundle> => {
  const clean = (text: string): string => redact(text, secrets);
  const left = {
    tools: worked.tools,
    transcript: worked.transcript,
    files: changed,
    artifact: null,
    output: clean(captureOutput(worked.text)),
  };
  if (worked.end !== "finished") return { ...left, files: [], end: ENDS[worked.end], why: clean(worked.why) };
  if (spec.kind === "plan") {
    return worked.tools.some(({ kind }) => kind === "propose")
      ? { ...left, end: "success", why: "" }
      : { ...left, end: "failed", why: "it never called enki_execution_create" };
  }
  if (makesArtifact(spec)) {
    const artifact = clean(await readArtifact(at.artifact, worked.text));
    return artifact === "" ? { ...left, end: "failed", why: "The agent left no report." } : { ...left, end: "artifact", why: "", artifact };
  }
  if (changed.length > 0) return { ...left, end: "success", why: "" };
  if (worked.text.trim() === "" && !spec.step?.run) return { ...left, end: "failed", why: "The agent said nothing and changed nothing." };
  return { ...left, end: "unchanged", why: "" };
};

/** The report that the agent wrote, else what it said. */
const readArtifact = async (path: string, text: string): Promise<string> => {
  const written = await readFile(path, "utf8").catch(() => "");
  return written.trim() === "" ? withoutOutput(text) : written;
};
