import { join } from "node:path";
import type { TimerStarter } from "../storage/git/run-git.ts";
import { parseAgentEnv } from "./agent/agent-variables.ts";
import { runVerifyJob } from "./run-verify-job.ts";
import type { StepHost } from "./step-host.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

/** The Actions runner, as a process of the action sees it. */
export type ActionProcess = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's own file, which also relays tools: `<script> mcp`. */
  readonly script: string;
  readonly node: string;
  /** Reads an input of the action; empty if it is not set. */
  readonly readInput: (name: string) => string;
  /** Logs a text of which the runner reads no line as a command. */
  readonly logInfo: (line: string) => void;
  readonly now: () => number;
  /** An unpredictable word. */
  readonly nonce: string;
  readonly after: TimerStarter;
  /** See StepHost.onInterrupt. */
  readonly onInterrupt?: (call: () => void) => () => void;
};

/** The repository's directory: the workspace, or a directory below where the workspace also holds a vendored action. */
export const findWorkspace = (host: Pick<ActionProcess, "env" | "readInput">): string =>
  join(requireVariable(host, "GITHUB_WORKSPACE"), host.readInput("directory"));

const createStepHost = (host: ActionProcess): StepHost => ({
  workspace: findWorkspace(host),
  temp: requireVariable(host, "RUNNER_TEMP"),
  env: host.env,
  modelKey: host.readInput("model-key"),
  agentEnv: parseAgentEnv(host.readInput("agent-env")),
  node: host.node,
  cli: host.script,
  after: host.after,
  now: host.now,
  nonce: host.nonce,
  log: host.logInfo,
  ...(host.onInterrupt && { onInterrupt: host.onInterrupt }),
});

/** Loads the code of the step that works with an agent. */
export const loadAgentStep = () => import("./run-agent-job.ts");

/** Runs the step that works with an agent; returns why it failed, or null. */
export const runAgentStep = async (host: ActionProcess): Promise<string | null> => {
  const { runAgentJob } = await loadAgentStep();
  const { end, why } = await runAgentJob(createStepHost(host));
  host.logInfo(`ended: ${end}`);
  return end === "success" || end === "artifact" || end === "unchanged" ? null : why || end;
};

/** Runs the step that verifies a candidate; returns why it failed, or null. */
export const runVerifyStep = async (host: ActionProcess): Promise<string | null> =>
  (await runVerifyJob(createStepHost(host))) ? null : "the candidate did not pass";
