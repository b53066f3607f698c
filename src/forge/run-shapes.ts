import { account, type Json, repositoryShape, repositoryUrl, time } from "./shapes.ts";
import { type Forge, fullName, type Repository, type Run, type RunJob } from "./state.ts";

export const workflowId = (path: string): number =>
  Array.from(path).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_000_007, 7);

export const runShape = (forge: Forge, repository: Repository, run: Run): Json => {
  const url = `${repositoryUrl(forge, repository)}/actions/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: "",
    head_branch: run.branch,
    head_sha: run.sha,
    path: run.path,
    display_title: run.title,
    run_number: run.number,
    run_attempt: 1,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: workflowId(run.path),
    url,
    html_url: `${forge.url}/${fullName(repository)}/actions/runs/${run.id}`,
    jobs_url: `${url}/jobs`,
    cancel_url: `${url}/cancel`,
    pull_requests: [],
    created_at: time(run.created),
    run_started_at: time(run.created),
    updated_at: time(run.updated),
    actor: account(forge, run.actor.account),
    triggering_actor: account(forge, run.actor.account),
    repository: repositoryShape(forge, repository),
  };
};

export const jobShape = (forge: Forge, repository: Repository, of: { run: Run; job: RunJob }): Json => {
  const { run, job } = of;
  return {
    id: job.id,
    run_id: run.id,
    run_url: `${repositoryUrl(forge, repository)}/actions/runs/${run.id}`,
    run_attempt: 1,
    workflow_name: run.name,
    head_branch: run.branch,
    head_sha: run.sha,
    name: job.report.name,
    status: job.report.status,
    conclusion: job.report.conclusion,
    created_at: time(run.created),
    started_at: time(job.started ?? run.created),
    completed_at: job.completed === null ? null : time(job.completed),
    steps: job.report.steps.map((step, at) => ({
      name: step.name,
      number: at + 1,
      status: step.conclusion === null ? "queued" : "completed",
      conclusion: step.conclusion,
    })),
    url: `${repositoryUrl(forge, repository)}/actions/jobs/${job.id}`,
    html_url: `${forge.url}/${fullName(repository)}/actions/runs/${run.id}/job/${job.id}`,
    labels: [],
    runner_name: job.started === null ? null : "forge",
  };
};
