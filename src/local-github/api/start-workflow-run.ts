import type { RunConclusion, JobReport } from "../actions/workflow-runner.ts";
import { emitEvent } from "./emit-event.ts";
import type { CommitFacts } from "./commit-operations.ts";
import { workflowJobShape, workflowRunShape, workflowShape } from "./run-shapes.ts";
import { type RequestActor } from "./forge-actor.ts";
import { type ForgeState, takeNextId } from "./forge-state.ts";
import { type ForgeRepository } from "./forge-repository.ts";
import { type ForgeRun } from "./forge-run.ts";
import { mintJobToken } from "./access-tokens.ts";
import type { EventPayload } from "./webhook-event.ts";

/** A workflow file at a commit, and the event to run it for. */
export type RunStart = {
  readonly path: string;
  readonly text: string;
  readonly name: string;
  readonly event: string;
  readonly payload: EventPayload;
  readonly inputs: Readonly<Record<string, string>>;
  /** The ref and the commit that the file was read from. */
  readonly ref: string;
  readonly sha: string;
  readonly reportOn?: { readonly branch: string; readonly sha: string };
  /** The commit that shows the run. */
  readonly head: CommitFacts;
  readonly actor: RequestActor;
  readonly title: string;
  readonly chain?: number;
};

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
  const environments = Object.fromEntries(repository.environments);
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
      environments,
    },
    {
      onTitle: (title) => {
        if (title !== "") run.title = title;
      },
      onJob: (job) => applyJobReport(forge, repository, { run, job }),
      onDone: (conclusion, reason) => finishRun(forge, repository, { run, conclusion, reason }),
    },
  );
  return run;
};
