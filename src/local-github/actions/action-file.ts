import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NoOperationTraceWriter } from "@actions/workflow-parser";
import { convertActionTemplate, parseAction } from "@actions/workflow-parser/actions/index";
import { rememberTexts } from "../remember-texts.ts";
import type { TemplateValue } from "./actions-workflow.ts";

/** An action that runs in Node, read from its `action.yml`. Paths are absolute. */
export type ActionFile = {
  readonly inputs: readonly { readonly name: string; readonly default: TemplateValue | null }[];
  readonly main: string;
  readonly pre: { readonly file: string; readonly condition: string } | null;
  readonly post: { readonly file: string; readonly condition: string } | null;
};

export type ActionFileResult = { readonly ok: true; readonly action: ActionFile } | { readonly ok: false; readonly reason: string };

const NODE_RUNTIMES = ["node20", "node24"];

/**
 * Reads the `action.yml` in `root`. Refuses actions that do not match GitHub's schema or do not run in Node, with one
 * `file:line: reason` per line.
 */
export const readActionFile = async (root: string): Promise<ActionFileResult> => {
  const path = join(root, "action.yml");
  const text = await readFile(path, "utf8").catch(() => null);
  return text === null
    ? { ok: false, reason: `${path}:1: action.yml is missing; build this installation first` }
    : parseActionFile(root, path, text);
};

const parseActionFile = rememberTexts((root: string, path: string, text: string): ActionFileResult => {
  const { context, value } = parseAction({ name: "action.yml", content: text }, new NoOperationTraceWriter());
  const template = value && convertActionTemplate(context, value);
  const faults = context.errors.getErrors().map((error) => `${path}:${error.range?.start.line ?? 1}: ${error.rawMessage}`);
  if (!template || faults.length > 0) return { ok: false, reason: faults.join("\n") || `${path}:1: the file is not an action` };
  const { runs } = template;
  if (!NODE_RUNTIMES.includes(runs.using) || !("main" in runs))
    return { ok: false, reason: `${path}:1: 'using: ${runs.using}' is not supported by this runner` };
  const phase = (file: string | undefined, condition: string | undefined): ActionFile["pre"] =>
    file === undefined ? null : { file: join(root, file), condition: condition || "always()" };
  return {
    ok: true,
    action: {
      inputs: (template.inputs ?? []).map((input) => ({ name: input.id, default: input.default ?? null })),
      main: join(root, runs.main),
      pre: phase(runs.pre, runs.preIf),
      post: phase(runs.post, runs.postIf),
    },
  };
});
