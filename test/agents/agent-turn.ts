import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import type { AgentProtocol, PresetName } from "../../src/core/domain/agent-command.ts";
import type { LoginFiles } from "../../src/job/agent/agent-login.ts";
import type { AgentUpdate } from "../../src/job/agent/message-collector.ts";
import { resolveAgent } from "../../src/job/agent/resolve-agent.ts";
import { keepKeyOutside } from "../../src/job/proxy/keep-key-outside.ts";
import { type AgentEnd, runAgent } from "../../src/job/agent/run-agent.ts";
import { createUnprotectedSandbox } from "../../src/job/sandbox/unprotected-sandbox.ts";
import { after } from "../support/after.ts";
import { CLI } from "../support/cli.ts";

export type AgentTurn = AgentEnd & {
  readonly updates: readonly AgentUpdate[];
  /** The content of the file written by the turn; null if the file is missing. */
  readonly file: string | null;
};

export type TurnOptions = {
  readonly preset: PresetName;
  readonly protocol: AgentProtocol;
  /** The program and arguments instead of the installed ones; null for the programs of the PATH. */
  readonly command: readonly [string, ...string[]] | null;
  readonly env: Readonly<Record<string, string>>;
  /** A person's login in the agent's home. */
  readonly login?: LoginFiles;
  readonly canEdit?: boolean;
  readonly idleMs?: number;
  /** The directory of an earlier turn, and its session to continue. Without a directory, the turn creates and removes its own. */
  readonly continued?: { readonly root: string; readonly resume?: string };
};

export const TURN_FILE = "limit.txt";
const TURN_LIMIT_MS = 120_000;

/** Plays one turn of an agent, like a job. */
export const playTurn = async ({
  preset,
  protocol,
  command,
  env,
  login = {},
  canEdit = true,
  idleMs = TURN_LIMIT_MS,
  continued,
}: TurnOptions): Promise<AgentTurn> => {
  const { resume, root = realpathSync(mkdtempSync(join(tmpdir(), "enki-turn-"))) } = continued ?? {};
  const [workspace, home] = [join(root, "work"), join(root, "home")];
  for (const directory of [workspace, join(home, "tmp")]) mkdirSync(directory, { recursive: true });
  writeFileSync(join(workspace, TURN_FILE), "1\n");
  const updates: AgentUpdate[] = [];
  const mcpServer = { command: process.execPath, args: [CLI, "mcp", "--role", "worker"], env: {} };
  const rights = { canEdit, tools: null, mcpServer };
  const agent = { preset, command: command?.[0] ?? null, args: command?.slice(1) ?? [], env: {}, protocol, idleMs };
  const key = await keepKeyOutside({ agent, variables: env, login, onNote: () => undefined });
  try {
    const resolved = await resolveAgent({
      ...rights,
      agent,
      env: { PATH: process.env["PATH"] ?? "", HOME: home, TMPDIR: join(home, "tmp"), ...key.variables },
      home,
      model: null,
      login,
      ...(resume !== undefined && { resume }),
      writeFile: createUnprotectedSandbox(root).writeFile,
    });
    const end = await runAgent({
      ...rights,
      ...resolved,
      cwd: workspace,
      sandbox: createUnprotectedSandbox(root),
      prompt: "Raise the limit.",
      ...(resume !== undefined && { resume: { id: resume, prompt: "Continue." } }),
      report: null,
      timeoutMs: TURN_LIMIT_MS,
      idleMs,
      after,
      now: () => 1_000_000_000_000,
      readLimitWords: key.readLimitWords,
      onUpdate: (update) => void updates.push(update),
    });
    const file = join(workspace, TURN_FILE);
    return { ...end, updates, file: existsSync(file) ? readFileSync(file, "utf8") : null };
  } finally {
    await key.close();
    if (continued === undefined) rmSync(root, { recursive: true, force: true });
  }
};

export type ToolCallRecord = { readonly title: string; readonly status: string };

/** Lists the tool calls of a turn by their last title and status, in order. */
export const listCalls = (updates: readonly AgentUpdate[]): ToolCallRecord[] => {
  const calls = new Map<string, ToolCallRecord>();
  for (const update of updates) {
    if (update.sessionUpdate !== "tool_call" && update.sessionUpdate !== "tool_call_update") continue;
    const known = calls.get(update.toolCallId) ?? { title: "", status: "" };
    calls.set(update.toolCallId, { title: update.title ?? known.title, status: update.status ?? known.status });
  }
  return [...calls.values()];
};
