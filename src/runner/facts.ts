import { join } from "node:path";
import type { RunRequest } from "./contract.ts";
import { type Data, dictionary, toData } from "./expression.ts";
import type { Workflow } from "./workflow.ts";

/** What is the same for every job of a run. */
export type RunFacts = {
  readonly request: RunRequest;
  readonly workflow: Workflow;
  readonly event: Data;
  readonly inputs: Data;
  /** The texts of the `github` context; also `GITHUB_*` variables. */
  readonly github: Readonly<Record<string, string>>;
};

/** The directories of one job, all below `root`. */
export type Place = {
  readonly root: string;
  readonly workspace: string;
  readonly temp: string;
  readonly home: string;
  /** `TMPDIR`, so that nothing is left in the machine's. */
  readonly tmp: string;
  readonly tools: string;
  readonly event: string;
};

export const placeAt = (root: string): Place => ({
  root,
  workspace: join(root, "work"),
  temp: join(root, "temp"),
  home: join(root, "home"),
  tmp: join(root, "tmp"),
  tools: join(root, "tools"),
  event: join(root, "temp", "_github_workflow", "event.json"),
});

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([name]) => name === key)?.[1] : undefined;

const branchOf = (payload: unknown, side: "head" | "base"): string => {
  const ref = field(field(field(payload, "pull_request"), side), "ref");
  return typeof ref === "string" ? ref : "";
};

const githubTexts = (request: RunRequest, workflow: Workflow): Record<string, string> => {
  const repository = `${request.repository.owner}/${request.repository.name}`;
  return {
    actor: request.actor,
    triggering_actor: request.actor,
    api_url: request.apiUrl,
    graphql_url: `${request.apiUrl}/graphql`,
    server_url: request.serverUrl,
    base_ref: branchOf(request.event.payload, "base"),
    head_ref: branchOf(request.event.payload, "head"),
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

const inputsOf = (request: RunRequest, workflow: Workflow): Data => {
  const declared = workflow.inputs.map((input): [string, unknown] => {
    const text = Object.hasOwn(request.inputs, input.name) ? request.inputs[input.name] : input.default;
    // In `inputs` a boolean is a boolean; in `github.event.inputs` it is the text that was sent.
    return [input.name, input.type === "boolean" ? text === "true" : input.type === "number" ? Number(text) : text];
  });
  return toData(Object.fromEntries([...Object.entries(request.inputs), ...declared]));
};

export const factsOf = (request: RunRequest, workflow: Workflow): RunFacts => ({
  request,
  workflow,
  event: toData(request.event.payload),
  inputs: inputsOf(request, workflow),
  github: githubTexts(request, workflow),
});

/** Contexts that a run has before any job; `more` are texts of the `github` context. */
export const runContexts = (facts: RunFacts, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, Data>> => ({
  github: dictionary([
    ...Object.entries({ ...facts.github, ...more }).map(([key, text]): [string, Data] => [key, toData(text)]),
    ["repositoryUrl", toData(`${facts.request.serverUrl}/${facts.github["repository"] ?? ""}.git`)],
    ["event", facts.event],
  ]),
  inputs: facts.inputs,
  vars: toData({}),
});

/** What every process of a job gets beside the environment of the file: these names win over any other. */
export const variables = (facts: RunFacts, job: string, place: Place): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(facts.github).map(([key, text]) => [`GITHUB_${key.toUpperCase()}`, text])),
  GITHUB_ACTIONS: "true",
  GITHUB_JOB: job,
  GITHUB_WORKSPACE: place.workspace,
  GITHUB_EVENT_PATH: place.event,
  ...Object.fromEntries(Object.entries(runnerTexts(place)).map(([key, text]) => [`RUNNER_${key.toUpperCase()}`, text])),
});

const SYSTEMS: Readonly<Record<string, string>> = { linux: "Linux", darwin: "macOS", win32: "Windows" };

/** The `runner` context. */
export const runnerTexts = (place: Place): Readonly<Record<string, string>> => ({
  name: "enki",
  os: SYSTEMS[process.platform] ?? process.platform,
  arch: process.arch.toUpperCase(),
  environment: "self-hosted",
  temp: place.temp,
  tool_cache: place.tools,
  workspace: place.root,
});
