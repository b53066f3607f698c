import type { SetUpStep } from "./set-up-step.ts";
import { PINNED_ACTIONS } from "./set-up-step.ts";

/** An agent that `enki init` knows how to install and to give its key. */
export type KnownAgent = {
  readonly name: string;
  readonly packageName: string;
  readonly version: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The variable in which the agent expects the model's key. */
  readonly keyVariable: string;
  readonly env: Readonly<Record<string, string>>;
};

export const KNOWN_AGENTS: readonly KnownAgent[] = [
  {
    name: "claude",
    packageName: "@agentclientprotocol/claude-agent-acp",
    version: "0.100.0",
    command: "claude-agent-acp",
    args: [],
    keyVariable: "ANTHROPIC_API_KEY",
    env: {},
  },
  {
    name: "gemini",
    packageName: "@google/gemini-cli",
    version: "0.61.0",
    command: "gemini",
    args: ["--acp"],
    keyVariable: "GEMINI_API_KEY",
    env: { GEMINI_CLI_TRUST_WORKSPACE: "true" },
  },
  {
    name: "opencode",
    packageName: "opencode-ai",
    version: "1.18.33",
    command: "opencode",
    args: ["acp"],
    keyVariable: "ANTHROPIC_API_KEY",
    env: {},
  },
];

const AGENT_NODE_VERSION = "24";

/** Steps that install an agent in its job. Agents need a newer Node than some repositories use, so they get one of their own. */
export const installAgent = ({ packageName, version }: KnownAgent, usesNode: boolean): SetUpStep[] => [
  ...(usesNode
    ? []
    : [
        {
          name: "Set up Node.js for the agent",
          uses: PINNED_ACTIONS.node,
          inputs: { "node-version": AGENT_NODE_VERSION, "package-manager-cache": "false" },
        },
      ]),
  { name: "Install the agent", run: [`npm install --global --no-audit --no-fund ${packageName}@${version}`] },
];
