import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { JobHost } from "../../src/job/repository-state.ts";
import { deliverResult } from "../../src/job/deliver-result.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { type PublishOptions, publishJob } from "../../src/job/publish-job.ts";
import { toJobPaths } from "../../src/job/job-spec.ts";
import type { StepHost } from "../../src/job/step-host.ts";
import { loadLedger } from "../../src/storage/ledger/load-ledger.ts";
import { readJobResult } from "../../src/storage/ledger/read-job-result.ts";
import { saveLedger } from "../../src/storage/ledger/save-ledger.ts";
import type { Execution } from "../../src/core/domain/execution.ts";
import { type Job, toJobKey, readJobKey } from "../../src/core/domain/job.ts";
import type { Resolution } from "../../src/core/domain/conflict.ts";
import { emptyLedger, type Ledger } from "../../src/core/domain/ledger.ts";
import { emptyQueue } from "../../src/core/domain/queue.ts";
import type { Plan } from "../../src/core/domain/plan.ts";
import { toResultRef } from "../../src/core/domain/refs.ts";
import { createStep, type Step, type StepFacts } from "../../src/core/domain/step.ts";
import { PLAIN_WRITE } from "../support/ledger-write.ts";
import { after } from "../support/after.ts";
import { plan as planOf, step } from "../support/build.ts";
import { CLI } from "../support/cli.ts";
import { repository } from "../support/repository.ts";

export const ID = "abcdef";
/** A token that no job may see. Its form is unknown, so only its absence hides it. */
export const TOKEN = "the-installation-token-of-this-job";

const PLAN = planOf(
  step("fix", { role: "fixer", verify: ["echo own check of fix"] }),
  step("docs", { paths: ["docs/**"] }),
  step("look", { role: "looker", output: "artifact" }),
  step("advise", { role: "adviser" }),
  step("shell", { run: "echo made > made.txt" }),
);

const role = (name: string, canEdit: boolean, output: "branch" | "artifact" | null): string =>
  [
    `name = "${name}"`,
    `label = "${name}"`,
    `description = "d"`,
    `system_prompt = "p"`,
    `can_edit = ${canEdit}`,
    ...(output === null ? [] : [`output = "${output}"`]),
  ].join("\n");

/** The configuration of the repository: an agent for every kind of job, and one verify command. */
type Configured = {
  readonly verify: readonly string[];
  readonly reports: readonly string[];
  readonly preset: string | null;
  readonly network: readonly string[] | null;
  readonly variables: readonly string[];
  readonly corrections: number;
};

const configured = (agent: readonly string[], { verify, reports, preset, network, variables, corrections }: Configured): string =>
  [
    "[agent]",
    ...(preset === null ? [] : [`preset = "${preset}"`, `protocol = "acp"`]),
    `command = ${JSON.stringify(agent[0] ?? "none")}`,
    `args = ${JSON.stringify(agent.slice(1))}`,
    ...(preset === null ? [`env = { MODEL_KEY = "$ENKI_MODEL_KEY" }`] : []),
    "[refinery]",
    `verify = ${JSON.stringify(verify)}`,
    ...(reports.length === 0 ? [] : [`test_reports = ${JSON.stringify(reports)}`]),
    ...(corrections === 0 ? [] : [`check_work = ${corrections}`]),
    "[policy]",
    "max_files = 1000",
    "max_bytes = 1000000",
    ...(network === null ? [] : [`network = ${JSON.stringify(network)}`]),
    ...(variables.length === 0 ? [] : ["[jobs]", `env = ${JSON.stringify(variables)}`]),
  ].join("\n");

export type Seed = {
  readonly agent?: readonly string[];
  readonly verify?: readonly string[];
  /** Globs of the commands' test reports. */
  readonly reports?: readonly string[];
  readonly plan?: Plan;
  readonly preset?: string;
  readonly network?: readonly string[];
  /** `[jobs] env` */
  readonly variables?: readonly string[];
  /** `[refinery] check_work` */
  readonly corrections?: number;
  /** Further files of the repository. */
  readonly files?: Readonly<Record<string, string>>;
};

