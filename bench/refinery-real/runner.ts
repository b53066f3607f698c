import { join } from "node:path";
import { GitError, runGit } from "../../src/storage/git/run-git.ts";
import { EMPTY_BUNDLE, writeBundle } from "../../src/job/job-bundle.ts";
import { deliverResult } from "../../src/job/deliver-result.ts";
import { type PublishOptions, publishJob } from "../../src/job/publish-job.ts";
import { readTaskId } from "../../src/core/domain/ids.ts";
import { type Job, toJobKey, readJobKey, toResultArtifactName } from "../../src/core/domain/job.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import type { PlannedStep } from "../../src/core/domain/plan.ts";
import type { WorkflowRunner, RunObserver, RunRequest } from "../../src/local-github/actions/workflow-runner.ts";
import { TIMES, type Trace } from "../refinery/trace.ts";
import type { Clock } from "./clock.ts";
import { filesOf, openTruth, resolvedFilesOf, stepId, stepNumber, type StepVersion, type Truth } from "./truth.ts";

/** Duration of a verify run in milliseconds: short, so that pauses of the coordinator would show in the figures. */
export const CHECK_MS = 60_000;

type Live = {
  /** The steps that had landed when the run started. */ readonly landed: readonly number[];
  readonly job: Job;
  readonly request: RunRequest;
  readonly observer: RunObserver;
  readonly from: number;
  readonly stop: () => void;
};

export type SimulatedRunner = WorkflowRunner & {
  /** Publishes the results of the runs that are due and reports the end of these runs. Returns false if there is none. */
  readonly finish: () => Promise<boolean>;
  /** Total time of verify runs in milliseconds. */
  readonly used: () => number;
  /** Number of jobs that resolved a conflict. */
  readonly resolutions: () => number;
  /** The files of a commit that describe its content, by path. */
  readonly filesAt: (commit: string) => Promise<Map<string, string>>;
};

type Options = {
  readonly clock: Clock;
  readonly trace: Trace;
  /** Directory of the served repository. */ readonly bare: string;
  readonly directory: string;
  /** State after the last write of the coordinator. */ readonly seen: () => {
    readonly ledger: Ledger | null;
    readonly landed: readonly number[];
  };
};

