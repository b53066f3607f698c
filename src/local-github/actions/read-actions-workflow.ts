import { convertWorkflowTemplate, isMapping, isScalar, type WorkflowTemplate } from "@actions/workflow-parser";
import type { JobPermissions } from "./workflow-runner.ts";
import { rememberTexts } from "../remember-texts.ts";
import { findUnsupportedFunctions, findUnsupportedKeys } from "./unsupported-keys.ts";
import { type TokenFields, tokenFields, tokenItems, tokenSource } from "./template-tokens.ts";
import { readTokens } from "./yaml-reader.ts";
import type {
  ConcurrencyTemplate,
  RunDefaults,
  DispatchInput,
  ActionsFault,
  TemplateValue,
  ActionsWorkflow,
  WorkflowJob,
  WorkflowStep,
} from "./actions-workflow.ts";

export type WorkflowReadResult =
  | { readonly ok: true; readonly workflow: ActionsWorkflow }
  | { readonly ok: false; readonly reason: string };

type ConvertedJob = Extract<WorkflowTemplate["jobs"][number], { type: "job" }>;

const readTokenTexts = (token: TemplateValue | undefined): readonly string[] => tokenItems(token).map(tokenSource);

// GitHub's default permissions in a repository with the restricted setting.
const DEFAULT_PERMISSIONS: JobPermissions = { contents: "read", packages: "read" };
const PERMISSION_SCOPES =
  "actions artifact-metadata attestations checks contents deployments discussions id-token issues models packages pages pull-requests security-events statuses";

const readJobPermissions = (token: TemplateValue | undefined): JobPermissions | null => {
  if (!token) return null;
  if (isScalar(token)) {
    const level = tokenSource(token) === "write-all" ? "write" : "read";
    return Object.fromEntries(PERMISSION_SCOPES.split(" ").map((scope) => [scope, level]));
  }
  const entries = [...tokenFields(token)].map(([scope, level]): [string, "read" | "write" | "none"] => {
    const text = tokenSource(level);
    return [scope, text === "read" || text === "write" ? text : "none"];
  });
  return Object.fromEntries(entries);
};

const readConcurrency = (token: TemplateValue | undefined): ConcurrencyTemplate | null => {
  if (!token) return null;
  const fields = tokenFields(token);
  const group = isMapping(token) ? fields.get("group") : token;
  if (!group) return null;
  const queue = tokenSource(fields.get("queue")) === "max" ? "max" : "single";
  return { group, cancelInProgress: fields.get("cancel-in-progress") ?? null, queue };
};

const readDefaults = (token: TemplateValue | undefined): RunDefaults => {
  const run = tokenFields(tokenFields(token).get("run"));
  return { shell: run.get("shell") ?? null, directory: run.get("working-directory") ?? null };
};

const INPUT_TYPES = ["string", "boolean", "number", "choice", "environment"] as const;

const readDispatchInputs = (on: TemplateValue | undefined): readonly DispatchInput[] => {
  const inputs = tokenFields(tokenFields(tokenFields(on).get("workflow_dispatch")).get("inputs"));
  return [...inputs].map(([name, token]) => {
    const fields = tokenFields(token);
    const type = INPUT_TYPES.find((known) => known === tokenSource(fields.get("type"))) ?? "string";
    return {
      name,
      type,
      required: tokenSource(fields.get("required")) === "true",
      default: tokenSource(fields.get("default")),
      options: readTokenTexts(fields.get("options")),
    };
  });
};

const readStepAction = (fields: TokenFields): WorkflowStep["action"] => {
  const script = fields.get("run");
  return script
    ? { kind: "run", script, shell: fields.get("shell") ?? null, directory: fields.get("working-directory") ?? null }
    : { kind: "uses", uses: tokenSource(fields.get("uses")), with: tokenFields(fields.get("with")) };
};

const readWorkflowStep = (token: TemplateValue, condition: string): WorkflowStep => {
  const fields = tokenFields(token);
  return {
    line: token.line ?? 0,
    id: tokenSource(fields.get("id")) || null,
    name: fields.get("name") ?? null,
    condition,
    env: fields.get("env") ?? null,
    timeoutMinutes: fields.get("timeout-minutes") ?? null,
    continueOnError: fields.get("continue-on-error") ?? null,
    action: readStepAction(fields),
  };
};

const stepConditionOf = (step: ConvertedJob["steps"][number] | undefined): string => step?.if?.expression ?? "success()";

const readWorkflowJob = (id: string, token: TemplateValue, converted: ConvertedJob): WorkflowJob => {
  const fields = tokenFields(token);
  return {
    id,
    line: token.line ?? 0,
    name: fields.get("name") ?? null,
    needs: readTokenTexts(fields.get("needs")),
    condition: converted.if.expression,
    permissions: readJobPermissions(fields.get("permissions")),
    env: fields.get("env") ?? null,
    concurrency: readConcurrency(fields.get("concurrency")),
    environment: fields.get("environment") ?? null,
    outputs: fields.get("outputs") ?? null,
    timeoutMinutes: fields.get("timeout-minutes") ?? null,
    defaults: readDefaults(fields.get("defaults")),
    steps: tokenItems(fields.get("steps")).map((step, at) => readWorkflowStep(step, stepConditionOf(converted.steps[at]))),
  };
};

const convertWorkflow = (path: string, root: TemplateValue, template: WorkflowTemplate): ActionsWorkflow => {
  const fields = tokenFields(root);
  const tokens = tokenFields(fields.get("jobs"));
  return {
    path,
    name: tokenSource(fields.get("name")) || path,
    runName: fields.get("run-name") ?? null,
    on: template.events,
    inputs: readDispatchInputs(fields.get("on")),
    permissions: readJobPermissions(fields.get("permissions")) ?? DEFAULT_PERMISSIONS,
    env: fields.get("env") ?? null,
    concurrency: readConcurrency(fields.get("concurrency")),
    defaults: readDefaults(fields.get("defaults")),
    jobs: template.jobs.flatMap((job) => {
      const token = tokens.get(job.id.value);
      return token && job.type === "job" ? [readWorkflowJob(job.id.value, token, job)] : [];
    }),
  };
};

const refuseWorkflow = (path: string, faults: readonly ActionsFault[]): WorkflowReadResult => ({
  ok: false,
  reason: faults.map((fault) => `${path}:${fault.line}: ${fault.message}`).join("\n"),
});

/**
 * Reads an Actions workflow with GitHub's parser and schema. Refuses files that GitHub refuses or this runner does
 * not support, with one `file:line: reason` per line.
 */
export const readActionsWorkflow = rememberTexts(async (path: string, text: string): Promise<WorkflowReadResult> => {
  const { context, root } = readTokens(path, text);
  const faults = (): ActionsFault[] =>
    context.errors.getErrors().map((error) => ({ line: error.range?.start.line ?? 1, message: error.rawMessage }));
  if (!root || context.errors.count > 0) return refuseWorkflow(path, faults());
  const unsupported = findUnsupportedKeys(root);
  if (unsupported.length > 0) return refuseWorkflow(path, unsupported);
  const template = await convertWorkflowTemplate(context, root);
  if (context.errors.count > 0) return refuseWorkflow(path, faults());
  const functions = findUnsupportedFunctions(root);
  if (functions.length > 0) return refuseWorkflow(path, functions);
  return { ok: true, workflow: convertWorkflow(path, root, template) };
});
