import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished } from "vitest";
import { appKey } from "../support/app-key.ts";
import { openPersonClient } from "../../src/cli/person-client.ts";
import { playMaintainer } from "../../src/cli/play-maintainer.ts";
import { readAgentScript } from "../../src/cli/scripted-agent/agent-script.ts";
import { readDirectoryFiles } from "../../src/cli/repository-files.ts";
import { coordinateInPublish } from "../../src/core/setup/coordinate-in-publish.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import { readLandingTrailers } from "../../src/core/messages/commit-messages.ts";
import { createLocalRunner } from "../../src/local-github/actions/local-runner.ts";
import type { WorkflowRunner } from "../../src/local-github/actions/workflow-runner.ts";
import { type ForgeOptions, startForge } from "../../src/local-github/api/start-forge.ts";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { openWitness } from "../local-github/api/published.ts";
import { after } from "../support/after.ts";
import { MANIFEST } from "../support/manifest.ts";
import { identity } from "../support/repository.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const REPOSITORY = { owner: "demo", name: "upload-limit" };
const WORKFLOWS = ["enki.yml", "enki-review.yml", "enki-step.yml"];
const run = promisify(execFile);

export type ActionsStageOptions = {
  /** Changes Enki's shipped workflow files, by name. */
  readonly edit?: (name: string, text: string) => string;
  /** Files of the repository besides Enki's workflow files; by default the example's. */
  readonly files?: Readonly<Record<string, string>>;
  /** Secrets of the environment besides those of an App. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** The script of the rehearsed agent; by default the demo's. */
  readonly rehearsal?: string;
  /** Whether the workflow files have the id and the key of an App that receives no webhook. */
  readonly app?: true;
  /** Whether GitHub is an Enterprise Server. */
  readonly enterpriseServer?: true;
  /** Executes the runs instead of the local runner. */
  readonly runner?: (place: {
    readonly directory: string;
    readonly installation: string;
    readonly local: WorkflowRunner;
  }) => WorkflowRunner;
  /** The longest wait without a result, in milliseconds. */
  readonly patience?: number;
  /** Called after each request; `kill` ends a running job of this name, as if its machine had failed. */
  readonly onRequest?: (request: Observed, kill: (job: string) => boolean) => void;
};

type Observed = Parameters<NonNullable<ForgeOptions["observe"]>>[0];

