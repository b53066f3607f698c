import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { connectGitHub } from "../../src/github/connect-github.ts";
import { EMPTY_BUNDLE, writeBundle, type NewBundle } from "../../src/job/job-bundle.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import type { JobHost } from "../../src/job/repository-state.ts";
import type { StepHost } from "../../src/job/step-host.ts";
import { deliverResult } from "../../src/job/deliver-result.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { publishJob } from "../../src/job/publish-job.ts";
import { type JobSpec, toJobPaths, findComparedCommit } from "../../src/job/job-spec.ts";
import { listWorkspaceChanges } from "../../src/job/job-workspace.ts";
import { readJobKey, toJobKey, toResultArtifactName } from "../../src/core/domain/job.ts";
import type { Plan } from "../../src/core/domain/plan.ts";
import type { WorkflowRunner, RunObserver, RunRequest } from "../../src/local-github/actions/workflow-runner.ts";
import { after } from "../support/after.ts";

/** Acts of an agent or of a candidate's check in a scenario. */
export type Act =
  /** `tools`: commands that the planner's tools recorded besides the plan. */
  | { readonly plan: Plan; readonly tools?: NewBundle["tools"] }
  /** New contents by path; null removes a file. */
  | { readonly files: Readonly<Record<string, string | null>>; readonly output?: string; readonly replies?: NewBundle["replies"] }
  | { readonly report: string; readonly why?: string }
  /** The raw entries of a hostile job's bundle. */
  | { readonly bundle: NewBundle["files"] }
  | { readonly end: NewBundle["end"]; readonly why?: string; readonly output?: string; readonly outcome?: NewBundle["outcome"] }
  /** Runs the step's own command, like a job on GitHub. */
  | "runs"
  /** The verdict on a candidate, with the log's last lines. */
  | { readonly verdict: "green" | "red"; readonly log?: string }
  /** The machine of the job fails: the job publishes nothing. */
  | "dies"
  /** The run continues until a cancellation. */
  | "hangs";

export type Script = (spec: JobSpec) => Act | Promise<Act>;

export type QuickRunnerOptions = {
  readonly directory: string;
  readonly script: Script;
  /** The number of machines; any number by default. */
  readonly atOnce?: number | undefined;
  /** See CloneOptions.near. */
  readonly findNear?: ((repository: string) => string) | undefined;
};

/**
 * Creates a runner that acts like Enki's Actions workflow, with its own functions, real git and real tokens, in this process and without an
 * agent.
 */
export const quickRunner = ({ directory, script, atOnce, findNear }: QuickRunnerOptions) => {
  const machines = openMachines(atOnce ?? Infinity);
  const running = new Map<number, Promise<void>>();
  const hanging = new Map<number, () => void>();
  const ended = new Set<number>();
  const runner: WorkflowRunner = {
    start: (request, observer) => {
      running.set(
        request.id,
        machines(() => work({ directory, script, findNear, hanging, ended }, request, observer)).finally(() => running.delete(request.id)),
      );
    },
    cancel: (run) => {
      ended.add(run);
      hanging.get(run)?.();
    },
    close: async () => {
      // A job that is still in preparation hangs only later.
      for (const run of running.keys()) ended.add(run);
      for (const end of hanging.values()) end();
      await Promise.all(running.values());
    },
  };
  return runner;
};

/** Limits the number of parallel jobs; further jobs wait for their turn. */
const openMachines = (most: number) => {
  let busy = 0;
  const queue: (() => void)[] = [];
  return async (job: () => Promise<void>): Promise<void> => {
    if (busy >= most) await new Promise<void>((resolve) => queue.push(resolve));
    else busy += 1;
    await job();
    const next = queue.shift();
    if (next) next();
    else busy -= 1;
  };
};

type Stage = Pick<QuickRunnerOptions, "directory" | "script" | "findNear"> & {
  readonly hanging: Map<number, () => void>;
  readonly ended: ReadonlySet<number>;
};

