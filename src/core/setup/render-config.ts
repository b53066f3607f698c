import type { KnownAgent } from "./known-agents.ts";

export type ConfigChoices = {
  readonly verify: readonly string[];
  /** A known agent, or the words of a command line. */
  readonly agent: KnownAgent | { readonly words: readonly string[] };
};

/** `.enki/enki.toml` for a repository. */
export const renderConfig = ({ verify, agent }: ConfigChoices): string => {
  const [command, ...args] = "words" in agent ? agent.words : [agent.command, ...agent.args];
  const env = "words" in agent ? {} : { [agent.keyVariable]: "$ENKI_MODEL_KEY", ...agent.env };
  const pairs = Object.entries(env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return [
    "# Every key and its default: enki config. Every mistake: enki validate.",
    "",
    "[refinery]",
    "# What a change must pass before it lands. Nothing lands unverified.",
    ...(verify.length === 0 ? ["verify = []"] : ["verify = [", ...verify.map((each) => `  ${JSON.stringify(each)},`), "]"]),
    "",
    "[agent]",
    `command = ${JSON.stringify(command ?? "")}`,
    ...(args.length > 0 ? [`args = ${JSON.stringify(args)}`] : []),
    ...(pairs.length > 0
      ? ["# $ENKI_MODEL_KEY stands for the secret of that name, so that no file contains the key.", `env = { ${pairs.join(", ")} }`]
      : []),
    "",
  ].join("\n");
};
