import { abandon, requestRepair, restart } from "../../domain/step-lifecycle.ts";
import type { Execution } from "../../domain/execution.ts";
import type { StepId } from "../../domain/ids.ts";
import { DEFAULT_TIER, type PlannedStep } from "../../domain/plan.ts";
import { createStep, type Step } from "../../domain/step.ts";
import type { WorkflowRun } from "../../domain/workflow-run.ts";
import { type Next, nextRoles } from "../../workflow/next.ts";
import { type Flow, openFlow } from "../../workflow/open-flow.ts";
import { roleOf, stepOf, stepsBefore } from "../../workflow/pieces.ts";
import { recordResults, type UnitResult } from "../../workflow/record.ts";
import { openUnits, type RunState, skippedRoles } from "../../workflow/run-state.ts";
import type { WorkflowRole } from "../../workflow/workflow.ts";
import type { Draft } from "../draft.ts";
import { outputOf } from "../role-output.ts";
import { resultOf } from "./piece-result.ts";

/** Moves workflows on: what their steps came to goes into them, and what they want next becomes steps. */
export const reconcileWorkflows = (draft: Draft): void => {
  for (const { id, state, workflow } of draft.executions()) {
    if (state !== "running" || !workflow || workflow.endState !== null) continue;
    const flow = openFlow(workflow);
    if (flow.ok) move(draft, id, { flow: flow.value, run: workflow });
    else fail(draft, id, flow.refusal.message);
  }
};

type Moving = { readonly flow: Flow; readonly run: WorkflowRun };

const move = (draft: Draft, id: string, { flow, run }: Moving): void => {
  const execution = draft.execution(id);
  if (!execution) return;
  // Written by us, as this module left it.
  const state = run.state as RunState;
  const results = gather(draft, { execution, flow, state });
  if (results.size === 0 && Object.keys(execution.steps).length > 0 && !run.resumed) return;
  const recorded = recordResults(state, results);
  const next = nextRoles(flow.main, recorded, flow.all);
  giveUp(
    draft,
    id,
    openUnits(recorded)
      .filter((unit) => next.abandoned.includes(unit.id))
      .map(({ path }) => stepOf(path)),
  );
  takeUp(draft, id, { flow, next });
};

/** What the open pieces came to. A step whose answer has not its form is asked once more. */
const gather = (
  draft: Draft,
  { execution, flow, state }: { execution: Execution; flow: Flow; state: RunState },
): ReadonlyMap<string, UnitResult> => {
  const results = new Map<string, UnitResult>();
  for (const { id, path } of openUnits(state)) {
    const step = execution.steps[stepOf(path)];
    const role = roleOf(flow, path);
    const result = step && role && resultOf(draft, { execution, step, role });
    if (!result) continue;
    if (result.state === "again") askAgain(draft, execution.id, { step, why: result.why });
    else results.set(id, result);
  }
  return results;
};

const askAgain = (draft: Draft, id: string, { step, why }: { step: Step; why: string }): void => {
  const execution = draft.execution(id);
  if (!execution?.workflow) return;
  draft.putExecution({ ...execution, workflow: { ...execution.workflow, reaskedSteps: [...execution.workflow.reaskedSteps, step.id] } });
  draft.putStep(id, requestRepair(step, why));
  draft.note(`${id}-${step.id} is asked again: ${why}`);
};

/** What is worked on and no longer wanted: its run is stopped, since its deadline stays, and what it left in rounds before stays its work. */
const giveUp = (draft: Draft, id: string, steps: readonly StepId[]): void => {
  for (const each of steps) {
    const step = draft.execution(id)?.steps[each];
    if (!step) continue;
    const why = { code: "given-up", message: "Its loop began again without it.", next: "" };
    draft.putStep(id, abandon(step, why));
    draft.note(`${id}-${each} is given up: its loop began again without it`);
  }
};

/** Makes steps of what is ready, and ends the workflow with its last role. */
const takeUp = (draft: Draft, id: string, { flow, next }: { flow: Flow; next: Next }): void => {
  const execution = draft.execution(id);
  if (!execution?.workflow) return;
  const pieces = { ...execution.workflow.nodes, ...Object.fromEntries(next.ready.map(({ path }) => [stepOf(path), path])) };
  const begun = new Set(next.ready.map(({ path }) => stepOf(path)));
  const { resumed: _, ...before } = execution.workflow;
  const run: WorkflowRun = {
    ...before,
    state: next.state,
    nodes: pieces,
    skippedRoles: skippedRoles(next.state),
    endState: next.ended?.outcome ?? null,
    reaskedSteps: execution.workflow.reaskedSteps.filter((step) => !begun.has(step)),
  };
  draft.putExecution({ ...execution, workflow: run, plan: grow(draft, { execution, run, flow, ready: next.ready }) });
  for (const { path } of next.ready) draft.putStep(id, restart(execution.steps[stepOf(path)] ?? createStep(stepOf(path))));
  tell(draft, id, next);
};

type Growing = { readonly execution: Execution; readonly run: WorkflowRun; readonly flow: Flow; readonly ready: Next["ready"] };

/** The plan with what is ready now, by its hash. */
const grow = (draft: Draft, { execution, run, flow, ready }: Growing): Execution["plan"] => {
  if (ready.length === 0) return execution.plan;
  const planned = new Map((draft.plan(execution.plan)?.steps ?? []).map((each) => [each.id, each]));
  for (const { path, role } of ready)
    planned.set(stepOf(path), plan(execution, { run, flow, path, role, roles: draft.snapshot.config.roles }));
  return draft.putPlan({ steps: [...planned.values()] });
};

const tell = (draft: Draft, id: string, { skipped, ended }: Next): void => {
  for (const { role, why } of skipped) draft.note(`${id}: ${role} is skipped: ${why}`);
  for (const { role, why } of ended?.failed ?? []) draft.note(`${id}: ${role} failed: ${why}`);
};

type Planning = {
  readonly run: WorkflowRun;
  readonly flow: Flow;
  readonly path: WorkflowRun["nodes"][StepId];
  readonly role: WorkflowRole;
  readonly roles: Draft["snapshot"]["config"]["roles"];
};

/** Whoever can only read leaves what it says, all of it: that is what those after it were written for. */
const plan = (execution: Execution, { run, flow, path, role, roles }: Planning): PlannedStep => {
  const id = stepOf(path);
  const { work } = role;
  const round = path.at(-1)?.run ?? 1;
  const needs = stepsBefore(flow, run, { path, loops: false }).filter(
    (each) => execution.steps[each]?.head && isGood(execution.steps[each]),
  );
  return {
    id,
    title: `${path.map((each) => each.role).join(" / ")}${round > 1 ? `, round ${round}` : ""}`,
    description: `The role ${role.name} of the workflow ${run.name}.`,
    tier: role.tier ?? DEFAULT_TIER,
    role: role.role,
    output: outputOf(role, roles),
    needs: needs.map((step) => ({ step, condition: "completed" })),
    checkpoint: role.checkpoint,
    paths: role.paths,
    verify: role.verify,
    optional: false,
    run: work.kind === "run" ? work.command : null,
  };
};

const isGood = (step: Step | undefined): boolean => step?.state === "published" || step?.state === "done";

const fail = (draft: Draft, id: string, why: string): void => {
  const execution = draft.execution(id);
  if (execution)
    draft.putExecution({ ...execution, state: "failed", refusal: { code: "bad-workflow", message: why, next: "/enki status" } });
};
