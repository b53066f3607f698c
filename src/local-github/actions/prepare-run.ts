import { type ActionFile, readActionFile } from "./action-file.ts";
import type { RunRequest } from "./workflow-runner.ts";
import { readActionsWorkflow } from "./read-actions-workflow.ts";
import { readSupportedAction } from "./supported-action.ts";
import type { ActionsWorkflow } from "./actions-workflow.ts";

/** Lists the inputs that a workflow passes to Enki's action but the action does not have, as `file:line: message`. */
const findUnknownInputs = (workflow: ActionsWorkflow, action: ActionFile): readonly string[] =>
  workflow.jobs
    .flatMap((job) => job.steps)
    .flatMap(({ action: step }) => {
      if (step.kind !== "uses" || readSupportedAction(step.uses) !== "enki") return [];
      const known = new Set(action.inputs.map((input) => input.name.toLowerCase()));
      return [...step.with]
        .filter(([name]) => !known.has(name.toLowerCase()))
        .map(([name, value]) => `${workflow.path}:${value.line ?? 1}: '${step.uses}' has no input '${name}'`);
    });

/** Keys that came to github.com in 2026, as `file:line: message`: https://docs.github.com/enterprise-server@3.19/actions/reference/workflow-syntax-for-github-actions */
const findNewKeys = ({ path, text }: RunRequest["workflow"]): readonly string[] =>
  text.split("\n").flatMap((line, at) => {
    const [, key] = /^[^#]*\b(deployment|cache-mode|timezone):/.exec(line) ?? [];
    return key === undefined ? [] : [`${path}:${at + 1}: Unexpected value '${key}'`];
  });

const usesLocalAction = (workflow: ActionsWorkflow): boolean =>
  workflow.jobs.some((job) => job.steps.some(({ action }) => action.kind === "uses" && readSupportedAction(action.uses) === "enki"));

export type PreparedRun =
  | { readonly ok: true; readonly workflow: ActionsWorkflow; readonly enki: ActionFile | null }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads the workflow of a run, and this installation's action if the workflow uses it. A refusal has one `file:line:
 * reason` per line.
 */
export const prepareRun = async (request: RunRequest, actionRoot: string): Promise<PreparedRun> => {
  const read = await readActionsWorkflow(request.workflow.path, request.workflow.text);
  if (!read.ok) return read;
  const newKeys = request.enterpriseServer ? findNewKeys(request.workflow) : [];
  if (newKeys.length > 0) return { ok: false, reason: newKeys.join("\n") };
  const { workflow } = read;
  if (!usesLocalAction(workflow)) return { ok: true, workflow, enki: null };
  const enki = await readActionFile(actionRoot);
  if (!enki.ok) return enki;
  const unknown = findUnknownInputs(workflow, enki.action);
  return unknown.length > 0 ? { ok: false, reason: unknown.join("\n") } : { ok: true, workflow, enki: enki.action };
};
