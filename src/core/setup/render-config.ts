import type { AgentOfSetUp } from "./install-agent.ts";

export type ConfigChoices = {
  readonly verify: readonly string[];
  readonly agent: AgentOfSetUp;
};

/** `.enki/enki.toml` for a repository. */
export const renderConfig = ({ verify, agent }: ConfigChoices): string => {
  return [
    "# Every key and its default: enki config. Every mistake: enki validate.",
    "",
    "[refinery]",
    "# What a change must pass before it lands. Nothing lands unverified.",
    ...(verify.length === 0 ? ["verify = []"] : ["verify = [", ...verify.map((each) => `  ${JSON.stringify(each)},`), "]"]),
    "",
    "[agent]",
    ...renderAgent(agent),
    "",
  ].join("\n");
};

const renderAgent = (agent: AgentOfSetUp): string[] => {
  if ("preset" in agent)
    return ["# The secret ENKI_MODEL_KEY is its key, so that no file contains the key.", `preset = ${JSON.stringify(agent.preset)}`];
  const [command, ...args] = agent.words;
  return [`command = ${JSON.stringify(command ?? "")}`, ...(args.length > 0 ? [`args = ${JSON.stringify(args)}`] : [])];
};
