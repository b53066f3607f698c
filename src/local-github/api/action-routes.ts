import { z } from "zod";
import { type ApiCall, type RouteHandler, NO_CONTENT, okReply, type ApiRoute } from "./api-call.ts";
import { notFoundRefusal, ApiRefusal } from "./api-refusal.ts";
import { hashToNumber, repositoryUrl } from "./api-urls.ts";
import type { CommitFacts } from "./read-commit-object.ts";
import { runArtifactShape, workflowJobShape, workflowRunShape, workflowShape } from "./run-shapes.ts";
import { startWorkflowRun } from "./start-workflow-run.ts";
import { emitEvent } from "./emit-event.ts";
import { repositoryFullName } from "./forge-repository.ts";
import { type ForgeRun } from "./forge-run.ts";
import { findDefaultSource, workflowNameOf, type TriggeredFile, readWorkflowsAt } from "./trigger-workflows.ts";
import type { TriggerInput } from "./workflow-triggers.ts";
import { composeEventPayload } from "./deliver-webhooks.ts";

const MAX_DISPATCH_INPUTS = 25;
const MAX_INPUTS_CHARS = 65_535;
const MAX_PAYLOAD_PROPERTIES = 10;

const inputValueSchema = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]);
const workflowDispatchSchema = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), inputValueSchema).default({}),
  return_run_details: z.boolean().optional(),
});
const repositoryDispatchSchema = z.object({
  event_type: z.string().min(1).max(100),
  client_payload: z
    .record(z.string(), z.unknown())
    .default({})
    .refine(
      (payload) => Object.keys(payload).length <= MAX_PAYLOAD_PROPERTIES,
      `No more than ${MAX_PAYLOAD_PROPERTIES} properties are allowed; client_payload`,
    ),
});

const listWorkflowFiles = async (call: ApiCall): Promise<TriggeredFile[]> => {
  const source = await findDefaultSource(call.repository);
  return source ? readWorkflowsAt(call.repository, source.sha) : [];
};

/**
 * Returns the path of a workflow that is named by file or number. Runs keep a workflow known after its file is
 * deleted.
 */
const findWorkflowPath = async (call: ApiCall): Promise<string> => {
  const id = call.param("workflow");
  const paths = [...(await listWorkflowFiles(call)).map(({ path }) => path), ...[...call.repository.runs.values()].map(({ path }) => path)];
  const found = paths.find((path) => path === `.github/workflows/${id}` || path === id || String(hashToNumber(path)) === id);
  if (found === undefined) throw notFoundRefusal();
  return found;
};

