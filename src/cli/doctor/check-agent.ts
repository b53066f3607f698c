import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "../../core/config/read-config.ts";
import { type AgentCommand, formatAgentCommand } from "../../core/domain/agent-command.ts";
import {
  type AgentCheck,
  AGENT_CHECK_PROMPT,
  CHECKED_TOOL,
  formatAgentCheck,
  reportFailedCheck,
  reportMissingTool,
} from "../../core/messages/agent-check.ts";
import { type Finding, reportError } from "../../core/setup/doctor/finding.ts";
import { type LoginFiles, readLoginFiles } from "../../job/agent/agent-login.ts";
import { selectAgentVariables } from "../../job/agent/agent-variables.ts";
import { findPreset } from "../../job/agent/find-preset.ts";
import type { AgentUpdate } from "../../job/agent/message-collector.ts";
import { resolveAgent } from "../../job/agent/resolve-agent.ts";
import { type AgentEnd, runAgent } from "../../job/agent/run-agent.ts";
import { createUnprotectedSandbox } from "../../job/sandbox/unprotected-sandbox.ts";
import { keepKeyOutside } from "../../job/proxy/keep-key-outside.ts";
import { prepareCommandEnv } from "../../job/job-environment.ts";
import { readGivenVariables } from "../agent-secrets.ts";
import { CommandError } from "../command-options.ts";
import { readEffectiveLayers } from "../effective-layers.ts";
import { prepareAgents } from "../prepare-agents.ts";
import type { TerminalHost } from "../terminal-host.ts";
import { MINUTE_MS, SECOND_MS } from "../../core/domain/durations.ts";

export type AgentCheckResult = {
  readonly findings: readonly Finding[];
  /** What works, for a person; empty if nothing does. */
  readonly line: string;
};

/** Plays one tiny turn with the agent that a step of this repository would get: one call of a tool, and an answer. */
export const checkAgent = async (terminal: TerminalHost, directory: string): Promise<AgentCheckResult> => {
  try {
    const { agent: choice, terminal: prepared } = await prepareAgents(terminal, { directory, named: null, isNeeded: () => true });
    const { config } = readConfig(await readEffectiveLayers({ ...terminal, cwd: directory }));
    const agent = choice
      ? { ...config.agents.worker, preset: choice.preset ?? null, command: choice.command, args: choice.args }
      : config.agents.worker;
    const given = await readGivenVariables(terminal, { agents: { ...config.agents, worker: agent }, chosen: choice });
    const [variables, login] = [selectAgentVariables(agent, given), readLoginFiles(agent, given.agentEnv)];
    return await judgeTurn(prepared, { agent, model: config.tiers.standard.model, variables, login });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { findings: [reportError("agent-key", `${error.message}.`, error.next ?? "enki config")], line: "" };
  }
};

type CheckedAgent = {
  readonly agent: AgentCommand;
  readonly model: string | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly login: LoginFiles;
};

const judgeTurn = async (terminal: TerminalHost, checked: CheckedAgent): Promise<AgentCheckResult> => {
  const { preset, program } = findPreset(checked.agent) ?? {};
  const started = terminal.now();
  const { end, updates } = await playCheckTurn(terminal, checked);
  const check: AgentCheck = {
    label: preset?.label ?? formatAgentCommand(checked.agent),
    key: preset?.keys[0] ?? null,
    install: program ? `npm install -g ${program.package}@${program.version}` : null,
    source: checked.agent.source,
    seconds: (terminal.now() - started) / SECOND_MS,
    usage: end.usage,
  };
  if (end.end !== "finished") return { findings: [reportFailedCheck(check, end.failure, end.reason)], line: "" };
  const hasCalled = updates.some((update) => JSON.stringify(update).includes(CHECKED_TOOL));
  return hasCalled ? { findings: [], line: formatAgentCheck(check) } : { findings: [reportMissingTool(check)], line: "" };
};

const CHECK_LIMIT_MS = 120_000;
const CHECK_IDLE_MS = MINUTE_MS;

type PlayedCheck = { readonly end: AgentEnd; readonly updates: readonly AgentUpdate[] };

const playCheckTurn = async (terminal: TerminalHost, { agent, model, variables, login }: CheckedAgent): Promise<PlayedCheck> => {
  const root = await realpath(await mkdtemp(join(terminal.temporary, "enki-doctor-")));
  const sandbox = createUnprotectedSandbox(root);
  const key = await keepKeyOutside({ agent, variables, onNote: () => undefined });
  const close = async (): Promise<void> => {
    await key.close();
    await sandbox.close();
    await rm(root, { recursive: true, force: true });
  };
  terminal.onInterrupt(close);
  try {
    const [workspace, home] = [join(root, "work"), await sandbox.createHome()];
    await mkdir(workspace);
    const mcpServer = {
      command: terminal.node,
      args: [join(terminal.root, "dist", "cli.js"), "mcp", "--role", "worker", "--no-edit"],
      env: {},
    };
    const rights = { canEdit: false, tools: null, mcpServer };
    const env = { ...prepareCommandEnv(terminal.env, home), ...key.variables };
    const updates: AgentUpdate[] = [];
    const end = await runAgent({
      ...rights,
      ...(await resolveAgent({ ...rights, agent, env, home, model, login, writeFile: sandbox.writeFile })),
      cwd: workspace,
      sandbox,
      prompt: AGENT_CHECK_PROMPT,
      report: null,
      timeoutMs: CHECK_LIMIT_MS,
      idleMs: CHECK_IDLE_MS,
      after: terminal.after,
      now: terminal.now,
      onUpdate: (update) => void updates.push(update),
    });
    return { end, updates };
  } finally {
    await close();
  }
};
