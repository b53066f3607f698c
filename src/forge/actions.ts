import { z } from "zod";
import { type Call, type Handler, nothing, ok, type Route } from "./exchange.ts";
import { notFound, Refusal } from "./refusal.ts";
import { numberOf, repositoryUrl } from "./addresses.ts";
import type { CommitFacts } from "./commits.ts";
import { jobShape, runShape, workflowShape } from "./run-shapes.ts";
import { startRun } from "./runs.ts";
import { happen } from "./happen.ts";
import { fullName, type Run } from "./state.ts";
import { defaultPlace, nameOf, type WorkflowFile, workflowsAt } from "./trigger.ts";
import type { Input } from "./triggers.ts";
import { payloadOf } from "./webhooks.ts";

const MOST_INPUTS = 25;
const LONGEST_INPUTS = 65_535;
const MOST_PAYLOAD = 10;

const value = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]);
const dispatch = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), value).default({}),
  return_run_details: z.boolean().default(false),
});
const repositoryDispatch = z.object({
  event_type: z.string().min(1).max(100),
  client_payload: z
    .record(z.string(), z.unknown())
    .default({})
    .refine(
      (payload) => Object.keys(payload).length <= MOST_PAYLOAD,
      `No more than ${MOST_PAYLOAD} properties are allowed; client_payload`,
    ),
});

const listedFiles = async (call: Call): Promise<WorkflowFile[]> => {
  const place = await defaultPlace(call.repository);
  return place ? workflowsAt(call.repository, place.sha) : [];
};

/** The path of a workflow named by its file or its number; one that has runs is known after its file is gone. */
const pathOf = async (call: Call): Promise<string> => {
  const id = call.param("workflow");
  const paths = [...(await listedFiles(call)).map(({ path }) => path), ...[...call.repository.runs.values()].map(({ path }) => path)];
  const found = paths.find((path) => path === `.github/workflows/${id}` || path === id || String(numberOf(path)) === id);
  if (found === undefined) throw notFound();
  return found;
};

const checkInputs = (declared: ReadonlyMap<string, Input>, given: Readonly<Record<string, string>>): void => {
  const unexpected = Object.keys(given).filter((name) => !declared.has(name));
  if (unexpected.length > 0) throw new Refusal(422, `Unexpected inputs provided: ${JSON.stringify(unexpected)}`);
  if (Object.keys(given).length > MOST_INPUTS)
    throw new Refusal(422, `you may only define up to ${MOST_INPUTS} inputs for a \`workflow_dispatch\` event`);
  if (JSON.stringify(given).length > LONGEST_INPUTS) throw new Refusal(422, "inputs are too large.");
  for (const [name, input] of declared) {
    const text = given[name];
    if (text === undefined && input.required && !input.hasDefault) throw new Refusal(422, `Required input '${name}' not provided`);
    if (text !== undefined && input.type === "choice" && !input.options.includes(text)) {
      throw new Refusal(422, `Provided value '${text}' for input '${name}' not in the list of allowed values`);
    }
  }
};

