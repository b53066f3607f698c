import type { AgentProtocol, PresetName } from "./agent-command.ts";

/** A program of an agent for one protocol, pinned to the version that Enki is tested with. */
export type AgentProgram = {
  readonly package: string;
  readonly version: string;
  /** Its name on the PATH; older, newer and related names follow. */
  readonly programs: readonly [string, ...string[]];
  /** Arguments that start the protocol, unless the person's command has one of them. */
  readonly args: readonly string[];
};

export type PresetPrograms = Readonly<Record<AgentProtocol, AgentProgram>> & {
  /** The protocol that works best with this agent. */
  readonly preferred: AgentProtocol;
};

const GEMINI = { package: "@google/gemini-cli", version: "0.61.0", programs: ["gemini", "gemini-cli"] } as const;
const OPENCODE = { package: "opencode-ai", version: "1.18.33", programs: ["opencode", "opencode-ai"] } as const;

/** The programs of each preset. No other place names a package or a version. */
export const AGENT_PROGRAMS: Readonly<Record<PresetName, PresetPrograms>> = {
  claude: {
    preferred: "headless",
    headless: {
      package: "@anthropic-ai/claude-code",
      version: "2.1.332",
      programs: ["claude"],
      args: ["-p", "--output-format", "stream-json", "--verbose"],
    },
    acp: {
      package: "@agentclientprotocol/claude-agent-acp",
      version: "0.101.0",
      programs: ["claude-agent-acp", "claude-code-acp"],
      args: [],
    },
  },
  codex: {
    preferred: "headless",
    headless: { package: "@openai/codex", version: "0.171.0", programs: ["codex"], args: ["exec", "--json", "--skip-git-repo-check"] },
    acp: { package: "@agentclientprotocol/codex-acp", version: "2.6.0", programs: ["codex-acp"], args: [] },
  },
  gemini: {
    // Over ACP, Gemini CLI tries for minutes to reach a model, without a word, and reports no tokens.
    preferred: "headless",
    acp: { ...GEMINI, args: ["--acp"] },
    headless: { ...GEMINI, args: ["--output-format", "stream-json"] },
  },
  opencode: {
    preferred: "acp",
    acp: { ...OPENCODE, args: ["acp"] },
    headless: { ...OPENCODE, args: ["run", "--format", "json", "--auto"] },
  },
};

/** The program that starts a preset, unless its protocol is configured. */
export const findPreferredProgram = (name: PresetName): AgentProgram => AGENT_PROGRAMS[name][AGENT_PROGRAMS[name].preferred];

/**
 * The path segments that may name a program, as in `/x/claude-agent-acp/dist/index.js`, `npx @google/gemini-cli@0.61.0` or
 * `opencode.exe`.
 */
const listProgramNames = (word: string): string[] => word.split("/").map((part) => part.replace(/(?<=.)@.*$|\.(?:exe|[cm]?js)$/, ""));

/** The names that may name the program of a command. */
export const listCommandNames = (command: string, args: readonly string[]): ReadonlySet<string> => {
  // Options name no program, and arguments after the first option belong to the agent.
  const first = args.findIndex((arg) => arg.startsWith("-") && arg !== "-y" && arg !== "--yes");
  return new Set([command, ...(first === -1 ? args : args.slice(0, first))].flatMap((word) => listProgramNames(word)));
};
