import { type AgentCommand, type CommandSource, splitCommandLine } from "../domain/agent-command.ts";
import { type BudgetConfig, toMicroUsd } from "../domain/budget.ts";
import type { Config, Role } from "../domain/config.ts";
import { listProtectedGlobs, LOCK_FILES } from "../policy/protected-paths.ts";
import type { ConfigFile, RoleFile } from "./config-schema.ts";
import { MINUTE_MS, SECOND_MS } from "../domain/durations.ts";

/** A role with the defaults of its output. */
export const toRole = ({ system_prompt, can_edit, output = can_edit ? "branch" : "artifact", ...role }: RoleFile): Role => ({
  ...role,
  systemPrompt: system_prompt,
  canEdit: can_edit,
  output,
});

const toPolicy = (policy: ConfigFile["policy"]): Config["policy"] => ({
  protected: listProtectedGlobs(policy),
  anyLockFiles: policy.unprotected.includes(LOCK_FILES),
  maxFiles: policy.max_files,
  selfApproval: policy.self_approval,
  maxBytes: policy.max_bytes,
  tests: policy.tests,
  ...(policy.network && { network: policy.network }),
});

const toBudget = ({ execution, day, attempt }: ConfigFile["budget"]): BudgetConfig => ({
  execution: execution === undefined ? null : toMicroUsd(execution),
  day: day === undefined ? null : toMicroUsd(day),
  attempt: toMicroUsd(attempt),
});

const toNotify = ({ webhook, secret }: ConfigFile["notify"]): NonNullable<Config["notify"]> => ({
  webhook: webhook ?? null,
  secret: secret ?? null,
});

const toTier = ({ model, timeout_minutes }: ConfigFile["tiers"]["light"]): Config["tiers"]["light"] => ({
  model: model ?? null,
  timeoutMs: timeout_minutes * MINUTE_MS,
});

const toRefinery = (refinery: ConfigFile["refinery"]): Config["refinery"] => ({
  verify: refinery.verify,
  timeoutMs: refinery.timeout_minutes * MINUTE_MS,
  testReports: refinery.test_reports,
  checkWork: refinery.check_work,
  parallel: refinery.parallel === 0 ? null : refinery.parallel,
  retries: refinery.retries,
  checks: refinery.checks.map((each) =>
    typeof each === "string" ? { name: each, app: null } : { name: each.name, app: each.app ?? null },
  ),
  quietMs: refinery.quiet_seconds * SECOND_MS,
  landing: refinery.landing,
  method: refinery.method,
  after: refinery.after,
  hold: refinery.hold,
  baseBranch: refinery.base ?? null,
  resolveAlso: refinery.resolve_also,
  regenerate: refinery.regenerate,
  ...(Object.keys(refinery.lanes).length > 0 && { lanes: refinery.lanes }),
});

/** The configuration in Enki's units, from a checked `enki.toml`. */
export const toConfig = (
  { workers, agent, tiers, refinery, jobs, plan, policy, brief, triggers, budget, notify, git }: ConfigFile,
  findSource: SourceFinder,
): Omit<Config, "roles" | "models" | "workflows" | "broken"> => {
  return {
    workers: { total: workers.max_workers, tiers: { light: workers.max_light, standard: workers.max_standard, heavy: workers.max_heavy } },
    agents: {
      planner: toAgentCommand(agent, agent.planner ? "planner" : "coordinator", findSource),
      worker: toAgentCommand(agent, "worker", findSource),
      merger: toAgentCommand(agent, agent.merger ? "merger" : "worker", findSource),
      sidecar: toAgentCommand(agent, "sidecar", findSource),
    },
    tiers: { light: toTier(tiers.light), standard: toTier(tiers.standard), heavy: toTier(tiers.heavy) },
    refinery: toRefinery(refinery),
    jobs: { env: jobs.env },
    plan: { approval: plan.approval, maxSteps: plan.max_steps },
    policy: toPolicy(policy),
    brief: { comments: brief.comments, maxChars: brief.max_chars },
    triggers: { label: triggers.label },
    budget: toBudget(budget),
    notify: toNotify(notify),
    git: { commitSuffix: git.commit_suffix },
  };
};

type AgentSection = NonNullable<ConfigFile["agent"]["worker"]>;

/** Finds the place of the command that a table of `enki.toml` sets. */
type SourceFinder = (table: string) => CommandSource | undefined;

const DEFAULT_IDLE_MINUTES = 10;

const isWithoutProgram = ({ command, preset }: AgentSection): boolean => command === undefined && preset === undefined;

/** The program and arguments of a section. A preset, or a command line of several words, takes no common arguments. */
const selectProgram = (all: AgentSection, section: AgentSection): Pick<AgentCommand, "command" | "args"> & Pick<AgentSection, "preset"> => {
  const { preset, command } = isWithoutProgram(section) ? all : section;
  const hasOwnArgs = section.preset !== undefined || splitCommandLine(section.command ?? "").length > 1;
  const args = section.args ?? (hasOwnArgs ? undefined : all.args);
  if (command === undefined) return { preset, command: null, args: args ?? [] };
  const [program = command, ...words] = args === undefined ? splitCommandLine(command) : [command];
  return { preset, command: program, args: args ?? words };
};

/** An agent section overrides the common one: arguments are replaced, environments are merged. */
const toAgentCommand = (
  all: ConfigFile["agent"],
  kind: "planner" | "coordinator" | "worker" | "merger" | "sidecar",
  findSource: SourceFinder,
): AgentCommand => {
  const section = all[kind] ?? {};
  const { preset, command, args } = selectProgram(all, section);
  const source = command === null ? undefined : findSource(isWithoutProgram(section) ? "agent" : `agent.${kind}`);
  const idle = section.idle_minutes ?? all.idle_minutes ?? DEFAULT_IDLE_MINUTES;
  return {
    preset: preset ?? null,
    command,
    args,
    env: { ...all.env, ...section.env },
    protocol: section.protocol ?? all.protocol ?? null,
    idleMs: idle * MINUTE_MS,
    ...((section.key_proxy ?? all.key_proxy) === false && { isKeyInside: true }),
    ...(source && { source }),
  };
};
