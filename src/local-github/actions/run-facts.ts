import { join } from "node:path";
import type { RunRequest } from "./workflow-runner.ts";
import { type ExpressionValue, createDictionary, toExpressionValue } from "./evaluate-expression.ts";
import type { ActionsWorkflow } from "./actions-workflow.ts";

/** Values shared by the jobs of a run. */
export type RunFacts = {
  readonly request: RunRequest;
  readonly workflow: ActionsWorkflow;
  readonly event: ExpressionValue;
  readonly inputs: ExpressionValue;
  /** The texts of the `github` context, which are also the `GITHUB_*` variables. */
  readonly github: Readonly<Record<string, string>>;
};

export type JobDirectories = {
  readonly root: string;
  readonly workspace: string;
  readonly temp: string;
  readonly home: string;
  /** `TMPDIR`, so that temporary files are removed with the job. */
  readonly tmp: string;
  readonly tools: string;
  readonly event: string;
};

export const jobDirectoriesAt = (root: string): JobDirectories => ({
  root,
  workspace: join(root, "work"),
  temp: join(root, "temp"),
  home: join(root, "home"),
  tmp: join(root, "tmp"),
  tools: join(root, "tools"),
  event: join(root, "temp", "_github_workflow", "event.json"),
});

const readProperty = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;

/** The events for which GitHub sets `github.head_ref` and `github.base_ref`; payloads of reviews have a pull request too. */
const BRANCH_EVENTS = new Set(["pull_request", "pull_request_target"]);

const readPullBranch = ({ name, payload }: RunRequest["event"], side: "head" | "base"): string => {
  const ref = readProperty(readProperty(readProperty(payload, "pull_request"), side), "ref");
  return typeof ref === "string" && BRANCH_EVENTS.has(name) ? ref : "";
};

const githubContextTexts = (request: RunRequest, workflow: ActionsWorkflow): Record<string, string> => {
  const repository = `${request.repository.owner}/${request.repository.name}`;
  return {
    actor: request.actor,
    triggering_actor: request.actor,
    api_url: request.apiUrl,
    graphql_url: `${request.apiUrl}/graphql`,
    server_url: request.serverUrl,
    base_ref: readPullBranch(request.event, "base"),
    head_ref: readPullBranch(request.event, "head"),
    event_name: request.event.name,
    ref: request.ref,
    ref_name: request.ref.replace(/^refs\/(?:heads|tags|pull)\//, ""),
    ref_type: request.ref.startsWith("refs/tags/") ? "tag" : "branch",
    ref_protected: "false",
    repository,
    repository_owner: request.repository.owner,
    retention_days: "90",
    run_id: String(request.id),
    run_number: String(request.id),
    run_attempt: "1",
    sha: request.sha,
    workflow: workflow.name,
    workflow_ref: `${repository}/${workflow.path}@${request.ref}`,
    workflow_sha: request.sha,
  };
};

const dispatchInputValues = (request: RunRequest, workflow: ActionsWorkflow): ExpressionValue => {
  const declared = workflow.inputs.map((input): [string, unknown] => {
    const text = Object.hasOwn(request.inputs, input.name) ? request.inputs[input.name] : input.default;
    // `inputs` has typed values; `github.event.inputs` has the submitted texts.
    return [input.name, input.type === "boolean" ? text === "true" : input.type === "number" ? Number(text) : text];
  });
  return toExpressionValue(Object.fromEntries([...Object.entries(request.inputs), ...declared]));
};

export const createRunFacts = (request: RunRequest, workflow: ActionsWorkflow): RunFacts => ({
  request,
  workflow,
  event: toExpressionValue(request.event.payload),
  inputs: dispatchInputValues(request, workflow),
  github: githubContextTexts(request, workflow),
});

/** The contexts that exist before any job. `more` adds texts to the `github` context. */
export const createRunContexts = (
  facts: RunFacts,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, ExpressionValue>> => ({
  github: createDictionary([
    ...Object.entries({ ...facts.github, ...more }).map(([key, text]): [string, ExpressionValue] => [key, toExpressionValue(text)]),
    ["repositoryUrl", toExpressionValue(`${facts.request.serverUrl}/${facts.github["repository"] ?? ""}.git`)],
    ["event", facts.event],
  ]),
  inputs: facts.inputs,
  vars: toExpressionValue(facts.request.variables ?? {}),
});

/** Variables that every process of a job receives. They override the environment of the workflow file. */
export const defaultVariables = (facts: RunFacts, job: string, directories: JobDirectories): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(facts.github).map(([key, text]) => [`GITHUB_${key.toUpperCase()}`, text])),
  GITHUB_ACTIONS: "true",
  GITHUB_JOB: job,
  GITHUB_WORKSPACE: directories.workspace,
  GITHUB_EVENT_PATH: directories.event,
  ...Object.fromEntries(Object.entries(runnerContextTexts(directories)).map(([key, text]) => [`RUNNER_${key.toUpperCase()}`, text])),
});

const SYSTEM_NAMES: Readonly<Record<string, string>> = { linux: "Linux", darwin: "macOS", win32: "Windows" };

export const runnerContextTexts = (directories: JobDirectories): Readonly<Record<string, string>> => ({
  name: "enki",
  os: SYSTEM_NAMES[process.platform] ?? process.platform,
  arch: process.arch.toUpperCase(),
  environment: "self-hosted",
  temp: directories.temp,
  tool_cache: directories.tools,
  workspace: directories.root,
});
