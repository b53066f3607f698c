import type { Config } from "../domain/config.ts";
import { hashValue } from "../domain/ids.ts";
import { findNearestWord } from "../domain/nearest-word.ts";
import { refuse, type RefusedResult, type Result, accept } from "../domain/refusal.ts";
import type { WorkflowRun } from "../domain/workflow-run.ts";
import { checkCalls } from "./check-calls.ts";
import type { WorkflowFault } from "./workflow-fault.ts";
import { readWorkflow } from "./read-workflow.ts";
import type { Workflow } from "./workflow.ts";

export type LinkedWorkflow = { readonly main: Workflow; readonly all: ReadonlyMap<string, Workflow> };

type WorkflowFiles = Pick<WorkflowRun, "name" | "files" | "roles">;

/** What was read last, since a decision asks for the same files again and again. A text gives the same workflow every time. */
const known = new Map<string, Result<LinkedWorkflow>>();
const KEPT = 50;
/** The same by the record of texts itself, which a run hands on as it is: a workflow of a thousand roles takes longer to hash than to move on. */
const opened = new WeakMap<WorkflowFiles["files"], WorkflowFiles & { readonly flow: Result<LinkedWorkflow> }>();

/** A workflow and those that it may call, from their texts. Refusals: `unknown-workflow`, `bad-workflow` with the first faults. */
export const linkWorkflow = ({ name, files, roles }: WorkflowFiles): Result<LinkedWorkflow> => {
  const last = opened.get(files);
  if (last?.name === name && last.roles === roles) return last.flow;
  // Of a run no more than this: how far it has come is another with every result.
  const flow = openTexts({ name, files, roles });
  opened.set(files, { name, files, roles, flow });
  return flow;
};

const openTexts = (of: WorkflowFiles): Result<LinkedWorkflow> => {
  const key = hashValue(of);
  const found = known.get(key) ?? readAndLink(of);
  known.delete(key);
  known.set(key, found);
  if (known.size > KEPT) for (const [oldest] of [...known].slice(0, 1)) known.delete(oldest);
  return found;
};

const readAndLink = ({ name, files, roles }: WorkflowFiles): Result<LinkedWorkflow> => {
  const all = new Map<string, Workflow>();
  for (const [each, text] of Object.entries(files)) {
    const found = readWorkflow({ name: each, path: `${each}.md`, text, roles, models: null, workflows: null });
    if (!found.ok) return refuseFaults(found.faults);
    all.set(each, found.value);
  }
  const main = all.get(name);
  if (!main) return refuse("unknown-workflow", `There is no workflow \`${name}\`.`);
  const faults = checkCalls([...all.values()]);
  return faults.length > 0 ? refuseFaults(faults) : accept({ main, all });
};

const MAX_FAULTS_SHOWN = 3;

const refuseFaults = (faults: readonly WorkflowFault[]): RefusedResult => {
  const told = faults.slice(0, MAX_FAULTS_SHOWN).map(({ file, line, reason, instead }) => `${file}:${line}: ${reason} (${instead})`);
  const more = faults.length > MAX_FAULTS_SHOWN ? `; and ${faults.length - MAX_FAULTS_SHOWN} more` : "";
  return refuse("bad-workflow", `The workflow has mistakes: ${told.join("; ")}${more}.`, "mend its file on the default branch");
};

/** The texts of a workflow and of all that it calls, however far. */
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
    files[next] = text;
    const found = readWorkflow({ name: next, path: next, text, roles, models: null, workflows: null });
    if (found.ok) for (const { work } of found.value.roles) if (work.kind === "call") open.push(work.workflow);
  }
  return { name, files, roles };
};

/**
 * A workflow that the configuration has, with its files and all that it calls. Refusals: `unknown-workflow` with the nearest name, and those of
 * {@link openFlow}. Models are looked at here only: a run that goes on is not refused for what the configuration says meanwhile.
 */
export const findLinkedWorkflow = (
  { workflows, roles, models }: Pick<Config, "workflows" | "roles" | "models">,
  name: string,
): Result<{ readonly files: WorkflowFiles; readonly flow: LinkedWorkflow }> => {
  if (!Object.hasOwn(workflows, name)) {
    const names = Object.keys(workflows).sort();
    const close = findNearestWord(name, names);
    const next = close === null ? "/enki help" : `/enki run ${close}`;
    return refuse("unknown-workflow", `There is no workflow \`${name}\`; there are ${names.join(", ") || "none"}.`, next);
  }
  const files = collectWorkflowFiles(name, workflows, Object.keys(roles).sort());
  const flow = linkWorkflow(files);
  const faults = flow.ok && models ? findModelFaults(files, models) : [];
  if (faults.length > 0) return refuseFaults(faults);
  return flow.ok ? accept({ files, flow: flow.value }) : flow;
};

/** Roles of workflows without other mistakes that name a model which there is not. */
const findModelFaults = ({ files, roles }: WorkflowFiles, models: readonly string[]): WorkflowFault[] =>
  Object.entries(files).flatMap(([name, text]) => {
    const read = readWorkflow({ name, path: `${name}.md`, text, roles, models, workflows: null });
    return read.ok ? [] : read.faults;
  });
