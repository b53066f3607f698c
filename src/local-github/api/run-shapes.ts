import { accountShape } from "./account-shape.ts";
import { type ApiJson, nodeId, hashToNumber, pageUrl, repositoryUrl, formatTimestamp, formatOptionalTimestamp } from "./api-urls.ts";
import { headCommitShape } from "./commit-shapes.ts";
import { minimalRepositoryShape } from "./repository-shape.ts";
import type { ForgeState } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { ForgeRun, RunArtifact, WorkflowRunJob } from "./forge-run.ts";
import { DAY_MS } from "../../core/domain/durations.ts";

export type WorkflowSummary = { readonly path: string; readonly name: string; readonly state?: "active" | "deleted" };

export const workflowShape = (forge: ForgeState, repository: ForgeRepository, { path, name, state }: WorkflowSummary): ApiJson => {
  const file = path.split("/").at(-1) ?? "";
  return {
    id: hashToNumber(path),
    node_id: nodeId("Workflow", hashToNumber(path)),
    name,
    path,
    state: state ?? "active",
    created_at: formatTimestamp(repository.created),
    updated_at: formatTimestamp(repository.created),
    url: `${repositoryUrl(forge, repository)}/actions/workflows/${hashToNumber(path)}`,
    html_url: `${pageUrl(forge, repository)}/blob/${repository.defaultBranch}/${path}`,
    badge_url: `${pageUrl(forge, repository)}/actions/workflows/${encodeURIComponent(file)}/badge.svg`,
  };
};

const RUN_URL_PATHS = ["jobs", "logs", "artifacts", "cancel", "rerun"];

export const workflowRunShape = (forge: ForgeState, repository: ForgeRepository, run: ForgeRun): ApiJson => {
  const api = repositoryUrl(forge, repository);
  const url = `${api}/actions/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("WorkflowRun", run.id),
    head_branch: run.branch,
    head_sha: run.sha,
    head_commit: headCommitShape(run.head),
    path: run.path,
    display_title: run.title,
    run_number: run.number,
    run_attempt: 1,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: hashToNumber(run.path),
    workflow_url: `${api}/actions/workflows/${hashToNumber(run.path)}`,
    // Each run has a check suite of its own here.
    check_suite_id: run.id,
    check_suite_node_id: nodeId("CheckSuite", run.id),
    check_suite_url: `${api}/check-suites/${run.id}`,
    url,
    html_url: `${pageUrl(forge, repository)}/actions/runs/${run.id}`,
    ...Object.fromEntries(RUN_URL_PATHS.map((part) => [`${part}_url`, `${url}/${part}`])),
    previous_attempt_url: null,
    pull_requests: [],
    referenced_workflows: [],
    created_at: formatTimestamp(run.created),
    run_started_at: formatTimestamp(run.created),
    updated_at: formatTimestamp(run.updated),
    actor: accountShape(forge, run.actor.account),
    triggering_actor: accountShape(forge, run.actor.account),
    repository: minimalRepositoryShape(forge, repository),
    head_repository: minimalRepositoryShape(forge, repository),
  };
};

/** GitHub's default retention; the runner ignores `retention-days`. */
const RETENTION_MS = 90 * DAY_MS;

/** https://docs.github.com/en/rest/actions/artifacts#list-workflow-run-artifacts */
export const runArtifactShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { run, artifact }: { run: ForgeRun; artifact: RunArtifact },
): ApiJson => {
  const url = `${repositoryUrl(forge, repository)}/actions/artifacts/${artifact.id}`;
  return {
    id: artifact.id,
    node_id: nodeId("Artifact", artifact.id),
    name: artifact.name,
    size_in_bytes: artifact.size,
    url,
    archive_download_url: `${url}/zip`,
    expired: false,
    digest: `sha256:${artifact.digest}`,
    created_at: formatTimestamp(artifact.created),
    updated_at: formatTimestamp(artifact.created),
    expires_at: formatTimestamp(artifact.created + RETENTION_MS),
    workflow_run: {
      id: run.id,
      repository_id: repository.id,
      head_repository_id: repository.id,
      head_branch: run.branch,
      head_sha: run.sha,
    },
  };
};

/** The runner does not record times of steps; the times of their job are reported instead. */
const jobStepShapes = ({ report, started, completed }: WorkflowRunJob, created: number): ApiJson[] =>
  report.steps.map(({ name, conclusion }, index) => ({
    name,
    number: index + 1,
    status: conclusion === null ? "queued" : "completed",
    conclusion,
    started_at: conclusion === null ? null : formatTimestamp(started ?? created),
    completed_at: conclusion === null ? null : formatTimestamp(completed ?? started ?? created),
  }));

export const workflowJobShape = (
  forge: ForgeState,
  repository: ForgeRepository,
  { run, job }: { run: ForgeRun; job: WorkflowRunJob },
): ApiJson => {
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
    created_at: formatTimestamp(run.created),
    started_at: formatTimestamp(job.started ?? run.created),
    completed_at: formatOptionalTimestamp(job.completed),
    steps: jobStepShapes(job, run.created),
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