const work = async (stage: Stage, request: RunRequest, observer: RunObserver): Promise<void> => {
  const { kind = "", target = "", attempt = "", title = "" } = request.inputs;
  const job = readJobKey(`${kind}/${target}/${attempt}`);
  if (!job) return observer.onDone("startup_failure", "not one of ours");
  observer.onTitle(`${kind}/${target}/${attempt}${title === "" ? "" : ` · ${title}`}`);
  const root = join(stage.directory, String(request.id));
  const { owner, name, defaultBranch } = request.repository;
  const host: JobHost = {
    job,
    workspace: join(root, "work"),
    temp: join(root, "temp"),
    defaultBranch,
    url: `${request.serverUrl}/${owner}/${name}.git`,
    near: stage.findNear?.(`${owner}/${name}`),
    layers: { lowerLayers: [], overrideLayers: [], workflows: [] },
    after,
    now: Date.now,
    log: () => undefined,
  };
  const reading = request.mintToken({ contents: "read" });
  const claimed = await prepareJob(host, reading);
  request.revokeToken(reading);
  if (!claimed.ok) return observer.onDone("success", "");
  const act = await stage.script(claimed.value);
  if (act === "dies") return observer.onDone("failure", "the machine went away");
  if (act === "hangs") {
    if (!stage.ended.has(request.id)) await new Promise<void>((resolve) => stage.hanging.set(request.id, resolve));
    return observer.onDone("cancelled", "");
  }
  if (act === "runs") await runAgentJob(stepHost(host));
  else await perform(host, claimed.value, act);
  await publish(host, request, { act, preparedOn: claimed.value.ledgerCommit ?? "" });
  await rm(root, { recursive: true, force: true });
  observer.onDone("success", "");
};

/** A command needs no key and nothing from the installation. */
const stepHost = ({ workspace, temp, after: later }: JobHost): StepHost => ({
  workspace,
  temp,
  env: process.env,
  modelKey: "",
  agentEnv: {},
  node: process.execPath,
  cli: "",
  after: later,
  now: Date.now,
  nonce: "f00d",
  log: () => undefined,
});

const perform = async (host: JobHost, spec: JobSpec, act: Exclude<Act, string>): Promise<void> => {
  const at = toJobPaths(host.temp);
  if ("plan" in act)
    return writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: "success", tools: [{ kind: "propose", plan: act.plan }, ...(act.tools ?? [])] });
  if ("bundle" in act) return writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: "success", files: act.bundle });
  if ("report" in act)
    return writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: "artifact", artifact: act.report, why: act.why ?? "", output: "a report" });
  if ("end" in act)
    return writeBundle(at.bundle, {
      ...EMPTY_BUNDLE,
      end: act.end,
      why: act.why ?? "",
      output: act.output ?? "",
      outcome: act.outcome ?? null,
    });
  if ("verdict" in act) return writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: "success", output: act.log ?? "" });
  for (const [path, content] of Object.entries(act.files)) {
    const file = join(host.workspace, path);
    await mkdir(dirname(file), { recursive: true });
    await (content === null ? rm(file) : writeFile(file, content));
  }
  const running = { directory: host.workspace, after };
  const files = await listWorkspaceChanges(running, at.clone, { workspace: host.workspace, base: findComparedCommit(spec) });
  const { output = "done", replies = [] } = act;
  return writeBundle(at.bundle, { ...EMPTY_BUNDLE, end: files.length > 0 ? "success" : "unchanged", files, output, replies });
};

const publish = async (
  host: JobHost,
  request: RunRequest,
  { act, preparedOn }: { readonly act: Act; readonly preparedOn: string },
): Promise<void> => {
  const token = request.mintToken({ contents: "write" });
  const { owner, name } = request.repository;
  const github = connectGitHub({ auth: token, baseUrl: request.apiUrl, owner, repo: name, clock: Date.now });
  const conclusion = typeof act === "object" && "verdict" in act && act.verdict === "red" ? "failure" : "success";
  const bundle = toJobPaths(host.temp).bundle;
  const published = await publishJob(host, {
    token,
    bundle,
    run: request.id,
    preparedOn,
    conclusion: { job: conclusion, step: conclusion },
  });
  if (published.kind === "built") {
    request.recordArtifact({ name: toResultArtifactName(published.commit), size: 1, digest: "0".repeat(64) });
    await deliverResult(host, { token, wakeCoordinator: async () => void (await github.runs.wake({ job: toJobKey(host.job) })) });
  }
  request.revokeToken(token);
};
