import { rmSync } from "node:fs";
import { join } from "node:path";
import { deliverResult } from "../../src/job/deliver-result.ts";
import { EMPTY_BUNDLE, type NewBundle, writeBundle } from "../../src/job/job-bundle.ts";
import { type PublishOptions, publishJob } from "../../src/job/publish-job.ts";
import type { JobHost } from "../../src/job/repository-state.ts";
import { connectGitHub } from "../../src/github/connect-github.ts";
import { readTaskId } from "../../src/core/domain/ids.ts";
import { type Job, readJobKey, toJobKey, toResultArtifactName } from "../../src/core/domain/job.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import type { Plan } from "../../src/core/domain/plan.ts";
import type { RunObserver, RunRequest, WorkflowRunner } from "../../src/local-github/actions/workflow-runner.ts";
import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";

const MINUTE_MS = 60_000;
/** Longer than any deadline of the simulated configuration. */
const LATE_MS = 70 * MINUTE_MS;

type Live = { readonly job: Job; readonly request: RunRequest; readonly observer: RunObserver; readonly group: string; stop: () => void };

/** The end of a job. */
type Fate = "well" | "badly" | "crashed" | "lost" | "asked" | "unchanged" | "out of quota" | "lying";

export type JobOptions = {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: (line: string) => void;
  readonly directory: string;
  readonly near: string;
  readonly ledger: () => Ledger;
  readonly plan: () => Plan;
  /** Reads the files of a commit under a prefix: their paths and texts. */
  readonly readFiles: (commit: string, prefix: string) => Promise<ReadonlyMap<string, string>>;
  /** Receives a commit that a verify job found good, after its result was published. */
  readonly verified: (commit: string) => void;
  /** Whether work reports its cost. */
  readonly reportsCost: boolean;
};

const file = (path: string, text: string): NewBundle["files"][number] => ({
  path,
  kind: "file",
  executable: false,
  size: Buffer.byteLength(text),
  content: Buffer.from(text),
});

