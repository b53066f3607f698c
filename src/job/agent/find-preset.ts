import { AGENT_PROTOCOLS, type AgentCommand, type AgentProtocol, type PresetName } from "../../core/domain/agent-command.ts";
import { AGENT_PROGRAMS, type AgentProgram, listCommandNames } from "../../core/domain/agent-program.ts";
import type { ToolName } from "../../core/workflow/workflow.ts";
import type { AgentPreset } from "./agent-preset.ts";
import { claudePreset } from "./presets/claude.ts";
import { codexPreset } from "./presets/codex.ts";
import { geminiPreset } from "./presets/gemini.ts";
import { opencodePreset } from "./presets/opencode.ts";

export const AGENT_PRESETS: Readonly<Record<PresetName, AgentPreset>> = {
  claude: claudePreset,
  codex: codexPreset,
  gemini: geminiPreset,
  opencode: opencodePreset,
};

/** A preset with the protocol that a session uses. */
export type FoundPreset = { readonly preset: AgentPreset; readonly protocol: AgentProtocol; readonly program: AgentProgram };

const findWith = (preset: AgentPreset, protocol: AgentProtocol): FoundPreset => ({
  preset,
  protocol,
  program: AGENT_PROGRAMS[preset.name][protocol],
});

/** The preset's default protocol comes first, for a program that speaks both. */
const listPrograms = (preset: AgentPreset): FoundPreset[] =>
  [AGENT_PROGRAMS[preset.name].preferred, ...AGENT_PROTOCOLS].map((protocol) => findWith(preset, protocol));

const recognizeProgram = (command: string, args: readonly string[]): FoundPreset | null => {
  const names = listCommandNames(command, args);
  const found = Object.values(AGENT_PRESETS)
    .flatMap((preset) => listPrograms(preset))
    .filter(({ program }) => program.programs.some((name) => names.has(name)));
  const hasOwnArgs = ({ program }: FoundPreset): boolean => program.args.length > 0 && program.args.every((arg) => args.includes(arg));
  return found.find((each) => hasOwnArgs(each)) ?? found[0] ?? null;
};

/** The protocol to use with a recognised program: a program that speaks only one is not started with another. */
const chooseSpoken = (found: FoundPreset, protocol: AgentProtocol): FoundPreset => {
  const wanted = findWith(found.preset, protocol);
  return wanted.program.programs.some((name) => found.program.programs.includes(name)) ? wanted : found;
};

/**
 * Finds the preset that `agent.preset` names, otherwise the preset whose program the command starts. Returns null if Enki does not know
 * the agent.
 */
export const findPreset = (agent: Pick<AgentCommand, "preset" | "command" | "args" | "protocol">): FoundPreset | null => {
  const { command, args, protocol } = agent;
  const found = command === null ? null : recognizeProgram(command, args);
  if (agent.preset === null) return found && (protocol === null ? found : chooseSpoken(found, protocol));
  const preset = AGENT_PRESETS[agent.preset];
  if (found?.preset === preset) return protocol === null ? found : chooseSpoken(found, protocol);
  return findWith(preset, protocol ?? AGENT_PROGRAMS[preset.name].preferred);
};

/** The agent's names for these tools; an unknown agent gets the workflow's names. */
export const translateToolNames = (found: FoundPreset | null, tools: readonly ToolName[]): string[] => [
  ...new Set(tools.map((tool) => found?.preset.names[tool][0] ?? tool)),
];
