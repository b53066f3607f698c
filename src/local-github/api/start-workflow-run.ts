import type { FinishedJob, JobReport, RunConclusion, RunRequest } from "../actions/workflow-runner.ts";
import { emitEvent } from "./emit-event.ts";
import { workflowJobShape, workflowRunShape, workflowShape } from "./run-shapes.ts";
import { type ForgeState, takeNextId } from "./forge-state.ts";
import { type ForgeRepository } from "./forge-repository.ts";
import type { ForgeRun, RunStart } from "./forge-run.ts";
import { mintJobToken } from "./access-tokens.ts";

const reportRunEvent = (forge: ForgeState, repository: ForgeRepository, { run, action }: { run: ForgeRun; action: string }): void => {
  const payload = {
    action,
    workflow_run: workflowRunShape(forge, repository, run),
    workflow: workflowShape(forge, repository, run),
  };
  const { actor, name, branch, chain } = run;
  emitEvent(forge, repository, { event: "workflow_run", payload, actor, workflow: name, ref: `refs/heads/${branch}`, chain: chain + 1 });
};

const recordRun = (forge: ForgeState, repository: ForgeRepository, start: RunStart): ForgeRun => {
  const now = forge.now();
  const run: ForgeRun = {
    id: takeNextId(forge),
    number: [...repository.runs.values()].filter(({ path }) => path === start.path).length + 1,
    path: start.path,
    name: start.name,
    event: start.event,
    branch: start.reportOn?.branch ?? start.ref.replace(/^refs\/(?:heads|tags)\//, ""),
    sha: start.reportOn?.sha ?? start.sha,
    head: start.head,
    actor: start.actor,
    chain: start.chain ?? 0,
    title: start.title,
    status: "queued",
    conclusion: null,
    reason: "",
    created: now,
    updated: now,
    listedAt: now + forge.lag.runsMs,
    jobs: new Map(),
    artifacts: new Map(),
    start,
  };
  repository.runs.set(run.id, run);
  return run;
};

const applyJobReport = (forge: ForgeState, repository: ForgeRepository, { run, job }: { run: ForgeRun; job: JobReport }): void => {
  const now = forge.now();
  run.updated = now;
  const known = run.jobs.get(job.id);
  const record = known ?? { id: takeNextId(forge), report: job, started: null, completed: null };
  const changed = !known || known.report.status !== job.status;
  record.report = job;
  if (job.status !== "queued") record.started ??= now;
  if (job.status === "completed") record.completed ??= now;
  run.jobs.set(job.id, record);
  void forge.save();
  if (run.status === "queued" && job.status === "in_progress") {
    run.status = "in_progress";
    reportRunEvent(forge, repository, { run, action: "in_progress" });
  }
  if (!changed) return;
  const payload = { action: job.status, workflow_job: workflowJobShape(forge, repository, { run, job: record }) };
  emitEvent(forge, repository, { event: "workflow_job", payload, actor: run.actor });
};

const finishRun = (
  forge: ForgeState,
  repository: ForgeRepository,
  end: { run: ForgeRun; conclusion: RunConclusion; reason: string },
): void => {
  const { run } = end;
  run.status = "completed";
  run.conclusion = end.conclusion;
  run.reason = end.reason;
  run.updated = forge.now();
  void forge.save();
  reportRunEvent(forge, repository, { run, action: "completed" });
};

/** Records a run that waits for approval, because a job's token opened its pull request. */
export const recordBlockedRun = (forge: ForgeState, repository: ForgeRepository, start: RunStart): ForgeRun => {
  const run = recordRun(forge, repository, start);
  run.status = "completed";
  run.conclusion = "action_required";
  return run;
};

/** Starts a run and records what the runner reports. */
export const startWorkflowRun = (forge: ForgeState, repository: ForgeRepository, start: RunStart): ForgeRun => {
  const run = recordRun(forge, repository, start);
  reportRunEvent(forge, repository, { run, action: "requested" });
  executeRun(forge, repository, { run });
  return run;
};

const isFinishedJob = (conclusion: RunConclusion | null): conclusion is FinishedJob["conclusion"] =>
  conclusion === "success" || conclusion === "failure" || conclusion === "cancelled" || conclusion === "skipped";

/** Continues a run of an earlier process: finished jobs keep their conclusions and artifacts, other jobs start again. */
export const resumeWorkflowRun = (forge: ForgeState, repository: ForgeRepository, run: ForgeRun): void => {
  const finishedJobs = new Map<string, FinishedJob>();
  for (const { report } of run.jobs.values()) {
    if (report.status === "completed" && isFinishedJob(report.conclusion))
      finishedJobs.set(report.id, { conclusion: report.conclusion, outputs: report.outputs ?? {} });
    else run.jobs.delete(report.id);
  }
  for (const { name, job } of run.artifacts.values()) if (job === undefined || !finishedJobs.has(job)) run.artifacts.delete(name);
  executeRun(forge, repository, { run, resumed: { finishedJobs, artifacts: [...run.artifacts.keys()] } });
};

type RunExecution = { readonly run: ForgeRun; readonly resumed?: NonNullable<RunRequest["resumed"]> };

const executeRun = (forge: ForgeState, repository: ForgeRepository, { run, resumed }: RunExecution): void => {
  const { start } = run;
  forge.runner.start(
    {
      id: run.id,
      workflow: { path: start.path, text: start.text },
      event: { name: start.event, payload: start.payload },
      inputs: start.inputs,
      ref: start.ref,
      sha: start.sha,
      actor: start.actor.account.login,
      repository: { owner: repository.owner.login, name: repository.name, defaultBranch: repository.defaultBranch },
      serverUrl: forge.url,
      apiUrl: `${forge.url}/api/v3`,
      mintToken: (permissions) => mintJobToken(forge, repository, permissions).value,
      revokeToken: (token) => void forge.tokens.delete(token),
      recordArtifact: (artifact) => {
        const id = takeNextId(forge);
        run.artifacts.set(artifact.name, { ...artifact, id, created: forge.now() });
        return id;
      },
      secrets: repository.secrets,
      environments: Object.fromEntries(repository.environments),
      environmentBranches: Object.fromEntries(repository.environmentBranches),
      variables: repository.variables,
      ...(forge.isEnterpriseServer && { enterpriseServer: true }),
      environmentVariables: Object.fromEntries(repository.environmentVariables),
      ...(resumed && { resumed }),
    },
    {
      onTitle: (title) => {
        if (title !== "") run.title = title;
      },
      onJob: (job) => applyJobReport(forge, repository, { run, job }),
      onDone: (conclusion, reason) => finishRun(forge, repository, { run, conclusion, reason }),
    },
  );
};