/** Opens a repository whose ledger has every step of a plan in its first attempt, and functions for the steps of its jobs. */
export const openJobs = async (seed: Seed = {}) => {
  const { agent = [], verify = ["true"], reports = [], plan = PLAN, preset, network, variables = [], corrections = 0, files = {} } = seed;
  const repo = await repository();
  const base = await repo.commit("main", {
    "src/a.txt": "a\n",
    "docs/b.md": "b\n",
    ".gitignore": "built/\n",
    ".enki/enki.toml": configured(agent, { verify, reports, preset: preset ?? null, network: network ?? null, variables, corrections }),
    ".enki/roles/fixer.toml": role("fixer", true, "branch"),
    ".enki/roles/looker.toml": role("looker", false, "artifact"),
    ".enki/roles/adviser.toml": role("adviser", false, null),
    ...files,
  });
  const steps = Object.fromEntries(
    plan.steps.map(({ id }): [string, Step] => [id, { ...createStep(id), state: "running", attempt: 1, baseCommit: base }]),
  );
  const execution: Execution = {
    id: ID,
    issue: 1,
    onPullRequest: false,
    requestedBy: "maintainer",
    request: "uploads fail",
    baseBranch: "main",
    createdAt: 1,
    state: "running",
    refusal: null,
    amendment: null,
    planOnly: false,
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
    plan: "f".repeat(64),
    approved: null,
    steps,
    spent: 0,
  };
  const run = { attempt: 1, notBefore: 0, deadline: null, verdict: null };
  const candidate = { commit: base, tree: base, onto: base, runs: [run], faults: 0, log: "" };
  const ledger: Ledger = {
    ...emptyLedger,
    executions: { [ID]: execution, fedcba: { ...execution, id: "fedcba", state: "planning", plan: null, steps: {} } },
    plans: { ["f".repeat(64)]: plan },
    queues: {
      main: {
        ...emptyQueue,
        candidates: [{ ...candidate, items: [{ task: `${ID}-fix`, head: base, merge: base }] }],
      },
    },
  };
  const clone = await repo.openShared();
  let writes = 0;
  /** Writes a new state to the ledger. */
  const record = async (after: Ledger): Promise<void> => {
    await clone.fetch();
    const { ledger: before, head } = await loadLedger(clone, await clone.refs());
    const nonce = String((writes += 1));
    const write = {
      ...PLAIN_WRITE,
      before,
      head,
      after,
      nonce,
    };
    const saved = await saveLedger(clone, write);
    if (saved.kind !== "saved") throw new Error(saved.kind);
  };
  await record(ledger);
  /** Changes a step from the state of its first attempt. */
  const alter = (id: string, over: Partial<StepFacts>, state: "running" | "published" = "running"): Promise<void> => {
    const step: Step = { ...createStep(id), state, attempt: 1, baseCommit: base, ...over };
    return record({ ...ledger, executions: { ...ledger.executions, [ID]: { ...execution, steps: { ...steps, [id]: step } } } });
  };
  /** Gives the step `fix` a head with a conflict in `src/a.txt`, whose resolution is running. */
  const conflict = async (over: Partial<Resolution> = {}, { ours = "ours\n", theirs = "theirs\n" } = {}) => {
    const head = await repo.commit(`task/${ID}-fix`, { "src/a.txt": theirs, "src/c.txt": "new\n" }, { parents: [base] });
    const onto = await repo.commit("main", { "src/a.txt": ours });
    const conflicts = [{ path: "src/a.txt", kind: "contents" as const }];
    const none = {
      regenerated: [],
      regenerateCommands: [],
      failedAttempts: 0,
      notBefore: 0,
      log: "",
      resolvedHead: null,
      summary: "",
      failedVerification: false,
    };
    const resolution = { head, onto, conflicts, ...none, attempt: 1, deadline: 10, ...over };
    await alter("fix", { head: { sha: head, since: 1, by: "worker" }, resolution }, "published");
    return { head, onto };
  };
  return { repo, base, ledger, record, alter, conflict, ...steppers(repo) };
};

type OwnMachine = Pick<JobHost, "near">;
type PublishOver = Partial<PublishOptions> & { between?: () => unknown };

const steppers = (repo: Awaited<ReturnType<typeof repository>>) => {
  const jobOf = (text: string): Job => {
    const job = readJobKey(text);
    if (!job) throw new Error(`${text} is no job`);
    return job;
  };
  const host = (text: string, log: string[] = [], machine: OwnMachine = {}): JobHost => {
    const temp = mkdtempSync(join(repo.root, "t-"));
    const workspace = join(temp, "workspace");
    mkdirSync(workspace);
    return {
      job: jobOf(text),
      workspace,
      temp,
      defaultBranch: "main",
      url: repo.url,
      layers: { lowerLayers: [], overrideLayers: [], workflows: [] },
      after,
      now: () => 1_000_000_000_000,
      log: (line) => void log.push(line),
      ...machine,
    };
  };
  /** Runs a job's first step; returns the input of its later steps. */
  const prepare = async (text: string, over: Partial<StepHost> = {}, machine: OwnMachine = {}) => {
    const log: string[] = [];
    const of = host(text, log, machine);
    const claimed = await prepareJob(of, TOKEN);
    const { workspace, temp } = of;
    const env = { PATH: process.env["PATH"], GITHUB_TOKEN: TOKEN, HOME: "/root" };
    const next: StepHost = {
      workspace,
      temp,
      env,
      modelKey: "",
      agentEnv: {},
      node: process.execPath,
      cli: CLI,
      after,
      now: () => 1_000_000_000_000,
      nonce: "f00d",
      log: (line) => void log.push(line),
      ...over,
    };
    return { claimed, host: next, log, at: toJobPaths(temp) };
  };
  /** Runs a job's last steps on a bundle; `woken` counts the coordinator's wake-ups. `between` runs before the delivery. */
  const publish = async (text: string, bundle: string, over: PublishOver = {}, machine: OwnMachine = {}) => {
    const state = { woken: 0 };
    const { between, ...options } = over;
    const at = host(text, [], machine);
    const built = await publishJob(at, {
      token: TOKEN,
      bundle,
      run: 7,
      preparedOn: "",
      conclusion: { job: "success", step: "" },
      ...options,
    });
    if (built.kind !== "built") return { end: built.kind, woken: 0 };
    await between?.();
    const wakeCoordinator = () => Promise.resolve(void (state.woken += 1));
    const end = await deliverResult(at, { token: TOKEN, wakeCoordinator });
    return { end, woken: state.woken };
  };
  /** Reads the published result of a job like the coordinator; null if it is missing or malformed. */
  const published = (text: string) => {
    const ref = toResultRef(toJobKey(jobOf(text)));
    if (repo.git("for-each-ref", "--format=%(refname)", ref) === "") return null;
    const tree = repo
      .git("ls-tree", "-r", "-z", "--format=%(objectmode) %(path)", ref)
      .split("\0")
      .filter((line) => line !== "");
    return { tree, result: readJobResult(repo.git("show", `${ref}:result.json`)) };
  };
  return { host, prepare, publish, published };
};
