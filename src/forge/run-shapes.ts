import { account } from "./account-shape.ts";
import { type Json, nodeId, numberOf, pageUrl, repositoryUrl, time, timeOrNull } from "./addresses.ts";
import { headShape } from "./commit-shapes.ts";
import { minimalRepository } from "./repository-shape.ts";
import type { Forge, Repository, Run, RunJob } from "./state.ts";

export type Workflow = { readonly path: string; readonly name: string; readonly state?: "active" | "deleted" };

export const workflowShape = (forge: Forge, repository: Repository, { path, name, state }: Workflow): Json => {
  const file = path.split("/").at(-1) ?? "";
  return {
    id: numberOf(path),
    node_id: nodeId("Workflow", numberOf(path)),
    name,
    path,
    state: state ?? "active",
    created_at: time(repository.created),
    updated_at: time(repository.created),
    url: `${repositoryUrl(forge, repository)}/actions/workflows/${numberOf(path)}`,
    html_url: `${pageUrl(forge, repository)}/blob/${repository.defaultBranch}/${path}`,
    badge_url: `${pageUrl(forge, repository)}/actions/workflows/${encodeURIComponent(file)}/badge.svg`,
  };
};

const PARTS = ["jobs", "logs", "artifacts", "cancel", "rerun"];

export const runShape = (forge: Forge, repository: Repository, run: Run): Json => {
  const api = repositoryUrl(forge, repository);
  const url = `${api}/actions/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("WorkflowRun", run.id),
    head_branch: run.branch,
    head_sha: run.sha,
    head_commit: headShape(run.head),
    path: run.path,
    display_title: run.title,
    run_number: run.number,
    run_attempt: 1,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: numberOf(run.path),
    workflow_url: `${api}/actions/workflows/${numberOf(run.path)}`,
    // Each has a suite of its own here.
    check_suite_id: run.id,
    check_suite_node_id: nodeId("CheckSuite", run.id),
    check_suite_url: `${api}/check-suites/${run.id}`,
    url,
    html_url: `${pageUrl(forge, repository)}/actions/runs/${run.id}`,
    ...Object.fromEntries(PARTS.map((part) => [`${part}_url`, `${url}/${part}`])),
    previous_attempt_url: null,
    pull_requests: [],
    referenced_workflows: [],
    created_at: time(run.created),
    run_started_at: time(run.created),
    updated_at: time(run.updated),
    actor: account(forge, run.actor.account),
    triggering_actor: account(forge, run.actor.account),
    repository: minimalRepository(forge, repository),
    head_repository: minimalRepository(forge, repository),
  };
};

/** Times of steps are not known; those of their job stand for them. */
const stepsOf = ({ report, started, completed }: RunJob, created: number): Json[] =>
  report.steps.map(({ name, conclusion }, at) => ({
    name,
    number: at + 1,
    status: conclusion === null ? "queued" : "completed",
    conclusion,
    started_at: conclusion === null ? null : time(started ?? created),
    completed_at: conclusion === null ? null : time(completed ?? started ?? created),
  }));

export const jobShape = (forge: Forge, repository: Repository, of: { run: Run; job: RunJob }): Json => {
  const { run, job } = of;
  const api = repositoryUrl(forge, repository);
  return {
    id: job.id,
    node_id: nodeId("CheckRun", job.id),
    run_id: run.id,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: 1,
    workflow_name: run.name,
    head_branch: run.branch,
    head_sha: run.sha,
    name: job.report.name,
    status: job.report.status,
    conclusion: job.report.conclusion,
    created_at: time(run.created),
    started_at: time(job.started ?? run.created),
    completed_at: timeOrNull(job.completed),
    steps: stepsOf(job, run.created),
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${pageUrl(forge, repository)}/actions/runs/${run.id}/job/${job.id}`,
    check_run_url: `${api}/check-runs/${job.id}`,
    labels: [],
    runner_id: job.started === null ? null : 1,
    runner_name: job.started === null ? null : "forge",
    runner_group_id: job.started === null ? null : 1,
    runner_group_name: job.started === null ? null : "Default",
  };
};
