import { convertWorkflowTemplate, isMapping, isScalar, type WorkflowTemplate } from "@actions/workflow-parser";
import type { Permissions } from "./contract.ts";
import { refuseFunctions, refuseUnsupported } from "./supported.ts";
import { type Fields, fieldsOf, itemsOf, sourceOf } from "./tokens.ts";
import { readTokens } from "./yaml-reader.ts";
import type { ConcurrencyTemplate, Defaults, DispatchInput, Fault, Template, Workflow, WorkflowJob, WorkflowStep } from "./workflow.ts";

export type ReadWorkflow = { readonly ok: true; readonly workflow: Workflow } | { readonly ok: false; readonly why: string };

type ConvertedJob = Extract<WorkflowTemplate["jobs"][number], { type: "job" }>;

const textsIn = (token: Template | undefined): readonly string[] => itemsOf(token).map(sourceOf);

// What GitHub gives a workflow that asks for nothing, in a repository with the restricted setting.
const DEFAULT_PERMISSIONS: Permissions = { contents: "read", packages: "read" };
const SCOPES =
  "actions artifact-metadata attestations checks contents deployments discussions id-token issues models packages pages pull-requests security-events statuses";

const permissionsOf = (token: Template | undefined): Permissions | null => {
  if (!token) return null;
  if (isScalar(token)) {
    const level = sourceOf(token) === "write-all" ? "write" : "read";
    return Object.fromEntries(SCOPES.split(" ").map((scope) => [scope, level]));
  }
  const entries = [...fieldsOf(token)].map(([scope, level]): [string, "read" | "write" | "none"] => {
    const text = sourceOf(level);
    return [scope, text === "read" || text === "write" ? text : "none"];
  });
  return Object.fromEntries(entries);
};

const concurrencyOf = (token: Template | undefined): ConcurrencyTemplate | null => {
  if (!token) return null;
  const fields = fieldsOf(token);
  const group = isMapping(token) ? fields.get("group") : token;
  if (!group) return null;
  const queue = sourceOf(fields.get("queue")) === "max" ? "max" : "single";
  return { group, cancelInProgress: fields.get("cancel-in-progress") ?? null, queue };
};

const defaultsOf = (token: Template | undefined): Defaults => {
  const run = fieldsOf(fieldsOf(token).get("run"));
  return { shell: run.get("shell") ?? null, directory: run.get("working-directory") ?? null };
};

const TYPES = ["string", "boolean", "number", "choice", "environment"] as const;

const inputsOf = (on: Template | undefined): readonly DispatchInput[] => {
  const inputs = fieldsOf(fieldsOf(fieldsOf(on).get("workflow_dispatch")).get("inputs"));
  return [...inputs].map(([name, token]) => {
    const fields = fieldsOf(token);
    const type = TYPES.find((known) => known === sourceOf(fields.get("type"))) ?? "string";
    return {
      name,
      type,
      required: sourceOf(fields.get("required")) === "true",
      default: sourceOf(fields.get("default")),
      options: textsIn(fields.get("options")),
    };
  });
};

const actionOf = (fields: Fields): WorkflowStep["action"] => {
  const script = fields.get("run");
  return script
    ? { kind: "run", script, shell: fields.get("shell") ?? null, directory: fields.get("working-directory") ?? null }
    : { kind: "uses", uses: sourceOf(fields.get("uses")), with: fieldsOf(fields.get("with")) };
};

const stepOf = (token: Template, condition: string): WorkflowStep => {
  const fields = fieldsOf(token);
  return {
    line: token.line ?? 0,
    id: sourceOf(fields.get("id")) || null,
    name: fields.get("name") ?? null,
    condition,
    env: fields.get("env") ?? null,
    timeoutMinutes: fields.get("timeout-minutes") ?? null,
    continueOnError: fields.get("continue-on-error") ?? null,
    action: actionOf(fields),
  };
};

const conditionOf = (step: ConvertedJob["steps"][number] | undefined): string => step?.if?.expression ?? "success()";

const jobOf = (id: string, token: Template, converted: ConvertedJob): WorkflowJob => {
  const fields = fieldsOf(token);
  return {
    id,
    line: token.line ?? 0,
    name: fields.get("name") ?? null,
    needs: textsIn(fields.get("needs")),
    condition: converted.if.expression,
    permissions: permissionsOf(fields.get("permissions")),
    env: fields.get("env") ?? null,
    concurrency: concurrencyOf(fields.get("concurrency")),
    environment: fields.get("environment") ?? null,
    outputs: fields.get("outputs") ?? null,
    timeoutMinutes: fields.get("timeout-minutes") ?? null,
    defaults: defaultsOf(fields.get("defaults")),
    steps: itemsOf(fields.get("steps")).map((step, at) => stepOf(step, conditionOf(converted.steps[at]))),
  };
};

const workflowOf = (path: string, root: Template, template: WorkflowTemplate): Workflow => {
  const fields = fieldsOf(root);
  const tokens = fieldsOf(fields.get("jobs"));
  return {
    path,
    name: sourceOf(fields.get("name")) || path,
    runName: fields.get("run-name") ?? null,
    on: template.events,
    inputs: inputsOf(fields.get("on")),
    permissions: permissionsOf(fields.get("permissions")) ?? DEFAULT_PERMISSIONS,
    env: fields.get("env") ?? null,
    concurrency: concurrencyOf(fields.get("concurrency")),
    defaults: defaultsOf(fields.get("defaults")),
    jobs: template.jobs.flatMap((job) => {
      const token = tokens.get(job.id.value);
      return token && job.type === "job" ? [jobOf(job.id.value, token, job)] : [];
    }),
  };
};

const refuse = (path: string, faults: readonly Fault[]): ReadWorkflow => ({
  ok: false,
  why: faults.map((fault) => `${path}:${fault.line}: ${fault.message}`).join("\n"),
});

/**
 * Reads an Actions workflow with GitHub's own parser and schema.
 * Refused, with one `file:line: why` a line: what GitHub refuses, and what this runner does not do.
 */
export const readWorkflow = async (path: string, text: string): Promise<ReadWorkflow> => {
  const { context, root } = readTokens(path, text);
  const faults = (): Fault[] =>
    context.errors.getErrors().map((error) => ({ line: error.range?.start.line ?? 1, message: error.rawMessage }));
  if (!root || context.errors.count > 0) return refuse(path, faults());
  const unsupported = refuseUnsupported(root);
  if (unsupported.length > 0) return refuse(path, unsupported);
  const template = await convertWorkflowTemplate(context, root);
  if (context.errors.count > 0) return refuse(path, faults());
  const functions = refuseFunctions(root);
  if (functions.length > 0) return refuse(path, functions);
  return { ok: true, workflow: workflowOf(path, root, template) };
};