/** A runner with unlimited machines, without processes, agents and workspaces. A run takes the time of the trace and publishes through Enki's own publish job. */
export const openRunner = ({ clock, trace, bare, directory, seen }: Options): SimulatedRunner => {
  const live = new Map<number, Live>();
  const ended: Live[] = [];
  const truth = openTruth(trace);
  const agents = openAgents(trace, truth, seen);
  let used = 0;
  let resolutions = 0;
  const leave = ({ request, job, from }: Live): void => {
    live.delete(request.id);
    if (job.kind === "verify") used += clock.now() - from;
  };
  const filesAt = async (commit: string): Promise<Map<string, string>> => {
    const { code, stdout, stderr } = await runGit({ directory: bare, after: clock.after }, ["grep", "-e", "", commit, "--", "steps"]);
    // Code 1: no match, as in the first base.
    if (code !== 0 && code !== 1) throw new GitError(`git grep: ${stderr}`);
    return new Map(
      stdout
        .toString("utf8")
        .split("\n")
        .flatMap((line) => (line === "" ? [] : [line.slice(commit.length + 1).split(":") as [string, string]])),
    );
  };
  const make = async ({ job, landed }: Live, bundle: string): Promise<PublishOptions["conclusion"]> => {
    const { kind, target } = job;
    const left = { ...EMPTY_BUNDLE, end: "success", output: "done" } as const;
    if (kind === "verify") {
      const conclusion = truth.verdict(await filesAt(target)) === "green" ? "success" : "failure";
      await writeBundle(bundle, left);
      return { job: conclusion, step: conclusion };
    }
    if (kind === "resolve") resolutions += 1;
    const written = kind === "plan" ? {} : agents.filesBy(job, landed);
    const files = Object.entries(written).map(
      ([path, text]) => ({ path, kind: "file", executable: false, size: text.length, content: Buffer.from(text) }) as const,
    );
    await writeBundle(bundle, { ...left, files, tools: kind === "plan" ? [{ kind: "propose", plan: { steps: planOf(trace) } }] : [] });
    return { job: "success", step: "success" };
  };
  const publish = async (one: Live): Promise<void> => {
    const { job, request } = one;
    const { owner, name, defaultBranch } = request.repository;
    const url = `${request.serverUrl}/${owner}/${name}.git`;
    const bundle = join(directory, "bundle");
    const before = await make(one, bundle);
    // Results are published one after the other, so one clone is enough.
    const host = {
      job,
      workspace: directory,
      temp: directory,
      defaultBranch,
      url,
      near: bare,
      layers: { lowerLayers: [], overrideLayers: [], workflows: [] },
      after: clock.after,
      now: clock.now,
      log: () => undefined,
    };
    const token = request.mintToken({ contents: "write" });
    const published = await publishJob(host, { token, bundle, run: request.id, preparedOn: "", conclusion: before });
    if (published.kind === "built") {
      request.recordArtifact({ name: toResultArtifactName(published.commit), size: 1, digest: "0".repeat(64) });
      // The webhook at the end of the run wakes the coordinator.
      await deliverResult(host, { token, wakeCoordinator: () => Promise.resolve() });
    }
    request.revokeToken(token);
  };
  return {
    start: (request, observer) => {
      const { kind = "", target = "", attempt = "" } = request.inputs;
      const job = readJobKey(`${kind}/${target}/${attempt}`);
      if (!job) return observer.onDone("startup_failure", "not one of ours");
      observer.onTitle(toJobKey(job));
      observer.onJob({ id: "job", name: "job", status: "in_progress", conclusion: null, steps: [], log: null });
      const one: Live = {
        job,
        landed: seen().landed,
        request,
        observer,
        from: clock.now(),
        stop: clock.plan(timeOf(trace, job) * CHECK_MS, () => void ended.push(one)),
      };
      live.set(request.id, one);
    },
    cancel: (run) => {
      const one = live.get(run);
      if (!one) return;
      one.stop();
      leave(one);
      one.observer.onDone("cancelled", "");
    },
    finish: async () => {
      const over = ended.splice(0).filter(({ request }) => live.has(request.id));
      for (const one of over) leave(one);
      for (const one of over) await publish(one);
      for (const { observer } of over) observer.onDone("success", "");
      return over.length > 0;
    },
    used: () => used,
    resolutions: () => resolutions,
    filesAt,
    close: () => {
      for (const one of live.values()) leave(one);
      return Promise.resolve();
    },
  };
};

/** The work of agents. Each resolution or fix is a new version of its step. */
const openAgents = (trace: Trace, truth: Truth, seen: Options["seen"]) => {
  const heads = new Map<number, StepVersion>();
  const conflictsOf = (target: string): readonly string[] => {
    const task = readTaskId(target);
    const step = task && seen().ledger?.executions[task.execution]?.steps[task.step];
    return step?.resolution?.conflicts.map(({ path }) => path) ?? [];
  };
  return {
    filesBy: ({ kind, target, attempt }: Job, landed: readonly number[]): Record<string, string> => {
      const step = numberOf(target);
      const before = heads.get(step);
      const version = before ? before.version + 1 : 0;
      const isFix = kind === "work" && before !== undefined;
      const head = {
        version,
        bad: kind === "work" ? attempt === 1 && trace.bad[step] === true : (before?.bad ?? false),
        knows: [
          ...new Set([...(kind === "work" ? landed : (before?.knows ?? [])), ...(isFix ? truth.seenWith(step, before.version) : [])]),
        ],
      };
      heads.set(step, head);
      return kind === "work" ? filesOf(trace, step, head) : resolvedFilesOf(conflictsOf(target), step, head);
    },
  };
};

const numberOf = (task: string): number => stepNumber(readTaskId(task)?.step ?? "");

/** Duration of a run in checks. */
const timeOf = (trace: Trace, { kind, target, attempt }: Job): number => {
  if (kind === "verify") return TIMES.check;
  if (kind === "plan") return 0;
  if (kind === "resolve") return TIMES.merger;
  return attempt > 1 ? TIMES.fix : (trace.work[numberOf(target)] ?? 0);
};

const planOf = ({ scene, needs }: Trace): PlannedStep[] =>
  needs.map((needed, step) => ({
    id: stepId(step),
    title: `Step ${step}`,
    description: "It writes a file.",
    tier: "standard",
    role: null,
    output: "branch",
    needs: needed.map((need) => ({ step: stepId(need), condition: scene.start === "ready" ? "completed" : "merged" })),
    checkpoint: false,
    paths: [],
    verify: [],
    optional: false,
    run: null,
  }));
