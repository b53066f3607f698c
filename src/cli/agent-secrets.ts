import { homedir } from "node:os";
import { join } from "node:path";
import { readConfig } from "../core/config/read-config.ts";
import type { Config } from "../core/domain/config.ts";
import { selectShellVariables } from "../job/agent/agent-variables.ts";
import { readConfigLayers } from "../storage/config/config-layers.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The secrets of a local repository: the variables of the person that its agents may have. Says which ones Enki keeps back. */
export const collectAgentSecrets = async ({ env, out }: TerminalHost, { agents }: Config): Promise<Record<string, string>> => {
  const personal = readConfig(await readConfigLayers([join(homedir(), ".enki")])).config;
  const { given, refused } = selectShellVariables({
    agents: Object.values(agents),
    personal: Object.values(personal.agents),
    shell: env,
  });
  for (const name of refused)
    out(
      `The repository asks for $${name} of this shell for its agent, which Enki keeps back. To allow it, write in ~/.enki/enki.toml:\n  [agent]\n  env = { ${name} = "$${name}" }\n`,
    );
  const key = env["ENKI_MODEL_KEY"] ?? "";
  return {
    ...(Object.keys(given).length > 0 && { ENKI_AGENT_ENV: JSON.stringify(given) }),
    ...(key !== "" && { ENKI_MODEL_KEY: key }),
  };
};
