import { accept, refuse, type Result } from "../domain/refusal.ts";
import { type RunBuilder, progressOfBuilder, roleRunOf } from "./run-builder.ts";
import { type JsonValue, readJson } from "./read-json.ts";
import { NO_OUTPUT, type RunState, createRunState, type NodeRun, toNodeRunId } from "./run-state.ts";
import { createScope, toRoleView } from "./template-scope.ts";
import { renderTemplate } from "./template/render-template.ts";
import { readKey, type TemplateValue } from "./template/template-value.ts";
import type { WorkflowRole } from "./workflow.ts";

/** Calls within calls. */
const MAX_CALL_DEPTH = 5;

/** Starts a role: one unit, or with `foreach` one for each item; a call starts the workflow that it calls. */
export const startRole = (draft: RunBuilder, role: WorkflowRole): void => {
  const { name } = role;
  const run = roleRunOf(draft, name).run + 1;
  const before = roleRunOf(draft, name).previousRound;
  const items = role.foreach ? readForeachItems(draft, role.foreach) : accept<readonly JsonValue[] | null>(null);
  if (!items.ok) {
    draft.roles.set(name, { state: "failed", run, reason: items.refusal.message, nodeRuns: [], previousRound: before });
    return;
  }
  const units = items.value
    ? items.value.map((value, index) => startNodeRun(draft, role, { value, index }))
    : [startNodeRun(draft, role, null)];
  draft.roles.set(name, { state: "running", run, reason: "", nodeRuns: units, previousRound: before });
  if (role.work.kind === "call") return;
  for (const { item } of units) {
    const path = [...draft.callPath, { role: name, run, item: item && item.index }];
    draft.readyNodes.push({ id: toNodeRunId(path), path, role });
  }
};

const readForeachItems = (draft: RunBuilder, { role, field, max }: NonNullable<WorkflowRole["foreach"]>): Result<readonly JsonValue[]> => {
  const list = toItemList(readKey(toRoleView(roleRunOf(draft, role)), field));
  if (!list) return refuse("no-list", `"${role}" gave no list \`${field}\``);
  if (list.length > max) return refuse("too-many-items", `"${role}" gave ${list.length} \`${field}\`, at most ${max} are worked on`);
  return accept(list);
};

/** A `key: value` line holds its list as text. Of a role that was skipped there are no items. */
const toItemList = (value: TemplateValue): readonly JsonValue[] | null => {
  if (value === "") return [];
  const list = typeof value === "string" ? readJson(value)?.value : value;
  return Array.isArray(list) ? list : null;
};

/** One unit of a role; of a call with the run of the workflow that it calls. */
export const startNodeRun = (draft: RunBuilder, role: WorkflowRole, item: NodeRun["item"]): NodeRun => {
  const unit: NodeRun = { state: "running", item, output: NO_OUTPUT, error: "", call: null };
  if (role.work.kind !== "call") return unit;
  const call = startCall(draft, role, item);
  return call.ok ? { ...unit, call: call.value } : { ...unit, state: "failed", error: call.refusal.message };
};

const startCall = (draft: RunBuilder, { name, work }: WorkflowRole, item: NodeRun["item"]): Result<RunState> => {
  if (work.kind !== "call") return refuse("no-call", `role "${name}" calls no workflow`);
  const called = draft.workflows.get(work.workflow);
  if (!called) return refuse("unknown-workflow", `there is no workflow "${work.workflow}"`);
  if (draft.callPath.length >= MAX_CALL_DEPTH)
    return refuse("calls-too-deep", `workflows call each other more than ${MAX_CALL_DEPTH} deep`);
  const args = renderTemplate(`role "${name}"`, work.args, createScope(draft.workflow, progressOfBuilder(draft), { role: name, item }));
  return args.ok ? accept(createRunState(called, args.value)) : args;
};
