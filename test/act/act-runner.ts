import { appendFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ActionsWorkflow } from "../../src/local-github/actions/actions-workflow.ts";
import { evaluateText, NO_FUNCTIONS } from "../../src/local-github/actions/evaluate-expression.ts";
import { createJobSlots } from "../../src/local-github/actions/job-slots.ts";
import { prepareRun } from "../../src/local-github/actions/prepare-run.ts";
import { createRunContexts, createRunFacts } from "../../src/local-github/actions/run-facts.ts";
import type {
  JobPermissions,
  JobReport,
  RunConclusion,
  RunObserver,
  RunRequest,
  WorkflowRunner,
} from "../../src/local-github/actions/workflow-runner.ts";
import { type ActLine, startAct } from "./act-process.ts";
import { ARTIFACT_MARK } from "./stand-ins.ts";

export type ActRunnerOptions = {
  readonly command: string;
  readonly directory: string;
  /** The installation with Enki's `action.yml`. */
  readonly actionRoot: string;
  readonly actions: ReadonlyMap<string, string>;
  /** The number of parallel runs. */
  readonly atOnce: number;
  /** Receives every line of act's log. */
  readonly onLine: (request: RunRequest, line: ActLine) => void;
};

const LEVELS = ["none", "read", "write"] as const;

/** Joins the permissions of the jobs into one token for the run, because act has no permissions. */
const joinPermissions = ({ jobs, permissions }: ActionsWorkflow): JobPermissions => {
  const joined: Record<string, "none" | "read" | "write"> = {};
  for (const job of jobs)
    for (const [scope, level] of Object.entries(job.permissions ?? permissions))
      joined[scope] = LEVELS[Math.max(LEVELS.indexOf(level), LEVELS.indexOf(joined[scope] ?? "none"))] ?? "none";
  return joined;
};

type ActRun = {
  readonly request: RunRequest;
  readonly observer: RunObserver;
  readonly log: (job: string) => string;
  readonly jobs: Map<string, JobReport>;
  readonly errors: string[];
  cancelled: boolean;
  interrupt: () => void;
};

const reportJob = (run: ActRun, job: JobReport): void => {
  run.jobs.set(job.id, job);
  run.observer.onJob(job);
};

const readConclusion = (text: string): "success" | "failure" | "skipped" => (text === "success" || text === "skipped" ? text : "failure");

/** Reports the changes of a job, its steps and its artifacts from a line of act. */
const readLine = (run: ActRun, line: ActLine): void => {
  const { msg, jobID: id, jobResult, stepResult, stage, step = "" } = line;
  if (line.level === "error") run.errors.push(msg);
  if (id === undefined) return;
  const begun = run.jobs.get(id) ?? { id, name: id, status: "in_progress", conclusion: null, steps: [], log: run.log(id) };
  if (!run.jobs.has(id)) reportJob(run, begun);
  if (line.raw_output && msg.startsWith(ARTIFACT_MARK))
    run.request.recordArtifact({
      ...(JSON.parse(msg.slice(ARTIFACT_MARK.length)) as { name: string; size: number; digest: string }),
      job: id,
    });
  if (stepResult !== undefined && stage === "Main")
    reportJob(run, { ...begun, steps: [...begun.steps, { name: step, conclusion: readConclusion(stepResult) }] });
  if (jobResult !== undefined) reportJob(run, { ...begun, status: "completed", conclusion: readConclusion(jobResult) });
};

/** Reports jobs without a line as skipped: act logs them only in its verbose mode. */
const concludeRun = (run: ActRun, workflow: ActionsWorkflow, code: number): RunConclusion => {
  for (const { id } of workflow.jobs) {
    const known = run.jobs.get(id);
    if (known?.status === "completed") continue;
    const conclusion = run.cancelled ? "cancelled" : known ? "failure" : "skipped";
    reportJob(run, { ...(known ?? { id, name: id, steps: [], log: null }), status: "completed", conclusion });
  }
  const ends = [...run.jobs.values()].map(({ conclusion }) => conclusion);
  if (run.cancelled) return "cancelled";
  if (ends.includes("failure")) return "failure";
  if (code !== 0) return "startup_failure";
  return ends.every((end) => end === "skipped") ? "skipped" : "success";
};

/**
 * Creates a runner that executes each workflow run with act in a process. Groups of `concurrency` have no effect, because act does not know
 * them.
 */
export const createActRunner = (options: ActRunnerOptions): WorkflowRunner => {
  const slots = createJobSlots(options.atOnce);
  const runs = new Map<number, { run: ActRun; done: Promise<void> }>();

  const execute = async (run: ActRun): Promise<void> => {
    const { request, observer } = run;
    const prepared = await prepareRun(request, options.actionRoot);
    if (!prepared.ok) return observer.onDone("startup_failure", prepared.reason);
    const { workflow } = prepared;
    const contexts = createRunContexts(createRunFacts(request, workflow));
    // Act ignores `run-name`, so this runner evaluates the name like GitHub.
    observer.onTitle(evaluateText(workflow.runName, { contexts, functions: NO_FUNCTIONS }) || workflow.name);
    const token = request.mintToken(joinPermissions(workflow));
    const directory = join(options.directory, String(request.id));
    await mkdir(join(directory, "logs"), { recursive: true });
    const texts = new Map<string, string[]>();
    const onLine = (line: ActLine): void => {
      options.onLine(request, line);
      const id = line.jobID ?? "";
      texts.set(id, [...(texts.get(id) ?? []), line.msg.trimEnd()]);
      readLine(run, line);
    };
    const act = await startAct({ command: options.command, directory, actions: options.actions, request, token, onLine });
    run.interrupt = act.interrupt;
    if (run.cancelled) act.interrupt();
    const code = await act.ended;
    request.revokeToken(token);
    for (const [id, lines] of texts) await appendFile(run.log(id), `${lines.join("\n")}\n`);
    for (const part of ["secrets.yaml", "cache", "workspace", "home"]) await rm(join(directory, part), { recursive: true, force: true });
    observer.onDone(concludeRun(run, workflow, code), run.errors.join("\n"));
  };

  const stop = (run: ActRun): void => {
    run.cancelled = true;
    run.interrupt();
  };

  return {
    start: (request, observer) => {
      const log = (job: string): string => join(options.directory, String(request.id), "logs", `${job || "act"}.log`);
      const run: ActRun = { request, observer, log, jobs: new Map(), errors: [], cancelled: false, interrupt: () => undefined };
      const turn = new Promise<() => void>((resolve) => {
        const leave = slots.enter(() => resolve(() => leave()));
      });
      const done = turn
        .then(async (leave) => {
          try {
            if (run.cancelled) observer.onDone("cancelled", "");
            else await execute(run);
          } finally {
            leave();
          }
        })
        .catch((error: unknown) => observer.onDone("startup_failure", String(error)))
        .finally(() => runs.delete(request.id));
      runs.set(request.id, { run, done });
    },
    cancel: (id) => {
      const found = runs.get(id);
      if (found) stop(found.run);
    },
    close: async () => {
      for (const { run } of runs.values()) stop(run);
      await Promise.all([...runs.values()].map(({ done }) => done));
    },
  };
};
