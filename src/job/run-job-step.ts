import type { Millis } from "../core/domain/ids.ts";
import { readJobKey, toJobKey } from "../core/domain/job.ts";
import { readInstallationLayers } from "../storage/config/repository-config.ts";
import type { SpanSink, TelemetrySpan } from "../core/telemetry/telemetry-span.ts";
import { type ActionProcess, findWorkspace, runAgentStep, runVerifyStep } from "./foreign-steps.ts";
import type { DeliveredTrace } from "./deliver-result.ts";
import type { JobHost } from "./repository-state.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

/** What the Actions runner provides to the action. */
export type ActionHost = ActionProcess & {
  /** The installation's directory, with `action.yml`, `dist` and `roles`. */
  readonly root: string;
  readonly setOutput: (name: string, value: string) => void;
  /** Adds Markdown to the page of the run. */
  readonly writeSummary: (markdown: string) => Promise<void>;
  /** See JobHost.stop. */
  readonly stop?: AbortSignal;
  /** The repository's own directory on this machine, by full name; see CloneOptions.near. */
  readonly findNear?: (repository: string) => string | undefined;
  /** See JobHost.packs. */
  readonly packs?: string;
  /** Takes the spans of the job; absent without telemetry. */
  readonly telemetry?: SpanSink | undefined;
};

// Each command loads only its own modules, because a job starts this program several times.

/** Runs the job step that the input `command` names; returns why the step failed, or null. */
export const runJobStep = (host: ActionHost): Promise<string | null> => {
  const command = host.readInput("command");
  switch (command) {
    case "prepare":
      return runPrepareStep(host);
    case "agent":
      return runAgentStep(host);
    case "verify":
      return runVerifyStep(host);
    case "publish":
      return runPublishStep(host);
    case "deliver":
      return runDeliverStep(host);
    default:
      return Promise.resolve(
        `unknown command '${command}'; use prepare, agent, verify, publish, deliver, gate, coordinate, clock, run or fix-ci`,
      );
  }
};

const createJobHost = async (host: ActionHost): Promise<JobHost> => {
  const text = `${host.readInput("kind")}/${host.readInput("target")}/${host.readInput("attempt")}`;
  const job = readJobKey(text);
  if (!job) throw new Error(`'${text}' is not a job`);
  return {
    job,
    workspace: findWorkspace(host),
    temp: requireVariable(host, "RUNNER_TEMP"),
    defaultBranch: host.readInput("default-branch"),
    url: `${requireVariable(host, "GITHUB_SERVER_URL")}/${requireVariable(host, "GITHUB_REPOSITORY")}.git`,
    layers: await readInstallationLayers(host.root),
    near: host.findNear?.(requireVariable(host, "GITHUB_REPOSITORY")),
    packs: host.packs,
    after: host.after,
    now: host.now,
    stop: host.stop,
    log: host.logInfo,
  };
};

const runPrepareStep = async (host: ActionHost): Promise<string | null> => {
  const { prepareJob } = await import("./prepare-job.ts");
  const claimed = await prepareJob(await createJobHost(host), host.readInput("token"));
  host.setOutput("claimed", String(claimed.ok));
  host.setOutput("ledger", (claimed.ok && claimed.value.ledgerCommit) || "");
  host.logInfo(claimed.ok ? `works on ${claimed.value.baseCommit}` : claimed.refusal.message);
  return null;
};

const runPublishStep = async (host: ActionHost): Promise<string | null> => {
  const { publishJob } = await import("./publish-job.ts");
  const published = await publishJob(await createJobHost(host), {
    token: host.readInput("token"),
    bundle: host.readInput("bundle"),
    run: Number(requireVariable(host, "GITHUB_RUN_ID")),
    preparedOn: host.readInput("ledger"),
    conclusion: { job: host.readInput("job-result"), step: host.readInput("step-result") },
  });
  host.setOutput("commit", published.kind === "built" ? published.commit : "");
  host.setOutput("coordinates", String(published.kind === "built" && published.coordinates));
  host.logInfo(published.kind);
  if (published.kind === "built" && published.summary !== "") await host.writeSummary(published.summary).catch(() => undefined);
  return null;
};

type DeliveredJob = { readonly trace: DeliveredTrace; readonly to: Millis };

const deriveJobSpans = async (host: ActionHost, { trace: delivered, to }: DeliveredJob): Promise<readonly TelemetrySpan[]> => {
  const { listJobSpans } = await import("../core/telemetry/job-spans.ts");
  const { from, ...trace } = delivered;
  const run = `${requireVariable(host, "GITHUB_RUN_ID")}.${host.env["GITHUB_RUN_ATTEMPT"] ?? "1"}`;
  return listJobSpans(trace, { repository: requireVariable(host, "GITHUB_REPOSITORY"), run, from, to });
};

const runDeliverStep = async (host: ActionHost): Promise<string | null> => {
  const [{ deliverResult }, { connectGitHub }] = await Promise.all([import("./deliver-result.ts"), import("../github/connect-github.ts")]);
  const job = await createJobHost(host);
  // Before the delivery, after which the coordinator may end the attempt at any moment.
  const to = host.now();
  const token = host.readInput("token");
  const [owner = "", repo = ""] = requireVariable(host, "GITHUB_REPOSITORY").split("/");
  const github = connectGitHub({ auth: token, baseUrl: requireVariable(host, "GITHUB_API_URL"), owner, repo, clock: host.now });
  const delivered = await deliverResult(job, {
    token,
    wakeCoordinator: async () => {
      if (host.readInput("wake") === "false") return;
      const woken = await github.runs.wake({ job: toJobKey(job.job) });
      // The result is delivered anyway; the coordinator finds it when it next wakes.
      if (!woken.ok) host.logInfo(`the coordinator was not woken: ${woken.failure.reason}`);
    },
    onDelivered: (trace) => host.telemetry?.record(deriveJobSpans(host, { trace, to })),
  });
  host.logInfo(delivered);
  return null;
};
