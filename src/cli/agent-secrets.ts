import { homedir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../core/config/read-config.ts";
import type { Config } from "../core/domain/config.ts";
import { type GivenVariables, selectShellVariables } from "../job/agent/agent-variables.ts";
import { readConfigLayers } from "../storage/config/config-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The variables of the person that the repository's agents may have. Says which ones Enki keeps back. */
export const readGivenVariables = async (
  { env, out }: Pick<TerminalHost, "env" | "out">,
  { agents }: Pick<Config, "agents">,
): Promise<GivenVariables> => {
  const personal = readConfig(await readConfigLayers([join(homedir(), ".enki")])).config;
  const { given, refused, redirections } = selectShellVariables({
    agents: Object.values(agents),
    personal: Object.values(personal.agents),
    shell: env,
  });
  for (const name of refused)
    out(
      `The repository's configuration wants to pass $${name} of this shell to its agent. Enki does not, unless you allow it in ~/.enki/enki.toml:\n  [agent]\n  env = { ${name} = "$${name}" }\n`,
    );
  if (redirections.length === 0) return { agentEnv: given, modelKey: env["ENKI_MODEL_KEY"] ?? "" };
  out(
    `The repository's configuration decides where the keys of this shell go (${redirections.join(", ")}). Enki keeps them back, unless you set the same in [agent] of ~/.enki/enki.toml.\n`,
  );
  return { agentEnv: given, modelKey: "" };
};

/** The secrets of a local repository: the variables that its agents may have, and the model's key. */
export const collectAgentSecrets = async (terminal: TerminalHost, config: Config): Promise<Record<string, string>> => {
  const { agentEnv, modelKey } = await readGivenVariables(terminal, config);
  return {
    ...(Object.keys(agentEnv).length > 0 && { ENKI_AGENT_ENV: JSON.stringify(agentEnv) }),
    ...(modelKey !== "" && { ENKI_MODEL_KEY: modelKey }),
  };
};
