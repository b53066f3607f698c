/** Agents that Enki knows how to install, to authenticate and to restrict. */
export const PRESET_NAMES = ["claude", "codex", "gemini", "opencode"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** The protocols between Enki and an agent: the Agent Client Protocol, or a command that prints a line of JSON for each event. */
export const AGENT_PROTOCOLS = ["acp", "headless"] as const;
export type AgentProtocol = (typeof AGENT_PROTOCOLS)[number];

/** The agent for one kind of job, as configured. */
export type AgentCommand = {
  /** The named preset; null to recognise it by the command. */
  readonly preset: PresetName | null;
  /** The program; null for the preset's own. */
  readonly command: string | null;
  readonly args: readonly string[];
  /** A value `$NAME` stands for the person's variable or secret of this name. */
  readonly env: Readonly<Record<string, string>>;
  /** `null` for the preset's default. */
  readonly protocol: AgentProtocol | null;
  /** An agent without an event for this long is stopped. */
  readonly idleMs: number;
  /** Whether the agent gets the model's key itself, although a proxy could add it. */
  readonly isKeyInside?: true;
  /** The place of the command's setting; absent for the preset's own command. */
  readonly source?: CommandSource;
};

export type CommandSource = {
  /** The key in `enki.toml`. */
  readonly key: string;
  /** The file as a person knows it; null for the option `--agent` of a local run. */
  readonly file: string | null;
};

export const formatAgentCommand = ({ preset, command, args }: Pick<AgentCommand, "preset" | "command" | "args">): string =>
  [command ?? preset ?? "", ...args].join(" ").trim();

/** Splits a command line into words, with quotes and backslashes as in a shell. Expands nothing. */
export const splitCommandLine = (text: string): string[] =>
  [...text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g)].map(([word]) =>
    word.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'|\\./g, unquoteWord),
  );

const unquoteWord = (part: string): string => {
  if (part.startsWith("'")) return part.slice(1, -1);
  return (part.startsWith('"') ? part.slice(1, -1) : part).replaceAll(/\\(.)/g, "$1");
};
