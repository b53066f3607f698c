import { AGENT_PROTOCOLS, type AgentCommand, PRESET_NAMES, type PresetName } from "../domain/agent-command.ts";
import { AGENT_PROGRAMS, listCommandNames } from "../domain/agent-program.ts";
import { type AgentUsage, NO_USAGE } from "../domain/agent-usage.ts";
import type { Config } from "../domain/config.ts";
import type { Execution } from "../domain/execution.ts";
import type { Job } from "../domain/job.ts";
import type { Plan, PlannedStep } from "../domain/plan.ts";
import type { Step } from "../domain/step.ts";
import { linkWorkflow } from "../workflow/link-workflow.ts";
import { findNodeRole } from "../workflow/node-step.ts";
import { type SpanAttributes, toAttributes } from "./telemetry-span.ts";

/** The step that a job works on; the planner has none. */
export type AttemptContext = {
  readonly execution: Execution;
  readonly step: Step | undefined;
  readonly planned: PlannedStep | undefined;
};

/** The providers of the presets in OpenTelemetry's words. Others start the models of several. */
const PROVIDERS: Readonly<Partial<Record<PresetName, string>>> = { claude: "anthropic", codex: "openai", gemini: "gcp.gemini" };

/** The preset by its name, or by the name of its program. */
const findPresetName = ({ preset, command, args }: AgentCommand): PresetName | null => {
  if (preset !== null) return preset;
  const names = listCommandNames(command ?? "", args);
  const isNamed = (name: PresetName): boolean =>
    AGENT_PROTOCOLS.some((protocol) => AGENT_PROGRAMS[name][protocol].programs.some((program) => names.has(program)));
  return PRESET_NAMES.find((name) => isNamed(name)) ?? null;
};

/** Whether commands do all the work. */
const isCommandOnly = ({ kind }: Job, { step, planned }: AttemptContext): boolean => {
  const { resolution } = step ?? {};
  if (kind !== "resolve") return Boolean(planned?.run);
  return resolution !== undefined && resolution.conflicts.every(({ path }) => resolution.regenerated.includes(path));
};

/** The model that the job's agent is asked for; null for the agent's own choice. */
const findModel = (config: Config, { kind }: Job, context: AttemptContext): string | null => {
  const named = kind === "work" ? findNodeModel(context) : null;
  return named ?? config.tiers[context.planned?.tier ?? "standard"].model;
};

/** The model that a workflow's file names for the step. */
const findNodeModel = ({ execution: { workflow }, planned }: AttemptContext): string | null => {
  const path = workflow?.nodes[planned?.id ?? ""];
  if (!workflow || !path) return null;
  const flow = linkWorkflow(workflow);
  return (flow.ok && findNodeRole(flow.value, path)?.model) || null;
};

const ROLES = { plan: "planner", resolve: "merger", work: "worker" } as const;

const describeUsage = ({ inputTokens, outputTokens, cachedTokens, costUsd }: AgentUsage): SpanAttributes =>
  toAttributes({
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.output_tokens": outputTokens,
    "gen_ai.usage.cache_read.input_tokens": cachedTokens,
    "enki.usage.cost_usd": costUsd,
  });

/** The agent of an attempt, in the conventions for generative AI; empty if commands did the work. */
export const describeAgent = (
  config: Config,
  { job, usage }: { readonly job: Job; readonly usage: AgentUsage | undefined },
  context: AttemptContext,
): SpanAttributes => {
  if (job.kind === "verify" || isCommandOnly(job, context)) return {};
  const kind = job.kind === "work" && context.execution.quick ? "sidecar" : ROLES[job.kind];
  const preset = findPresetName(config.agents[kind]);
  return toAttributes({
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": job.kind === "work" ? (context.planned?.role ?? kind) : kind,
    "gen_ai.provider.name": preset && PROVIDERS[preset],
    "gen_ai.request.model": findModel(config, job, context),
    "enki.agent": preset ?? "other",
    ...describeUsage(usage ?? NO_USAGE),
  });
};

export const findPlanned = (plan: Plan | undefined, id: string): PlannedStep | undefined => plan?.steps.find((step) => step.id === id);