const validateDispatchInputs = (declared: ReadonlyMap<string, TriggerInput>, inputs: Readonly<Record<string, string>>): void => {
  const unexpected = Object.keys(inputs).filter((name) => !declared.has(name));
  if (unexpected.length > 0) throw new ApiRefusal(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  if (Object.keys(inputs).length > MAX_DISPATCH_INPUTS)
    throw new ApiRefusal(422, `you may only define up to ${MAX_DISPATCH_INPUTS} inputs for a \`workflow_dispatch\` event`);
  if (JSON.stringify(inputs).length > MAX_INPUTS_CHARS) throw new ApiRefusal(422, "inputs are too large.");
  for (const [name, input] of declared) {
    const text = inputs[name];
    if (text === undefined && input.required && !input.hasDefault) throw new ApiRefusal(422, `Required input '${name}' not provided`);
    if (text !== undefined && input.type === "choice" && !input.options.includes(text)) {
      throw new ApiRefusal(422, `Provided value '${text}' for input '${name}' not in the list of allowed values`);
    }
  }
};

/** Resolves a branch or a tag; GitHub does not dispatch on a commit. */
const resolveDispatchRef = async (call: ApiCall, name: string): Promise<{ ref: string; sha: string; head: CommitFacts }> => {
  const { bare } = call.repository;
  for (const ref of name.startsWith("refs/") ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`]) {
    const known = /^refs\/(?:heads|tags)\//.test(ref) && (await bare.readRef(ref)) !== null;
    const sha = known ? await bare.resolveCommit(ref) : null;
    const head = sha === null ? null : await bare.describeCommit(sha);
    if (sha !== null && head) return { ref, sha, head };
  }
  throw new ApiRefusal(422, `No ref found for: ${name}`);
};

const dispatchWorkflow: RouteHandler = async (call) => {
  const { forge, repository } = call;
  const path = await findWorkflowPath(call);
  const input = await call.input(workflowDispatchSchema);
  if (forge.isEnterpriseServer && input.return_run_details !== undefined)
    throw new ApiRefusal(422, 'Invalid request.\n\n"return_run_details" is not a permitted key.');
  if (!repository.actionsEnabled) throw new ApiRefusal(422, "Actions has been disabled for this repository.");
  const source = await resolveDispatchRef(call, input.ref);
  const file = (await readWorkflowsAt(repository, source.sha)).find((workflow) => workflow.path === path);
  const isListening = file?.triggers?.on.has("workflow_dispatch") ?? false;
  if (!file || !isListening) throw new ApiRefusal(422, "Workflow does not have 'workflow_dispatch' trigger");
  validateDispatchInputs(file.triggers?.inputs ?? new Map(), input.inputs);
  const actor = call.actor();
  const payload = composeEventPayload(forge, repository, {
    event: "workflow_dispatch",
    payload: { inputs: input.inputs, ref: source.ref, workflow: path },
    by: actor.account,
  });
  const name = workflowNameOf(file);
  const run = startWorkflowRun(forge, repository, {
    ...source,
    path,
    text: file.text,
    name,
    event: "workflow_dispatch",
    payload,
    inputs: input.inputs,
    actor,
    title: name,
  });
  if (input.return_run_details !== true) return NO_CONTENT;
  return okReply({
    workflow_run_id: run.id,
    run_url: `${repositoryUrl(forge, repository)}/actions/runs/${run.id}`,
    html_url: `${forge.url}/${repositoryFullName(repository)}/actions/runs/${run.id}`,
  });
};

const dispatchRepository: RouteHandler = async (call) => {
  const { event_type, client_payload } = await call.input(repositoryDispatchSchema);
  const payload = { action: event_type, branch: call.repository.defaultBranch, client_payload };
  emitEvent(call.forge, call.repository, { event: "repository_dispatch", payload, actor: call.actor(), title: event_type });
  return NO_CONTENT;
};

const getRequestedRun = (call: ApiCall): ForgeRun => {
  const run = call.repository.runs.get(Number(call.param("run")));
  if (!run) throw notFoundRefusal();
  return run;
};

const listWorkflowRuns = (call: ApiCall, path: string | null) => {
  const {
    status,
    branch,
    event,
    actor,
    head_sha: sha,
  } = Object.fromEntries(["status", "branch", "event", "actor", "head_sha"].map((name) => [name, call.query(name)]));
  const runs = [...call.repository.runs.values()]
    .filter((run) => run.listedAt <= call.forge.now())
    .filter((run) => path === null || run.path === path)
    .filter((run) => status === undefined || run.status === status || run.conclusion === status)
    .filter((run) => (branch === undefined || run.branch === branch) && (event === undefined || run.event === event))
    .filter((run) => (actor === undefined || run.actor.account.login === actor) && (sha === undefined || run.sha === sha))
    .sort((a, b) => b.id - a.id);
  return call.page(
    runs.map((run) => workflowRunShape(call.forge, call.repository, run)),
    (items) => ({ total_count: runs.length, workflow_runs: items }),
  );
};

const cancelWorkflowRun: RouteHandler = (call) => {
  const run = getRequestedRun(call);
  if (run.status === "completed") throw new ApiRefusal(409, "Cannot cancel a workflow run that is completed.");
  call.forge.runner.cancel(run.id);
  return { status: 202, body: {} };
};

const listRunJobs: RouteHandler = (call) => {
  const run = getRequestedRun(call);
  const shapes = [...run.jobs.values()].map((job) => workflowJobShape(call.forge, call.repository, { run, job }));
  return call.page(shapes, (items) => ({ total_count: shapes.length, jobs: items }));
};

/** GitHub redirects to the text of a log. */
const getJobLog: RouteHandler = (call) => {
  const id = Number(call.param("job"));
  const run = [...call.repository.runs.values()].find(({ jobs }) =>
    [...jobs.values()].some((job) => job.id === id && job.report.log !== null),
  );
  if (!run) throw notFoundRefusal();
  return {
    status: 302,
    body: {},
    headers: { location: `${call.forge.url}/${repositoryFullName(call.repository)}/actions/runs/${run.id}/job/${id}` },
  };
};

/**
 * Artifacts of a run; `name` selects artifacts by their exact name. Those of version 3 of the upload action, the last for a GitHub Enterprise
 * Server, are listed after the run has ended: https://github.com/actions/upload-artifact/tree/v3#where-does-the-upload-go
 */
const listRunArtifacts: RouteHandler = (call) => {
  const run = getRequestedRun(call);
  const name = call.query("name");
  const isListed = !call.forge.isEnterpriseServer || run.status === "completed";
  const artifacts = (isListed ? [...run.artifacts.values()] : [])
    .filter((each) => name === undefined || each.name === name)
    .sort((a, b) => b.id - a.id);
  return call.page(
    artifacts.map((artifact) => runArtifactShape(call.forge, call.repository, { run, artifact })),
    (items) => ({ total_count: artifacts.length, artifacts: items }),
  );
};

const listWorkflows: RouteHandler = async (call) => {
  const files = await listWorkflowFiles(call);
  const shapes = files.map((file) => workflowShape(call.forge, call.repository, { path: file.path, name: workflowNameOf(file) }));
  return call.page(shapes, (items) => ({ total_count: shapes.length, workflows: items }));
};

const getWorkflow: RouteHandler = async (call) => {
  const path = await findWorkflowPath(call);
  const file = (await listWorkflowFiles(call)).find((workflow) => workflow.path === path);
  const of = { path, name: file ? workflowNameOf(file) : path, state: file ? "active" : "deleted" } as const;
  return okReply(workflowShape(call.forge, call.repository, of));
};

const ACTIONS_READ = { scope: "actions", level: "read" } as const;
const ACTIONS_WRITE = { scope: "actions", level: "write" } as const;

export const actionRoutes: readonly ApiRoute[] = [
  ["POST", "/dispatches", { scope: "contents", level: "write" }, dispatchRepository],
  ["GET", "/actions/workflows", ACTIONS_READ, listWorkflows],
  ["GET", "/actions/workflows/:workflow", ACTIONS_READ, getWorkflow],
  ["POST", "/actions/workflows/:workflow/dispatches", ACTIONS_WRITE, dispatchWorkflow],
  ["GET", "/actions/workflows/:workflow/runs", ACTIONS_READ, async (call) => listWorkflowRuns(call, await findWorkflowPath(call))],
  ["GET", "/actions/runs", ACTIONS_READ, (call) => listWorkflowRuns(call, null)],
  ["GET", "/actions/runs/:run", ACTIONS_READ, (call) => okReply(workflowRunShape(call.forge, call.repository, getRequestedRun(call)))],
  ["POST", "/actions/runs/:run/cancel", ACTIONS_WRITE, cancelWorkflowRun],
  ["GET", "/actions/runs/:run/jobs", ACTIONS_READ, listRunJobs],
  ["GET", "/actions/jobs/:job/logs", ACTIONS_READ, getJobLog],
  ["GET", "/actions/runs/:run/artifacts", ACTIONS_READ, listRunArtifacts],
];
