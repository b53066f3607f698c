import type { CommandSource } from "../domain/agent-command.ts";
import type { AgentFailure } from "../domain/agent-failure.ts";
import type { AgentUsage } from "../domain/agent-usage.ts";
import { type Finding, reportError } from "../setup/doctor/finding.ts";
import { formatUsage } from "./agent-usage.ts";
import { toOneLine } from "./escape.ts";

/** The tool that the check's turn calls. */
export const CHECKED_TOOL = "enki_status";

export const AGENT_CHECK_PROMPT = `Call the tool \`${CHECKED_TOOL}\` of the MCP server \`enki\` exactly once, without arguments. Then answer with its result in one line. Change no file, and run no command.`;

export type AgentCheck = {
  /** The agent's name, or its command. */
  readonly label: string;
  /** The variable of its key; null if Enki does not know it. */
  readonly key: string | null;
  /** Installs the agent; null if Enki knows no package. */
  readonly install: string | null;
  /** The place of the command's setting; absent for the preset's own command. */
  readonly source?: CommandSource | undefined;
  readonly seconds: number;
  readonly usage: AgentUsage;
};

export const formatAgentCheck = ({ label, seconds, usage }: AgentCheck): string =>
  `${label} answers and uses Enki's tools: ${seconds.toFixed(1)} s, ${formatUsage(usage)}.`;

const MAX_REASON_CHARS = 400;

/** Why the check's turn failed, and the line that repairs it. */
export const reportFailedCheck = (check: AgentCheck, failure: AgentFailure | null, reason: string): Finding => {
  const [sentence = ""] = toOneLine(reason, MAX_REASON_CHARS).split(/\. (?=[A-Z])/);
  const message = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1).replace(/\.$/, "")}.`;
  return reportError(`agent-${(failure?.code ?? "stopped").replace(/^agent-/, "")}`, message, chooseRepair(failure, check));
};

const AGAIN = "enki doctor --agent";

const chooseRepair = (failure: AgentFailure | null, { key, install, source }: AgentCheck): string => {
  switch (failure?.code) {
    case "auth":
    case "quota":
      return key === null ? "set the key's variable in [agent] env" : `export ${key}=…`;
    case "agent-missing":
      return install ?? `correct ${source ? `${source.key} in ${source.file ?? "--agent"}` : "[agent] command"}`;
    case "agent-crashed":
      return install ?? "enki config";
    case "overloaded":
    case "idle":
    case "timed-out":
    case "interrupted":
      return `${AGAIN}, once the model's API responds`;
    case "refused-by-policy":
    case undefined:
      return "set another [tiers.standard] model in .enki/enki.toml";
  }
};

export const reportMissingTool = ({ label }: AgentCheck): Finding =>
  reportError(
    "agent-tools",
    `${label} answered, but its model did not call Enki's tool ${CHECKED_TOOL}.`,
    "set a [tiers.standard] model that calls tools in .enki/enki.toml",
  );

/** The reason why a configured agent cannot start on the machine, and a remedy. */
export const explainMissingCommand = (key: string, program: string): { readonly why: string; readonly suggestion: string } => ({
  why: `${key} cannot start: there is no program ${JSON.stringify(program)} on this machine`,
  suggestion: "install it, correct its name, or write a preset instead",
});
