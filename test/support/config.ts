import type { AgentCommand } from "../../src/core/domain/agent-command.ts";
import type { Config } from "../../src/core/domain/config.ts";

const agent: AgentCommand = { preset: null, command: "agent", args: [], env: {}, protocol: null, idleMs: 600_000 };
const tier = { model: null, timeoutMs: 30 * 60_000 };

/** Builds a configuration with the defaults and one verify command. */
export const config = (over: Partial<Config> = {}): Config => ({
  workers: { total: 10, tiers: { light: 10, standard: 5, heavy: 5 } },
  agents: { planner: agent, worker: agent, merger: agent, sidecar: agent },
  tiers: { light: tier, standard: tier, heavy: tier },
  models: null,
  refinery: {
    verify: ["true"],
    timeoutMs: 30 * 60_000,
    testReports: [],
    parallel: 1,
    retries: 1,
    baseBranch: null,
    checks: [],
    quietMs: 30_000,
    landing: "auto",
    method: "auto",
    after: [],
    hold: ["hold"],
    resolveAlso: [],
    regenerate: {},
  },
  plan: { approval: "always", maxSteps: 100 },
  policy: { protected: [], anyLockFiles: false, maxFiles: 1_000, selfApproval: ["requester"], maxBytes: 10_000_000 },
  brief: { comments: "all", maxChars: 40_000 },
  triggers: { label: "enki" },
  budget: { execution: null, day: null, attempt: 1_000_000 },
  notify: { webhook: null, secret: null },
  git: { commitSuffix: "" },
  roles: {},
  workflows: {},
  broken: null,
  ...over,
});
