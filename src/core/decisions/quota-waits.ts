import type { AgentCommand } from "../domain/agent-command.ts";
import type { QuotaWait } from "../domain/quota-wait.ts";
import { type Execution, isPlanning } from "../domain/execution.ts";
import { hashValue, type Millis } from "../domain/ids.ts";
import { DEFAULT_TIER, type Tier } from "../domain/plan.ts";
import { findOpenConflict, isAwaitingQuota, type Step } from "../domain/step.ts";
import { endPlannerQuotaWait } from "../domain/execution-lifecycle.ts";
import { endQuotaWait } from "../domain/end-quota-wait.ts";
import { hasAgent } from "./budget-room.ts";
import type { LedgerReader, StepWriter, ExecutionWriter } from "./decision-transaction.ts";

/** Work that an agent can start or waits to start. `model`: the agent and its model, with a common quota. */
type AgentWork = { readonly step: Step | null; readonly model: string; readonly wait: QuotaWait | null };

/** The same agent with the same model has the same quota, whatever it works on. */
const toModelKey = (agent: AgentCommand | undefined, model: string | null): string => hashValue({ agent, model });

const toTierModel = (tx: LedgerReader, tier: Tier): string | null => tx.snapshot.config.tiers[tier].model;

const findStepWork = (tx: LedgerReader, execution: Execution, step: Step): AgentWork | null => {
  const { agents } = tx.snapshot.config;
  const model = toTierModel(tx, tx.planned(execution, step.id)?.tier ?? DEFAULT_TIER);
  const conflict = findOpenConflict(step);
  if (conflict) return conflict.deadline === null ? { step, model: toModelKey(agents.merger, model), wait: conflict.quota ?? null } : null;
  if (step.state !== "ready" || !hasAgent(tx, execution, step.id)) return null;
  const agent = execution.quick ? agents.sidecar : agents.worker;
  return { step, model: toModelKey(agent, model), wait: isAwaitingQuota(step) ? (step.quota ?? null) : null };
};

const listAgentWork = (tx: LedgerReader, execution: Execution): AgentWork[] => {
  const { planning, state } = execution;
  if (state !== "planning" && state !== "running") return [];
  const { agents } = tx.snapshot.config;
  const planner = { step: null, model: toModelKey(agents.planner, toTierModel(tx, DEFAULT_TIER)), wait: planning.quota ?? null };
  return [
    ...(isPlanning(execution) && planning.deadline === null ? [planner] : []),
    ...tx.steps(execution.id).flatMap((step) => findStepWork(tx, execution, step) ?? []),
  ];
};

/** Which models have no quota until when; cheap if no work waits for one. */
export const readQuotaWaits = (tx: LedgerReader): ReadonlyMap<string, Millis> => {
  const waits = new Map<string, Millis>();
  for (const execution of tx.executions()) {
    if (!hasQuotaWait(execution)) continue;
    for (const { model, wait } of listAgentWork(tx, execution))
      if (wait && wait.until > tx.now) waits.set(model, Math.max(wait.until, waits.get(model) ?? 0));
  }
  return waits;
};

const hasQuotaWait = ({ planning, steps }: Execution): boolean =>
  planning.quota !== undefined || Object.values(steps).some(({ quota, resolution }) => quota ?? resolution?.quota);

/** By step, the time until which an execution's work waits for a quota; the key `null` is the planner. */
export const listQuotaHolds = (tx: LedgerReader, execution: Execution, waits = readQuotaWaits(tx)): ReadonlyMap<string | null, Millis> => {
  if (waits.size === 0) return new Map();
  return new Map(
    listAgentWork(tx, execution).flatMap(({ step, model }) => {
      const until = waits.get(model);
      return until === undefined ? [] : [[step?.id ?? null, until] as const];
    }),
  );
};

/** Lets work start that waits for a quota, and all other work with the same model. `step`: null for the whole execution. Returns whether work waited. */
export const endQuotaWaits = (tx: StepWriter & ExecutionWriter, execution: Execution, step: Step | null): boolean => {
  const waits = readQuotaWaits(tx);
  const models = new Set(
    listAgentWork(tx, execution)
      .filter((work) => waits.has(work.model) && (step === null || work.step?.id === step.id))
      .map(({ model }) => model),
  );
  if (models.size === 0) return false;
  for (const other of tx.executions()) {
    for (const { step: waiting, model, wait } of listAgentWork(tx, other)) {
      if (wait === null || !models.has(model)) continue;
      if (waiting) tx.putStep(other.id, endQuotaWait(waiting));
      else tx.putExecution(endPlannerQuotaWait(other));
    }
  }
  return true;
};
