import type { PresetName } from "../domain/agent-command.ts";
import { findPreferredProgram } from "../domain/agent-program.ts";
import type { SetUpStep } from "./set-up-step.ts";
import { PINNED_ACTIONS } from "./set-up-step.ts";

/** The agent of a set-up: a preset, or the words of a command line. */
export type AgentOfSetUp = { readonly preset: PresetName } | { readonly words: readonly string[] };

const AGENT_NODE_VERSION = "24";

/** Steps that install an agent in its job. Node.js is set up for the agent only if the repository's own set-up installs none. */
export const installAgent = (preset: PresetName, usesNode: boolean): SetUpStep[] => {
  const program = findPreferredProgram(preset);
  const pinned = `${program.package}@${program.version}`;
  return [
    ...(usesNode
      ? []
      : [
          {
            name: "Set up Node.js for the agent",
            uses: PINNED_ACTIONS.node,
            inputs: { "node-version": AGENT_NODE_VERSION, "package-manager-cache": "false" },
          },
        ]),
    // The image of a runner may contain the agent. Not kept in GitHub's cache: code of the repository could write there, and a later job
    // gives the key to whatever it finds.
    {
      name: "Install the agent",
      run: [`npm ls --global --depth 0 ${pinned} > /dev/null || npm install --global --no-audit --no-fund ${pinned}`],
    },
  ];
};
