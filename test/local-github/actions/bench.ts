import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import type { RunConclusion, JobReport, JobPermissions, RunRequest } from "../../../src/local-github/actions/workflow-runner.ts";
import { createLocalRunner, type LocalRunner, type RunnerOptions } from "../../../src/local-github/actions/local-runner.ts";
import type { RunnerTimers } from "../../../src/local-github/actions/runner-timers.ts";

/** The reports that an observer received for a run, in order. */
type Transcript = {
  readonly titles: string[];
  readonly reports: JobReport[];
  readonly ended: Promise<{ conclusion: RunConclusion; why: string }>;
  job(id: string): JobReport | undefined;
  /** `id: conclusion` of every finished job, in order. */
  ends(): string[];
  /** A job's log without its times. */
  log(id: string): Promise<string>;
  /** Resolves when a line of a job's log starts with the text. */
  says(id: string, text: string): Promise<void>;
};

export type Bench = {
  /** The runner's directory, of which a job sees only its own part. */
  readonly directory: string;
  /** A directory that jobs can see. */
  readonly outside: string;
  readonly runner: LocalRunner;
  /** Permissions of created tokens, and revoked tokens, in order. */
  readonly minted: JobPermissions[];
  readonly revoked: string[];
  start(text: string, request?: Partial<RunRequest>): Transcript & { readonly id: number };
  run(text: string, request?: Partial<RunRequest>): Promise<Transcript & { readonly id: number; conclusion: RunConclusion; why: string }>;
};

/** Running processes with `text` in their command line or environment. */
export const processesWith = async (text: string): Promise<string[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const read = (pid: string, file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, "latin1").catch(() => "");
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [stat, line, environment] = await Promise.all([read(pid, "stat"), read(pid, "cmdline"), read(pid, "environ")]);
      // A zombie process does not run.
      const ended = stat === "" || /^\d+ \(.*\) Z/s.test(stat);
      return !ended && (line.includes(text) || environment.includes(text)) ? [line.replaceAll("\0", " ")] : [];
    }),
  );
  return found.flat();
};

const waitUntil = async (test: () => Promise<boolean>): Promise<void> => {
  while (!(await test())) await sleep(5);
};

const transcript = (): { record: Transcript; observer: Parameters<LocalRunner["start"]>[1] } => {
  const titles: string[] = [];
  const reports: JobReport[] = [];
  const ending: { resolve: (end: { conclusion: RunConclusion; why: string }) => void } = { resolve: () => undefined };
  const ended = new Promise<{ conclusion: RunConclusion; why: string }>((resolve) => (ending.resolve = resolve));
  const job = (id: string): JobReport | undefined => reports.findLast((report) => report.id === id);
  const log = async (id: string): Promise<string> => {
    const file = job(id)?.log;
    const text = file ? await readFile(file, "utf8") : "";
    return text.replaceAll(/^\d{4}-\S+ /gm, "");
  };
  const record: Transcript = {
    titles,
    reports,
    ended,
    job,
    ends: () => reports.filter((report) => report.status === "completed").map((report) => `${report.id}: ${report.conclusion}`),
    log,
    says: (id, text) => waitUntil(async () => (await log(id)).split("\n").some((line) => line.startsWith(text))),
  };
  return {
    record,
    observer: {
      onTitle: (title) => titles.push(title),
      onJob: (report) => reports.push(report),
      onDone: (conclusion, why) => ending.resolve({ conclusion, why }),
    },
  };
};

/** Timers that a test controls: `pass(ms)` fires the timers of exactly this length. */
export type HandTimers = RunnerTimers & { pass(ms: number): void; waiting(ms: number): Promise<void> };

export const handTimers = (): HandTimers => {
  const open = new Set<{ ms: number; resolve: () => void }>();
  return {
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const timer = { ms, resolve };
        open.add(timer);
        signal.addEventListener("abort", () => {
          open.delete(timer);
          resolve();
        });
      }),
    pass: (ms) => {
      for (const timer of open) if (timer.ms === ms) timer.resolve();
    },
    waiting: (ms) => waitUntil(() => Promise.resolve([...open].some((timer) => timer.ms === ms))),
  };
};

export const realTimers: RunnerTimers = { sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }) };

const REQUEST: Omit<RunRequest, "id" | "workflow" | "mintToken" | "revokeToken"> = {
  event: { name: "workflow_dispatch", payload: {} },
  inputs: {},
  ref: "refs/heads/main",
  sha: "a".repeat(40),
  actor: "ada",
  repository: { owner: "octo", name: "demo", defaultBranch: "main" },
  serverUrl: "http://127.0.0.1:1",
  apiUrl: "http://127.0.0.1:1/api/v3",
  recordArtifact: () => 1,
  secrets: {},
  environments: {},
};

/** A runner in a temporary directory that is removed after the test. */
export const createBench = async (options: Partial<RunnerOptions> = {}): Promise<Bench> => {
  const outside = await mkdtemp(join(tmpdir(), "runner-"));
  const directory = join(outside, "runner");
  const runner = createLocalRunner({
    directory,
    actionRoot: join(tmpdir(), "no-such-action"),
    node: process.execPath,
    env: process.env,
    clock: () => 0,
    shared: [outside],
    timers: realTimers,
    ...options,
  });
  onTestFinished(async () => {
    await runner.close();
    await rm(outside, { recursive: true, force: true });
  });
  const minted: JobPermissions[] = [];
  const revoked: string[] = [];
  let runs = 0;
  const start: Bench["start"] = (text, request = {}) => {
    runs += 1;
    const { record, observer } = transcript();
    const mintToken = (permissions: JobPermissions): string => `token-${minted.push(permissions)}`;
    const revokeToken = (token: string): void => void revoked.push(token);
    const workflow = { path: ".github/workflows/test.yml", text };
    runner.start({ ...REQUEST, id: runs, workflow, mintToken, revokeToken, ...request }, observer);
    return { ...record, id: runs };
  };
  return {
    directory,
    outside,
    runner,
    minted,
    revoked,
    start,
    run: async (text, request) => {
      const run = start(text, request);
      return { ...run, ...(await run.ended) };
    },
  };
};
