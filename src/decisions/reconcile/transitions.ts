import type { Execution, ExecutionState } from "../../model/execution.ts";
import { topological } from "../../model/graph.ts";
import type { Need, PlannedStep } from "../../model/plan.ts";
import { readTaskId, taskId } from "../../model/ids.ts";
import { isSettled, type Step, type StepState } from "../../model/step.ts";
import { start } from "../apply/command.ts";
import type { Draft } from "../draft.ts";

/** Moves steps on along their needs, and executions to their end. */
export const reconcileTransitions = (draft: Draft): void => {
  for (const each of draft.executions()) {
    if (each.state === "proposed" && !each.planOnly && draft.snapshot.config.plan.approval === "never") {
      start(draft, each, { by: each.by, at: draft.now });
    }
    const execution = draft.execution(each.id);
    if (execution?.state !== "running") continue;
    const plan = draft.plan(execution.plan);
    if (!plan) continue;
    const byId = new Map(plan.steps.map((step) => [step.id, step]));
    for (const id of topological(plan.steps) ?? []) {
      const planned = byId.get(id);
      if (planned) advance(draft, execution.id, planned);
    }
    end(draft, execution.id);
  }
};

const advance = (draft: Draft, id: string, planned: PlannedStep): void => {
  const execution = draft.execution(id);
  const step = execution?.steps[planned.id];
  if (!execution || !step || (step.state !== "pending" && step.state !== "ready" && step.state !== "blocked")) return;
  const needed = planned.needs.map((need) => ({ need, state: needState(draft, execution, need) }));
  const next = nextState(needed);
  if (next === step.state) return;
  const bad = needed.find(({ state }) => state !== null && isBad(state));
  const why = next === "blocked" && bad ? blockedBy(execution, bad.need) : null;
  draft.putStep(id, { ...step, state: next, why });
};

const isBad = (state: StepState): boolean => state === "failed" || state === "blocked" || state === "cancelled";

const nextState = (needed: readonly { need: Need; state: StepState | null }[]): StepState => {
  if (needed.some(({ state }) => state === "cancelled")) return "cancelled";
  if (needed.some(({ state }) => state === null || isBad(state))) return "blocked";
  return needed.every(({ need, state }) => state !== null && holds(need, state)) ? "ready" : "pending";
};

/** Null: there is no such step or task. */
const needState = (draft: Draft, execution: Execution, need: Need): StepState | null => {
  if ("step" in need) return execution.steps[need.step]?.state ?? null;
  const id = readTaskId(need.task);
  return (id && draft.execution(id.execution)?.steps[id.step]?.state) ?? null;
};

/** `merged` holds when the step is done, `completed` when its worker is, `started` when it runs or did. */
const holds = (need: Need, state: StepState): boolean => {
  if (state === "done" || state === "skipped") return true;
  if (need.condition === "completed") return state === "worker_done";
  return need.condition === "started" && (state === "running" || state === "worker_done");
};

const blockedBy = (execution: Execution, need: Need) => {
  const task = "step" in need ? taskId(execution.id, need.step) : need.task;
  return { code: "blocked", why: `It needs \`${task}\`, which did not get there.`, next: `/enki retry ${task}` };
};

const end = (draft: Draft, id: string): void => {
  const execution = draft.execution(id);
  const steps = Object.values(execution?.steps ?? {});
  if (!execution || !steps.every((step) => isSettled(step.state))) return;
  const state = outcome(steps);
  const failed = steps.find((step) => step.state === "failed");
  const why = state === "failed" ? (failed?.why ?? { code: "blocked", why: "Steps are blocked.", next: `/enki retry ${id}` }) : null;
  draft.putExecution({ ...execution, state, why });
  draft.note(`${id} is ${state}`);
};

const outcome = (steps: readonly Step[]): ExecutionState => {
  if (steps.some((step) => step.state === "failed" || step.state === "blocked")) return "failed";
  return steps.every((step) => step.state === "cancelled") ? "cancelled" : "done";
};
