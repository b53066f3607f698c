import {
  refuseDeepCalls,
  refuseLongList,
  refuseMissingCallee,
  refuseMissingList,
  refuseRoleWithoutCall,
} from "../messages/refusals/workflows.ts";
import { accept, type Result } from "../domain/refusal.ts";
import { type RunBuilder, progressOfBuilder, roleRunOf } from "./run-builder.ts";
import { type JsonValue, readJson } from "./read-json.ts";
import { NO_OUTPUT, type RunState, createRunState, type NodeRun, toNodeRunId } from "./run-state.ts";
import { createScope, toRoleView } from "./template-scope.ts";
import { renderTemplate } from "./template/render-template.ts";
import { readKey, type TemplateValue } from "./template/template-value.ts";
import type { WorkflowRole } from "./workflow.ts";

/** Depth of nested workflow calls. */
const MAX_CALL_DEPTH = 5;

/** Starts a role: one node run, or one for each `foreach` item. A call starts the run of the called workflow. */
export const startRole = (builder: RunBuilder, role: WorkflowRole): void => {
  const { name } = role;
  const run = roleRunOf(builder, name).run + 1;
  const previousRound = roleRunOf(builder, name).previousRound;
  const items = role.foreach ? readForeachItems(builder, role.foreach) : accept<readonly JsonValue[] | null>(null);
  if (!items.ok) {
    builder.roles.set(name, { state: "failed", run, reason: items.refusal.message, nodeRuns: [], previousRound });
    return;
  }
  const nodeRuns = items.value
    ? items.value.map((value, index) => startNodeRun(builder, role, { value, index }))
    : [startNodeRun(builder, role, null)];
  builder.roles.set(name, { state: "running", run, reason: "", nodeRuns, previousRound });
  if (role.work.kind === "call") return;
  for (const { item } of nodeRuns) {
    const path = [...builder.callPath, { role: name, run, item: item && item.index }];
    builder.readyNodes.push({ id: toNodeRunId(path), path, role });
  }
};

const readForeachItems = (
  builder: RunBuilder,
  { role, field, max }: NonNullable<WorkflowRole["foreach"]>,
): Result<readonly JsonValue[]> => {
  const list = toItemList(readKey(toRoleView(roleRunOf(builder, role)), field));
  if (!list) return refuseMissingList(role, field);
  if (list.length > max) return refuseLongList(role, { field, count: list.length }, max);
  return accept(list);
};

/** A list in a `key: value` line is text. A skipped role has no items. */
const toItemList = (value: TemplateValue): readonly JsonValue[] | null => {
  if (value === "") return [];
  const list = typeof value === "string" ? readJson(value)?.value : value;
  return Array.isArray(list) ? list : null;
};

/** A node run of a role. For a call it holds the state of the called workflow. */
export const startNodeRun = (builder: RunBuilder, role: WorkflowRole, item: NodeRun["item"]): NodeRun => {
  const nodeRun: NodeRun = { state: "running", item, output: NO_OUTPUT, error: "", call: null };
  if (role.work.kind !== "call") return nodeRun;
  const call = startCall(builder, role, item);
  return call.ok ? { ...nodeRun, call: call.value } : { ...nodeRun, state: "failed", error: call.refusal.message };
};

const startCall = (builder: RunBuilder, { name, work }: WorkflowRole, item: NodeRun["item"]): Result<RunState> => {
  if (work.kind !== "call") return refuseRoleWithoutCall(name);
  const called = builder.workflows.get(work.workflow);
  if (!called) return refuseMissingCallee(work.workflow);
  if (builder.callPath.length >= MAX_CALL_DEPTH) return refuseDeepCalls(MAX_CALL_DEPTH);
  const args = renderTemplate(`role "${name}"`, work.args, createScope(builder.workflow, progressOfBuilder(builder), { role: name, item }));
  return args.ok ? accept(createRunState(called, args.value)) : args;
};