/** Opens the runner of all jobs. Each job takes time on the clock and leaves the result of Enki's own publish step. No process is started. */
export const openJobs = (options: JobOptions) => {
  const { clock, chance, log } = options;
  const live = new Map<number, Live>();
  const groups = new Map<string, Live[]>();
  let published = 0;

  const endOf = ({ kind }: Job): Fate => {
    if (kind !== "verify" && chance.happens("job: fails", 0.05)) return "badly";
    if (kind !== "verify" && chance.happens("job: its agent crashes", 0.04)) return "crashed";
    if (chance.happens("job: its machine is lost", 0.04)) return "lost";
    if (kind !== "verify" && chance.happens("job: asks a person", 0.02)) return "asked";
    if (kind === "work" && chance.happens("job: changes nothing", 0.03)) return "unchanged";
    if (kind !== "verify" && chance.happens("job: no quota", 0.03)) return "out of quota";
    if (kind === "work" && chance.happens("job: its work is bad", 0.08)) return "lying";
    return "well";
  };

  /** Returns the files of a step's attempt: its own, and sometimes a file that other steps also write. */
  const workFiles = (task: string, attempt: number, isBad: boolean): NewBundle["files"] => [
    file(`steps/${task}`, `${attempt} ${isBad ? "bad" : "good"}\n`),
    ...(chance.happens("work: changes a shared file", 0.25) ? [file("shared.txt", `by ${task}, attempt ${attempt}\n`)] : []),
  ];

  const resolvedFiles = ({ target, attempt }: Job): NewBundle["files"] => {
    const task = readTaskId(target);
    const conflicts = task ? (options.ledger().executions[task.execution]?.steps[task.step]?.resolution?.conflicts ?? []) : [];
    return conflicts.map(({ path }) =>
      file(path, path.startsWith("steps/") ? `${attempt} good\n` : `resolved for ${target}, attempt ${attempt}\n`),
    );
  };

  const usage = (): NewBundle["usage"] => ({
    ...EMPTY_BUNDLE.usage,
    costUsd: options.reportsCost && chance.number("reports cost") < 0.7 ? Math.round(chance.number("cost") * 150) / 100 : null,
  });

  const bundleOf = (job: Job, fate: Fate): NewBundle => {
    const base = { ...EMPTY_BUNDLE, usage: usage(), output: "done" };
    if (fate === "badly") return { ...base, end: "failed", why: "it did not work" };
    if (fate === "asked") return { ...base, end: "asked", outcome: { kind: "blocked", reason: "Which format?" }, why: "Which format?" };
    if (fate === "unchanged") return { ...base, end: "unchanged", outcome: { kind: "nothing-to-do", reason: "it is there already" } };
    if (fate === "out of quota")
      return { ...base, end: "failed", why: "no quota", failure: { code: "quota", resetsAt: clock.now() + 20 * MINUTE_MS } };
    if (job.kind === "plan") return { ...base, end: "success", tools: [{ kind: "propose", plan: options.plan() }] };
    if (job.kind === "resolve") return { ...base, end: "success", files: resolvedFiles(job) };
    const step = readTaskId(job.target)?.step ?? "";
    const planned = options.plan().steps.find(({ id }) => id === step);
    if (planned?.output === "artifact") return { ...base, end: "artifact", artifact: `report of ${step}` };
    return { ...base, end: "success", files: workFiles(job.target, job.attempt, fate === "lying") };
  };

  const verdictOf = async (commit: string): Promise<boolean> => {
    const files = await options.readFiles(commit, "steps/");
    const isGood = [...files.values()].every((text) => !text.includes("bad"));
    return isGood && !chance.happens("verify: a flake", 0.05);
  };

  const publish = async ({ job, request }: Live, fate: Fate): Promise<void> => {
    const temp = join(options.directory, String((published += 1)));
    const { owner, name, defaultBranch } = request.repository;
    const host: JobHost = {
      job,
      workspace: temp,
      temp,
      defaultBranch,
      url: `${request.serverUrl}/${owner}/${name}.git`,
      near: options.near,
      layers: { lowerLayers: [], overrideLayers: [], workflows: [] },
      after: clock.after,
      now: clock.now,
      log: () => undefined,
    };
    const bundle = join(temp, "bundle");
    const isGreen = job.kind === "verify" && (await verdictOf(job.target));
    if (fate !== "crashed") await writeBundle(bundle, bundleOf(job, fate));
    const end = job.kind === "verify" ? (isGreen ? "success" : "failure") : fate === "crashed" ? "failure" : "success";
    const conclusion: PublishOptions["conclusion"] = { job: end, step: end };
    const token = request.mintToken({ contents: "write" });
    const built = await publishJob(host, { token, bundle, run: request.id, preparedOn: "", conclusion });
    if (built.kind === "built") {
      request.recordArtifact({ name: toResultArtifactName(built.commit), size: 1, digest: "0".repeat(64) });
      const github = connectGitHub({ auth: token, baseUrl: request.apiUrl, owner, repo: name, clock: clock.now });
      if (isGreen) options.verified(job.target);
      const delivered = await deliverResult(host, {
        token,
        wakeCoordinator: async () => void (await github.runs.wake({ job: toJobKey(job) })),
      });
      log(`  ${toJobKey(job)} of run ${request.id} ends ${job.kind === "verify" ? (isGreen ? "green" : "red") : fate}: ${delivered}`);
    } else log(`  ${toJobKey(job)} of run ${request.id} publishes nothing: ${built.kind}`);
    request.revokeToken(token);
    rmSync(temp, { recursive: true, force: true });
  };

  const leave = (one: Live): void => {
    live.delete(one.request.id);
    const group = groups.get(one.group) ?? [];
    groups.set(
      one.group,
      group.filter((each) => each !== one),
    );
    const next = groups.get(one.group)?.[0];
    if (next) begin(next);
  };

  const finish = async (one: Live): Promise<void> => {
    const fate = endOf(one.job);
    if (fate === "lost") log(`  the machine of ${toJobKey(one.job)} is lost`);
    else await publish(one, fate).catch((error: unknown) => log(`  ${toJobKey(one.job)} could not publish: ${String(error)}`));
    leave(one);
    one.observer.onDone(fate === "lost" ? "failure" : "success", "");
    if (fate !== "lost" && chance.happens("job: published twice", 0.05))
      clock.plan(2 * MINUTE_MS, async () => {
        log(`  ${toJobKey(one.job)} publishes again`);
        await publish(one, "well").catch((error: unknown) =>
          log(`  a second result was refused: ${String(error).split("\n", 1)[0] ?? ""}`),
        );
      });
  };

  const begin = (one: Live): void => {
    const { job } = one;
    one.observer.onJob({ id: "job", name: "job", status: "in_progress", conclusion: null, steps: [], log: null });
    if (chance.happens("job: never ends", 0.015)) return log(`  ${toJobKey(job)} hangs`);
    const isLate = chance.happens("job: late", 0.015);
    const delay = isLate ? LATE_MS : MINUTE_MS * (0.2 + chance.number("duration"));
    one.stop = clock.plan(delay, () => finish(one));
  };

  const runner: WorkflowRunner = {
    start: (request, observer) => {
      const { kind = "", target = "", attempt = "" } = request.inputs;
      const job = readJobKey(`${kind}/${target}/${attempt}`);
      if (!job) return observer.onDone("startup_failure", "not one of ours");
      const group = toJobKey(job);
      observer.onTitle(group);
      log(`  run ${request.id}: ${group}`);
      const one: Live = { job, request, observer, group, stop: () => undefined };
      live.set(request.id, one);
      const waiting = [...(groups.get(group) ?? []), one];
      groups.set(group, waiting);
      // Runs with the same name run one after the other.
      if (waiting.length === 1) begin(one);
    },
    cancel: (run) => {
      const one = live.get(run);
      if (!one) return;
      log(`  run ${run} is cancelled: ${one.group}`);
      one.stop();
      leave(one);
      one.observer.onDone("cancelled", "");
    },
    close: () => Promise.resolve(),
  };
  return { runner, running: (): readonly string[] => [...live.values()].map(({ group }) => group) };
};
