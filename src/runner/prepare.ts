import { type ActionFile, readAction } from "./action-file.ts";
import type { RunRequest } from "./contract.ts";
import { readWorkflow } from "./read-workflow.ts";
import { readUses } from "./uses.ts";
import type { Workflow } from "./workflow.ts";

/** Inputs that the workflow gives our action and that it does not have, with file and line. */
const unknownInputs = (workflow: Workflow, action: ActionFile): readonly string[] =>
  workflow.jobs
    .flatMap((job) => job.steps)
    .flatMap(({ action: step }) => {
      if (step.kind !== "uses" || readUses(step.uses) !== "enki") return [];
      const known = new Set(action.inputs.map((input) => input.name.toLowerCase()));
      return [...step.with]
        .filter(([name]) => !known.has(name.toLowerCase()))
        .map(([name, value]) => `${workflow.path}:${value.line ?? 1}: '${step.uses}' has no input '${name}'`);
    });

const usesEnki = (workflow: Workflow): boolean =>
  workflow.jobs.some((job) => job.steps.some(({ action }) => action.kind === "uses" && readUses(action.uses) === "enki"));

export type Prepared =
  | { readonly ok: true; readonly workflow: Workflow; readonly enki: ActionFile | null }
  | { readonly ok: false; readonly why: string };

/** Reads a run's file, and this installation's action where the file uses it. Refused with one `file:line: why` a line. */
export const prepare = async (request: RunRequest, actionRoot: string): Promise<Prepared> => {
  const read = await readWorkflow(request.workflow.path, request.workflow.text);
  if (!read.ok) return read;
  const { workflow } = read;
  if (!usesEnki(workflow)) return { ok: true, workflow, enki: null };
  const enki = await readAction(actionRoot);
  if (!enki.ok) return enki;
  const unknown = unknownInputs(workflow, enki.action);
  return unknown.length > 0 ? { ok: false, why: unknown.join("\n") } : { ok: true, workflow, enki: enki.action };
};
