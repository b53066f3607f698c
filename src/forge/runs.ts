import type { Conclusion, JobReport } from "../runner/contract.ts";
import { happen } from "./happen.ts";
import type { CommitFacts } from "./commits.ts";
import { jobShape, runShape, workflowShape } from "./run-shapes.ts";
import { type Actor, type Forge, nextId, type Repository, type Run } from "./state.ts";
import { mintJobToken } from "./tokens.ts";
import type { Payload } from "./webhooks.ts";

/** A workflow file at a commit, and what it is to run for. */
export type Start = {
  readonly path: string;
  readonly text: string;
  readonly name: string;
  readonly event: string;
  readonly payload: Payload;
  readonly inputs: Readonly<Record<string, string>>;
  /** Full ref and commit that the file was taken from. */
  readonly ref: string;
  readonly sha: string;
  readonly on?: { readonly branch: string; readonly sha: string };
  /** The commit that the run is reported on. */
  readonly head: CommitFacts;
  readonly actor: Actor;
  readonly title: string;
  readonly chain?: number;
};

const tell = (forge: Forge, repository: Repository, of: { run: Run; action: string }): void => {
  const payload = {
    action: of.action,
    workflow_run: runShape(forge, repository, of.run),
    workflow: workflowShape(forge, repository, of.run),
  };
  const { actor, name, branch, chain } = of.run;
  happen(forge, repository, { event: "workflow_run", payload, actor, workflow: name, ref: `refs/heads/${branch}`, chain: chain + 1 });
};

const record = (forge: Forge, repository: Repository, start: Start): Run => {
  const now = forge.now();
  const run: Run = {
    id: nextId(forge),
    number: [...repository.runs.values()].filter(({ path }) => path === start.path).length + 1,
    path: start.path,
    name: start.name,
    event: start.event,
    branch: start.on?.branch ?? start.ref.replace(/^refs\/(?:heads|tags)\//, ""),
    sha: start.on?.sha ?? start.sha,
    head: start.head,
    actor: start.actor,
    chain: start.chain ?? 0,
    title: start.title,
    status: "queued",
    conclusion: null,
    why: "",
    created: now,
    updated: now,
    listed: now + forge.lag.runs,
    jobs: new Map(),
  };
  repository.runs.set(run.id, run);
  return run;
};

const report = (forge: Forge, repository: Repository, of: { run: Run; job: JobReport }): void => {
  const { run, job } = of;
  const now = forge.now();
  run.updated = now;
  const known = run.jobs.get(job.id);
  const kept = known ?? { id: nextId(forge), report: job, started: null, completed: null };
  const changed = !known || known.report.status !== job.status;
  kept.report = job;
  if (job.status !== "queued") kept.started ??= now;
  if (job.status === "completed") kept.completed ??= now;
  run.jobs.set(job.id, kept);
  if (run.status === "queued" && job.status === "in_progress") {
    run.status = "in_progress";
    tell(forge, repository, { run, action: "in_progress" });
  }
  if (!changed) return;
  const payload = { action: job.status, workflow_job: jobShape(forge, repository, { run, job: kept }) };
  happen(forge, repository, { event: "workflow_job", payload, actor: run.actor });
};

const finish = (forge: Forge, repository: Repository, of: { run: Run; conclusion: Conclusion; why: string }): void => {
  const { run } = of;
  run.status = "completed";
  run.conclusion = of.conclusion;
  run.why = of.why;
  run.updated = forge.now();
  tell(forge, repository, { run, action: "completed" });
};

/** Keeps a run that waits for somebody's approval: jobs of a token opened its pull request. */
export const startBlocked = (forge: Forge, repository: Repository, start: Start): Run => {
  const run = record(forge, repository, start);
  run.status = "completed";
  run.conclusion = "action_required";
  return run;
};

/** Starts a run and follows it to its end. */
export const startRun = (forge: Forge, repository: Repository, start: Start): Run => {
  const run = record(forge, repository, start);
  tell(forge, repository, { run, action: "requested" });
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
      secrets: repository.secrets,
      environments,
    },
    {
      named: (title) => {
        if (title !== "") run.title = title;
      },
      job: (job) => report(forge, repository, { run, job }),
      done: (conclusion, why) => finish(forge, repository, { run, conclusion, why }),
    },
  );
  return run;
};
