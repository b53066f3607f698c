import { refuseAbsentWorkflow, refuseFaultyWorkflow, refuseUnknownWorkflow } from "../messages/refusals/workflows.ts";
import { writeOwn } from "../domain/own-record.ts";
import type { Config } from "../domain/config.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import { type RefusedResult, type Result, accept } from "../domain/refusal.ts";
import type { WorkflowRun } from "../domain/workflow-run.ts";
import { checkCalls } from "./check-calls.ts";
import type { WorkflowFault } from "./workflow-fault.ts";
import { readWorkflow } from "./read-workflow.ts";
import type { Workflow } from "./workflow.ts";
import { createWorkflowIndex, type WorkflowIndex } from "./workflow-index.ts";

/** A workflow with the workflows within its reach, and an index of each, by name. */
export type LinkedWorkflow = {
  readonly main: Workflow;
  readonly all: ReadonlyMap<string, Workflow>;
  readonly indexes: ReadonlyMap<string, WorkflowIndex>;
};

export type WorkflowFiles = Pick<WorkflowRun, "name" | "files" | "roles">;

/** Reads a workflow and the workflows that it may call. Refuses with `unknown-workflow`, or with `bad-workflow` and the first faults. */
export const linkWorkflow = ({ name, files, roles }: WorkflowFiles): Result<LinkedWorkflow> => {
  const all = new Map<string, Workflow>();
  for (const [each, text] of Object.entries(files)) {
    const found = readWorkflow({ name: each, path: `${each}.md`, text, roles, models: null, workflows: null });
    if (!found.ok) return refuseFaults(found.faults);
    all.set(each, found.value);
  }
  const main = all.get(name);
  if (!main) return refuseAbsentWorkflow(name);
  const faults = checkCalls([...all.values()]);
  if (faults.length > 0) return refuseFaults(faults);
  const indexes = new Map([...all].map(([each, workflow]) => [each, createWorkflowIndex(workflow)]));
  return accept({ main, all, indexes });
};

const MAX_FAULTS_SHOWN = 3;

const refuseFaults = (faults: readonly WorkflowFault[]): RefusedResult => {
  const shown = faults.slice(0, MAX_FAULTS_SHOWN).map(({ file, line, reason, instead }) => `${file}:${line}: ${reason} (${instead})`);
  const more = faults.length > MAX_FAULTS_SHOWN ? `; and ${faults.length - MAX_FAULTS_SHOWN} more` : "";
  return refuseFaultyWorkflow(shown.join("; "), more);
};

/** Collects the texts of a workflow and of every workflow called directly or indirectly. */
export const collectWorkflowFiles = (
  name: string,
  texts: Readonly<Record<string, { readonly text: string }>>,
  roles: readonly string[],
): WorkflowFiles => {
  const files: Record<string, string> = {};
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const text = Object.hasOwn(texts, next) ? texts[next]?.text : undefined;
    if (text === undefined || Object.hasOwn(files, next)) continue;
    writeOwn(files, next, text);
    const found = readWorkflow({ name: next, path: next, text, roles, models: null, workflows: null });
    if (found.ok) for (const { work } of found.value.roles) if (work.kind === "call") open.push(work.workflow);
  }
  return { name, files, roles };
};

/**
 * Finds a configured workflow with its files and the called workflows. Refuses with `unknown-workflow` and the closest name, or like the linker.
 * Models are checked only here: a later change of the configuration does not stop a run in progress.
 */
export const findLinkedWorkflow = (
  { workflows, roles, models }: Pick<Config, "workflows" | "roles" | "models">,
  name: string,
  link: (files: WorkflowFiles) => Result<LinkedWorkflow> = linkWorkflow,
): Result<{ readonly files: WorkflowFiles; readonly flow: LinkedWorkflow }> => {
  if (!Object.hasOwn(workflows, name)) {
    const names = Object.keys(workflows).sort();
    const close = findNearestWord(name, names);
    const next = close === null ? "/enki help" : `/enki run ${close}`;
    return refuseUnknownWorkflow(name, names.join(", ") || "none", next);
  }
  const files = collectWorkflowFiles(name, workflows, Object.keys(roles).sort());
  const flow = link(files);
  const faults = flow.ok && models ? findModelFaults(files, models) : [];
  if (faults.length > 0) return refuseFaults(faults);
  return flow.ok ? accept({ files, flow: flow.value }) : flow;
};

/** Unknown models in workflows that have no other faults. */
const findModelFaults = ({ files, roles }: WorkflowFiles, models: readonly string[]): WorkflowFault[] =>
  Object.entries(files).flatMap(([name, text]) => {
    const read = readWorkflow({ name, path: `${name}.md`, text, roles, models, workflows: null });
    return read.ok ? [] : read.faults;
  });
