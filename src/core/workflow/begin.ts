import { accept, refuse, type Result } from "../domain/refusal.ts";
import { type Draft, progressOfDraft, runOf } from "./draft.ts";
import { type Json, readJson } from "./json.ts";
import { NO_OUTPUT, type RunState, startRun, type Unit, unitId } from "./run-state.ts";
import { scopeFor, viewOf } from "./scope.ts";
import { renderTemplate } from "./template/render.ts";
import { step, type Value } from "./template/values.ts";
import type { WorkflowRole } from "./workflow.ts";

/** Calls within calls. */
const DEEPEST = 5;

/** Starts a role: one unit, or with `foreach` one for each item; a call starts the workflow that it calls. */
export const begin = (draft: Draft, role: WorkflowRole): void => {
  const { name } = role;
  const run = runOf(draft, name).run + 1;
  const before = runOf(draft, name).before;
  const items = role.foreach ? readItems(draft, role.foreach) : accept<readonly Json[] | null>(null);
  if (!items.ok) {
    draft.roles.set(name, { state: "failed", run, why: items.refusal.message, units: [], before });
    return;
  }
  const units = items.value ? items.value.map((value, index) => beginUnit(draft, role, { value, index })) : [beginUnit(draft, role, null)];
  draft.roles.set(name, { state: "running", run, why: "", units, before });
  if (role.work.kind === "call") return;
  for (const { item } of units) {
    const path = [...draft.within, { role: name, run, item: item && item.index }];
    draft.ready.push({ id: unitId(path), path, role });
  }
};

const readItems = (draft: Draft, { role, field, max }: NonNullable<WorkflowRole["foreach"]>): Result<readonly Json[]> => {
  const list = toList(step(viewOf(runOf(draft, role)), field));
  if (!list) return refuse("no-list", `"${role}" gave no list \`${field}\``);
  if (list.length > max) return refuse("too-many-items", `"${role}" gave ${list.length} \`${field}\`, at most ${max} are worked on`);
  return accept(list);
};

/** A `key: value` line holds its list as text. Of a role that was skipped there are no items. */
const toList = (value: Value): readonly Json[] | null => {
  if (value === "") return [];
  const list = typeof value === "string" ? readJson(value)?.value : value;
  return Array.isArray(list) ? list : null;
};

/** One unit of a role; of a call with the run of the workflow that it calls. */
export const beginUnit = (draft: Draft, role: WorkflowRole, item: Unit["item"]): Unit => {
  const unit: Unit = { state: "running", item, output: NO_OUTPUT, error: "", call: null };
  if (role.work.kind !== "call") return unit;
  const call = beginCall(draft, role, item);
  return call.ok ? { ...unit, call: call.value } : { ...unit, state: "failed", error: call.refusal.message };
};

const beginCall = (draft: Draft, { name, work }: WorkflowRole, item: Unit["item"]): Result<RunState> => {
  if (work.kind !== "call") return refuse("no-call", `role "${name}" calls no workflow`);
  const called = draft.workflows.get(work.workflow);
  if (!called) return refuse("unknown-workflow", `there is no workflow "${work.workflow}"`);
  if (draft.within.length >= DEEPEST) return refuse("calls-too-deep", `workflows call each other more than ${DEEPEST} deep`);
  const args = renderTemplate(`role "${name}"`, work.args, scopeFor(draft.workflow, progressOfDraft(draft), { role: name, item }));
  return args.ok ? accept(startRun(called, args.value)) : args;
};
