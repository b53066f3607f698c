import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AgentRun, runAgent } from "../../../src/job/agent/run-agent.ts";
import type { TimerStarter } from "../../../src/storage/git/run-git.ts";
import { createUnprotectedSandbox } from "../../../src/job/sandbox/unprotected-sandbox.ts";
import { after } from "../../support/after.ts";
import { CLI } from "../../support/cli.ts";

export const TIMEOUT = 3_600_000;
const IDLE = 600_000;

type Update = Parameters<AgentRun["onUpdate"]>[0];

/** Opens a workspace with real agents: most of them play a rehearsal. */
export const openStage = () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "enki-agent-")));
  const workspace = join(root, "workspace");
  mkdirSync(workspace);
  const updates: Update[] = [];
  const run = (over: Partial<AgentRun>) =>
    runAgent({
      command: process.execPath,
      args: [],
      env: { PATH: process.env["PATH"] ?? "" },
      cwd: workspace,
      sandbox: createUnprotectedSandbox(root),
      prompt: "Do it.",
      mcpServer: null,
      canEdit: true,
      tools: null,
      report: null,
      found: null,
      meta: {},
      mode: null,
      timeoutMs: TIMEOUT,
      idleMs: IDLE,
      after,
      now: () => 1_000_000_000_000,
      ...over,
      onUpdate: (update) => {
        updates.push(update);
        over.onUpdate?.(update);
      },
    });
  return {
    root,
    workspace,
    updates,
    run,
    /** Runs an agent that plays these acts. */
    play: (acts: string, over: Partial<AgentRun> = {}) => {
      const file = join(root, "play.toml");
      writeFileSync(file, `title = "a test"\n[[scene]]\n${acts}`);
      return run({ args: [CLI, "rehearse", file], ...over });
    },
    /** Runs a shell as the agent, or to start an agent. */
    shell: (script: string, over: Partial<AgentRun> = {}) => run({ command: "bash", args: ["--norc", "-c", script], ...over }),
    /** The results of the tool calls, in order. */
    calls: (): { status: string; text: string }[] =>
      updates.flatMap((update) => {
        if (update.sessionUpdate !== "tool_call_update") return [];
        const text = (update.content ?? []).map((part) =>
          part.type === "content" && part.content.type === "text" ? part.content.text : "",
        );
        return [{ status: update.status ?? "", text: text.join("") }];
      }),
    close: () => rmSync(root, { recursive: true, force: true }),
  };
};

/** Timers that a test fires itself: by their delay, or at once. */
export const manualTimers = (atOnce: (delay: number) => boolean = () => false) => {
  const waiting = new Map<number, () => void>();
  const timers: TimerStarter = (delay, call) => {
    if (atOnce(delay)) {
      queueMicrotask(call);
      return () => undefined;
    }
    waiting.set(delay, call);
    return () => void waiting.delete(delay);
  };
  return { after: timers, fire: (delay: number): void => waiting.get(delay)?.(), waiting };
};

/** Whether a process runs; zombie processes do not count. */
const runs = (pid: number): boolean => {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

/** Resolves when a process has ended; a kill takes a moment. */
export const gone = async (pid: number): Promise<void> => {
  while (runs(pid)) await new Promise((resolve) => setImmediate(resolve));
};