/** A branch or a tag, never a commit. */
const refNamed = async (call: Call, name: string): Promise<{ ref: string; sha: string; head: CommitFacts }> => {
  const { bare } = call.repository;
  for (const ref of name.startsWith("refs/") ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`]) {
    const known = /^refs\/(?:heads|tags)\//.test(ref) && (await bare.ref(ref)) !== null;
    const sha = known ? await bare.commit(ref) : null;
    const head = sha === null ? null : await bare.describe(sha);
    if (sha !== null && head) return { ref, sha, head };
  }
  throw new Refusal(422, `No ref found for: ${name}`);
};

const dispatchWorkflow: Handler = async (call) => {
  const { forge, repository } = call;
  const path = await pathOf(call);
  const input = await call.input(dispatch);
  const place = await refNamed(call, input.ref);
  const text = (await repository.bare.file(place.sha, path))?.toString("utf8");
  const file = text === undefined ? undefined : (await workflowsAt(repository, place.sha)).find((one) => one.path === path);
  const isListening = file?.triggers?.on.has("workflow_dispatch") ?? false;
  if (!file || !isListening) throw new Refusal(422, "Workflow does not have 'workflow_dispatch' trigger");
  checkInputs(file.triggers?.inputs ?? new Map(), input.inputs);
  const actor = call.actor();
  const payload = payloadOf(forge, repository, {
    event: "workflow_dispatch",
    payload: { inputs: input.inputs, ref: place.ref, workflow: path },
    by: actor.account,
  });
  const name = nameOf(file);
  const run = startRun(forge, repository, {
    ...place,
    path,
    text: file.text,
    name,
    event: "workflow_dispatch",
    payload,
    inputs: input.inputs,
    actor,
    title: name,
  });
  if (!input.return_run_details) return nothing;
  return ok({
    workflow_run_id: run.id,
    run_url: `${repositoryUrl(forge, repository)}/actions/runs/${run.id}`,
    html_url: `${forge.url}/${fullName(repository)}/actions/runs/${run.id}`,
  });
};

const dispatchRepository: Handler = async (call) => {
  const { event_type, client_payload } = await call.input(repositoryDispatch);
  const payload = { action: event_type, branch: call.repository.defaultBranch, client_payload };
  happen(call.forge, call.repository, { event: "repository_dispatch", payload, actor: call.actor(), title: event_type });
  return nothing;
};

const runOf = (call: Call): Run => {
  const run = call.repository.runs.get(Number(call.param("run")));
  if (!run) throw notFound();
  return run;
};

const listRuns = (call: Call, path: string | null) => {
  const {
    status,
    branch,
    event,
    actor,
    head_sha: sha,
  } = Object.fromEntries(["status", "branch", "event", "actor", "head_sha"].map((name) => [name, call.query(name)]));
  const runs = [...call.repository.runs.values()]
    .filter((run) => run.listed <= call.forge.now())
    .filter((run) => path === null || run.path === path)
    .filter((run) => status === undefined || run.status === status || run.conclusion === status)
    .filter((run) => (branch === undefined || run.branch === branch) && (event === undefined || run.event === event))
    .filter((run) => (actor === undefined || run.actor.account.login === actor) && (sha === undefined || run.sha === sha))
    .sort((a, b) => b.id - a.id);
  return call.page(
    runs.map((run) => runShape(call.forge, call.repository, run)),
    (items) => ({ total_count: runs.length, workflow_runs: items }),
  );
};

const cancel: Handler = (call) => {
  const run = runOf(call);
  if (run.status === "completed") throw new Refusal(409, "Cannot cancel a workflow run that is completed.");
  call.forge.runner.cancel(run.id);
  return { status: 202, body: {} };
};

const jobs: Handler = (call) => {
  const run = runOf(call);
  const shapes = [...run.jobs.values()].map((job) => jobShape(call.forge, call.repository, { run, job }));
  return call.page(shapes, (items) => ({ total_count: shapes.length, jobs: items }));
};

const workflows: Handler = async (call) => {
  const files = await listedFiles(call);
  const shapes = files.map((file) => workflowShape(call.forge, call.repository, { path: file.path, name: nameOf(file) }));
  return call.page(shapes, (items) => ({ total_count: shapes.length, workflows: items }));
};

const workflow: Handler = async (call) => {
  const path = await pathOf(call);
  const file = (await listedFiles(call)).find((one) => one.path === path);
  const of = { path, name: file ? nameOf(file) : path, state: file ? "active" : "deleted" } as const;
  return ok(workflowShape(call.forge, call.repository, of));
};

const READ = { scope: "actions", level: "read" } as const;
const WRITE = { scope: "actions", level: "write" } as const;

/** Routes of Actions: workflows, dispatches, runs and their jobs. */
export const actionRoutes: readonly Route[] = [
  ["POST", "/dispatches", { scope: "contents", level: "write" }, dispatchRepository],
  ["GET", "/actions/workflows", READ, workflows],
  ["GET", "/actions/workflows/:workflow", READ, workflow],
  ["POST", "/actions/workflows/:workflow/dispatches", WRITE, dispatchWorkflow],
  ["GET", "/actions/workflows/:workflow/runs", READ, async (call) => listRuns(call, await pathOf(call))],
  ["GET", "/actions/runs", READ, (call) => listRuns(call, null)],
  ["GET", "/actions/runs/:run", READ, (call) => ok(runShape(call.forge, call.repository, runOf(call)))],
  ["POST", "/actions/runs/:run/cancel", WRITE, cancel],
  ["GET", "/actions/runs/:run/jobs", READ, jobs],
];
