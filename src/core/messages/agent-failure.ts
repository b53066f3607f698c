import type { CommandSource } from "../domain/agent-command.ts";
import type { AgentFailure } from "../domain/agent-failure.ts";
import { formatDuration } from "./duration-text.ts";
import { toOneLine } from "./escape.ts";

export type AgentFailureInput = {
  readonly failure: AgentFailure;
  /** The agent's own words, or how its process ended; may be empty. */
  readonly detail: string;
  /** The name of a known agent; null for any other. */
  readonly label: string | null;
  /** Variables of which one is enough to authenticate. */
  readonly keys: readonly string[];
  /** A command line that installs the agent; null if Enki knows none. */
  readonly install: string | null;
  readonly command: string;
  /** The place of the command's setting; absent for the preset's own command. */
  readonly source?: CommandSource | undefined;
  /** The directory of a command that is missing, if jobs see only chosen programs there; otherwise null. */
  readonly hiddenIn?: string | null;
  readonly timeoutMs: number;
  readonly idleMs: number;
};

const MAX_DETAIL_CHARS = 200;
const MAX_RESET_CHARS = 60;
const MAX_KEYS_NAMED = 2;

const quoteDetail = (detail: string): string => (detail.trim() === "" ? "" : ` (${toOneLine(detail, MAX_DETAIL_CHARS)})`);

/** Why an agent's session failed, and what to do about it. */
export const renderAgentFailure = (input: AgentFailureInput): string => {
  const { failure, detail, label, keys, command, timeoutMs, idleMs } = input;
  const agent = label ?? "The agent";
  switch (failure.code) {
    case "auth": {
      const named = keys.slice(0, MAX_KEYS_NAMED).join(" or ");
      const remedy =
        named === "" ? "Check its key in `[agent] env`" : `Check ${named}: in your shell, or on GitHub the secret ENKI_MODEL_KEY`;
      return `${agent} could not authenticate${quoteDetail(detail)}. ${remedy}; enki doctor --agent tests it.`;
    }
    case "quota": {
      const resets = toOneLine(failure.resets ?? "", MAX_RESET_CHARS);
      const renewed = resets === "" ? "" : `; it resets ${resets.startsWith("in ") ? resets : `at ${resets}`}`;
      const when = resets === "" ? "later" : "then";
      return `The quota of ${label ?? "the agent"}'s model is used up${quoteDetail(detail)}${renewed}. Retry ${when}, or use another key.`;
    }
    case "overloaded":
      return `${agent} could not reach its model${quoteDetail(detail)}. Check the network and the provider's status.`;
    case "agent-missing":
      return `The agent's command \`${command}\` cannot be started${quoteDetail(detail)}. ${renderVisibility(input)}${renderInstallation(input)}`;
    case "agent-crashed":
      return `the agent ${toOneLine(detail, MAX_DETAIL_CHARS).replace(/\.$/, "")}. The end of its transcript may say why; test the agent with enki doctor --agent.`;
    case "idle":
      return `the agent reported nothing for ${formatDuration(idleMs)}; \`[agent] idle_minutes\` sets this limit`;
    case "timed-out":
      return `the agent did not finish within ${formatDuration(timeoutMs)}. Set a longer \`timeout_minutes\` in \`[tiers]\`, or split the step.`;
    case "interrupted":
      return "the agent was interrupted";
    case "refused-by-policy":
      return `${label ?? "The agent"}'s model refused the task${quoteDetail(detail)}. Reword the step, or use another model.`;
  }
};

const renderVisibility = ({ hiddenIn }: AgentFailureInput): string =>
  hiddenIn ? `Jobs see only those programs in ${hiddenIn} that \`--agent\` or your PATH names. ` : "";

const renderInstallation = ({ install, source }: AgentFailureInput): string => {
  const place = formatCommandSource(source);
  if (install === null) return `Correct ${place}.`;
  return source === undefined || source.file === null
    ? `Install it with \`${install}\`.`
    : `Install it with \`${install}\`, or remove ${place}.`;
};

/** The place of an agent's command, as a person can change it. */
const formatCommandSource = (source: CommandSource | undefined): string => {
  if (source === undefined) return "`[agent] command`";
  return source.file === null ? "the command line after `--agent`" : `\`${source.key}\` in ${source.file}`;
};