/** Opens a GitHub on loopback without an App or a server of Enki: only its jobs run. Closed when the test ends. */
export const openActionsStage = async (options: ActionsStageOptions = {}) => {
  const directory = await mkdtemp(join(tmpdir(), "enki-actions-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 10 }));
  const installation = join(directory, "installation");
  // The package file, too: an agent that is a file of a package sees the whole package.
  for (const part of ["action.yml", "package.json", "dist", "roles", "workflows"])
    await cp(join(ROOT, part), join(installation, part), { recursive: true });
  const rehearsal = options.rehearsal ?? join(ROOT, "examples/upload-limit/rehearsal.toml");
  await cp(rehearsal, join(installation, "rehearsal.toml"));
  const local = createLocalRunner({
    directory: join(directory, "jobs"),
    actionRoot: installation,
    node: process.execPath,
    env: process.env,
    clock: Date.now,
    timers: { sleep: (delay, signal) => new Promise((resolve) => signal.addEventListener("abort", after(delay, resolve))) },
    namespaces: false,
  });
  const runner = options.runner?.({ directory: join(directory, "runs"), installation, local }) ?? local;
  const witness = openWitness();
  const started = new Set<number>();
  const requests: { login: string; path: string; status: number; method: string }[] = [];
  const forge = await startForge({
    directory: join(directory, "repositories"),
    port: 0,
    now: Date.now,
    random: Math.random,
    after,
    runner: {
      ...runner,
      start: (request, observer) => {
        started.add(request.id);
        runner.start(request, { ...observer, onDone: (...end) => (started.delete(request.id), observer.onDone(...end)) });
      },
    },
    lag: { runsMs: 50, mergedMs: 50 },
    ...(options.enterpriseServer && { enterpriseServer: true }),
    observe: (exchange) => {
      witness.observe(exchange);
      requests.push(exchange);
      options.onRequest?.(exchange, (job) => [...started].some((run) => local.killJob(run, job)));
    },
  });
  onTestFinished(async () => {
    await runner.close();
    await local.close();
    await forge.close();
    expect(await witness.faults(forge.deliveries())).toEqual([]);
  });
  const override = join(installation, "override");
  const agent = {
    command: process.execPath,
    args: [join(installation, "dist/cli.js"), "rehearse", join(installation, "rehearsal.toml")],
    env: { REHEARSAL_SERVER: forge.url, REHEARSAL_REPOSITORY: `${REPOSITORY.owner}/${REPOSITORY.name}` },
  };
  await mkdir(override);
  const section = (kind: string): string =>
    `[agent.${kind}]\ncommand = ${JSON.stringify(agent.command)}\nargs = ${JSON.stringify(agent.args)}\nenv = { ${Object.entries(agent.env)
      .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
      .join(", ")} }\n`;
  await writeFile(join(override, "enki.toml"), ["planner", "worker", "merger", "sidecar"].map(section).join("\n"));
  await forge.createRepository(REPOSITORY);
  const token = forge.createUser("maintainer");
  forge.setPermission(REPOSITORY, { login: "maintainer", role: "admin" });
  const clone = await openClone({
    url: `${forge.url}/${REPOSITORY.owner}/${REPOSITORY.name}.git`,
    directory: join(directory, "maintainer.git"),
    token: () => Promise.resolve(token),
    identity,
    after,
  });
  const example = [...(await readDirectoryFiles(join(ROOT, "examples/upload-limit")))].filter(
    ([path]) => !/^rehearsal|^plays\//.test(path),
  );
  const own = Object.entries(options.files ?? {}).map(([path, text]): (typeof example)[number] => [
    path,
    { content: Buffer.from(text), mode: "100644" },
  ]);
  const files = new Map(options.files ? own : example);
  const account =
    options.app && (await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "for-this-test-only", ...MANIFEST }));
  forge.setSecrets(REPOSITORY, { ...options.secrets, ...(account && { ENKI_APP_KEY: account.privateKeyPem }) });
  for (const name of WORKFLOWS) {
    const written = await readFile(join(ROOT, ".github/workflows", name), "utf8");
    const shipped = name === "enki-step.yml" ? coordinateInPublish(written) : written;
    const text = account ? shipped.replaceAll("${{ vars.ENKI_APP_ID }}", String(account.id)) : shipped;
    files.set(`.github/workflows/${name}`, { content: Buffer.from(options.edit?.(name, text) ?? text), mode: "100644" });
  }
  const tree = await clone.writeFiles(null, files);
  const commit = await clone.writeCommit({ tree, parents: [], message: "Begin", at: Date.now() });
  expect(await clone.push([{ ref: toBranchRef("main"), oldSha: null, newSha: commit }])).toMatchObject({ kind: "pushed" });
  const bare = join(directory, "repositories", REPOSITORY.owner, `${REPOSITORY.name}.git`);
  const git = async (...args: string[]): Promise<string> => (await run("git", args, { cwd: bare })).stdout.trim();
  const send = (method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${forge.apiUrl}/repos/${REPOSITORY.owner}/${REPOSITORY.name}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
  const jobId = async (run: number, name: string): Promise<number | undefined> =>
    ((await call(`/actions/runs/${run}/jobs`)) as { jobs: { id: number; name: string }[] }).jobs.find((job) => job.name === name)?.id;
  const call = async (path: string): Promise<unknown> => (await send("GET", path)).json();
  type StagedRun = { name: string; event: string; display_title: string; conclusion: string | null; id: number };
  const runsOf = async (): Promise<StagedRun[]> =>
    ((await call("/actions/runs?per_page=100")) as { workflow_runs: StagedRun[] }).workflow_runs;
  const jobsOf = async (id: number): Promise<{ name: string; conclusion: string | null }[]> =>
    ((await call(`/actions/runs/${id}/jobs`)) as { jobs: { name: string; conclusion: string | null }[] }).jobs;
  const play = readAgentScript(rehearsal, await readFile(rehearsal, "utf8"));
  const maintainer = openPersonClient({ apiUrl: forge.apiUrl, token, ...REPOSITORY });
  return {
    directory,
    repository: REPOSITORY,
    forge,
    runner: local,
    requests,
    git,
    maintainer,
    /** Plays the story of the demo. */
    tell: (limit = 170_000, app = "github-actions[bot]") =>
      playMaintainer(
        {
          person: maintainer,
          app,
          sleep: (delay) => new Promise((resolve) => void after(delay, resolve)),
          now: Date.now,
          say: () => undefined,
        },
        {
          title: "Users can't upload files larger than 1MB",
          body: "Uploads of more than 1 MB end with 413.",
          request: "/enki fix",
          review: (play.ok && play.value.review) || null,
          limit,
        },
      ),
    landed: async (): Promise<string[]> =>
      (await git("log", "--first-parent", "--reverse", "-z", "--format=%B", "main"))
        .split("\0")
        .flatMap((message) => readLandingTrailers(message)?.task.replace(/^[0-9a-f]+-/, "") ?? []),
    runs: runsOf,
    jobs: jobsOf,
    /** Counts executed jobs by name; GitHub bills each job for at least a minute. */
    countJobs: async (): Promise<Record<string, number>> => {
      const counts: Record<string, number> = {};
      for (const { id } of await runsOf())
        for (const { name, conclusion } of await jobsOf(id)) if (conclusion !== "skipped") counts[name] = (counts[name] ?? 0) + 1;
      return counts;
    },
    call,
    jobLog: async (run: number, name: string): Promise<string> =>
      (await send("GET", `/actions/jobs/${await jobId(run, name)}/logs`)).text(),
    /** Returns the summary page of a run's job. */
    summary: async (run: number, name: string): Promise<string> => {
      const logs = await readdir(join(directory, "jobs"), { recursive: true });
      const found = logs.filter((path) => path.endsWith(".summary.md") && path.includes(String(run)) && path.includes(name));
      expect(found).toHaveLength(1);
      return readFile(join(directory, "jobs", found[0] ?? ""), "utf8");
    },
    /** Changes a file on main as the maintainer. */
    push: async (path: string, content: string): Promise<void> => {
      await clone.fetch();
      const tip = (await clone.refs())[toBranchRef("main")] ?? null;
      const changed = await clone.writeFiles(tip, new Map([[path, { content, mode: "100644" as const }]]));
      const pushed = await clone.writeCommit({ tree: changed, parents: tip === null ? [] : [tip], message: "Change", at: Date.now() });
      expect(await clone.push([{ ref: toBranchRef("main"), oldSha: tip, newSha: pushed }])).toMatchObject({ kind: "pushed" });
    },
    /** Starts a workflow file like a person. */
    dispatch: async (file: string): Promise<void> =>
      expect((await send("POST", `/actions/workflows/${file}/dispatches`, { ref: "main" })).status).toBe(204),
    until: async <T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> => {
      const end = Date.now() + (options.patience ?? 150_000);
      for (;;) {
        const seen = await look();
        if (seen) return seen;
        if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
        await new Promise<void>((resolve) => void after(100, resolve));
      }
    },
  };
};
