import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { stringify } from "smol-toml";
import type { RepositoryName } from "../local-github/api/create-repository.ts";
import { type ForgeOptions, type RunningForge, startForge } from "../local-github/api/start-forge.ts";
import type { PresetName } from "../core/domain/agent-command.ts";
import type { Tier } from "../core/domain/plan.ts";
import { createLocalRunner, type LocalRunner } from "../local-github/actions/local-runner.ts";
import { listCommandPaths } from "../isolation/readable-paths.ts";
import { copyCode, findCodeCache } from "./bundle-loader.ts";
import { findHome } from "./find-home.ts";
import { createNearFinder, startMachineApp } from "./machine-app.ts";
import { createOwnSteps, listStepPrograms } from "./run-own-steps.ts";
import type { SpanSink } from "../core/telemetry/telemetry-span.ts";
import { openTerminalExporter } from "./terminal-telemetry.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The agent for every job on the machine; overrides the repository's choice. */
export type AgentChoice = {
  readonly preset?: PresetName;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

export type MachineOptions = {
  /** A directory for this machine, as an absolute path: empty, or the directory of an earlier machine. */
  readonly directory: string;
  /** The local GitHub's port; 0 for any free port. */
  readonly port: number;
  /** Chooses the agent, given the local GitHub's address; null for the repository's choice. */
  readonly agent: ((url: string) => AgentChoice) | null;
  /** Commands that verify candidates; the repository's own if empty. */
  readonly verify: readonly string[];
  /** Directory of the person's roles, workflows and `enki.toml`; ignored if missing. */
  readonly settings: string;
  /** Directory of uncommitted roles, workflows and `enki.toml`, which take precedence over the repository's; ignored if missing. */
  readonly uncommitted?: string;
  /** Additional files of the installation by name, such as a play that jobs must read. */
  readonly files: Readonly<Record<string, string>>;
  /** Further directories hidden from jobs. */
  readonly hidden?: readonly string[];
  /** Receives each line that Enki logs. */
  readonly log: (line: string) => void;
  /** Time limit of a step by tier, in minutes; the repository's own by default. */
  readonly minutes?: Readonly<Partial<Record<Tier, number>>>;
  /** The local GitHub's first id. Execution names derive from comment ids, so machines whose results are kept together need different ones. */
  readonly firstId?: number;
  /** Called before the App starts: the App of an earlier process starts the next jobs at once. */
  readonly prepare?: (machine: Pick<LocalMachine, "forge">) => Promise<void>;
};

export type LocalMachine = {
  readonly forge: RunningForge;
  readonly app: string;
  /** Requests and pushes of the coordinator since the start. */
  readonly counts: () => { readonly rest: number; readonly pushes: number };
  /** See LocalRunner.expectJobs. */
  readonly expectJobs: (jobs: number | null) => void;
  /** Continues the unfinished work of an earlier process in this directory. */
  readonly resume: (repository: RepositoryName) => Promise<void>;
  readonly close: () => Promise<void>;
};

const RANDOM_RANGE = 2 ** 32;

/** Creates an installation: this one, overridden by the command line. */
const writeInstallation = async (terminal: TerminalHost, url: string, options: MachineOptions): Promise<void> => {
  const { directory, agent, verify, settings, uncommitted, files, minutes = {} } = options;
  const root = join(directory, "installation");
  for (const part of ["action.yml", "dist", "roles", "workflows"])
    await cp(join(terminal.root, part), join(root, part), { recursive: true });
  for (const part of ["roles", "workflows", "enki.toml"]) {
    await cp(join(settings, part), join(root, "machine", part), { recursive: true }).catch(ignoreMissing);
  }
  if (uncommitted !== undefined) await cp(uncommitted, join(root, "uncommitted"), { recursive: true }).catch(ignoreMissing);
  for (const [name, path] of Object.entries(files)) await cp(path, join(root, name));
  await mkdir(join(root, "override"), { recursive: true });
  const own = agent && { ...agent(url) };
  const programs = own?.args.includes(join(root, "dist", "cli.js")) ? ["cli", "foreign-step"] : ["foreign-step"];
  copyCode({ bundles: join(terminal.root, "dist"), cache: findCodeCache(findHome(terminal)) }, programs, join(root, "dist"));
  const chosen = {
    // Set for each kind of agent, because the repository's setting for one kind would override a common one.
    ...(own && { agent: { planner: own, worker: own, merger: own, sidecar: own } }),
    tiers: Object.fromEntries(Object.entries(minutes).map(([tier, timeout_minutes]) => [tier, { timeout_minutes }])),
    ...(verify.length > 0 && { refinery: { verify: [...verify] } }),
  };
  await writeFile(join(root, "override", "enki.toml"), stringify(chosen));
};

const ignoreMissing = (error: unknown): void => {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
};

const createAbortableSleep =
  ({ after }: TerminalHost) =>
  (delay: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const cancel = after(delay, resolve);
      signal.addEventListener("abort", () => {
        cancel();
        resolve();
      });
    });

/** The time in which an interrupted agent's work is handed over; longer than an agent has between its signals. */
const AGENT_END_MS = 8_000;

/** How many processes wait for jobs; each takes some 40 MB. */
const MAX_SPARES = 2;

const APP_LOGIN = "enki[bot]";

const formatUnsavedState = (reason: string): string =>
  `enki: the state of this run could not be stored, so \`--resume\` would repeat the work since it was last stored: ${reason}. Free some space; the next change stores the state again.\n`;

/** Counts the coordinator's requests and pushes on the side of the local GitHub. */
const openRequestCounter = (log: (line: string) => void) => {
  const counts = { rest: 0, pushes: 0 };
  return {
    counts,
    observe: ({ method, path, login, status }: Parameters<NonNullable<ForgeOptions["observe"]>>[0]): void => {
      if (login !== APP_LOGIN) return;
      log(`${method} ${path} ${status}`);
      // GitHub does not count answers with status 304.
      if (path.startsWith("/api/") && status !== 304) counts.rest += 1;
      if (method === "POST" && path.endsWith("/git-receive-pack")) counts.pushes += 1;
    },
  };
};

type MachineParts = {
  readonly root: string;
  readonly repositories: string;
  readonly clones: string;
  readonly state: string;
  readonly telemetry: SpanSink | undefined;
};

/** The folder of the packed histories, a cache. */
const PACKS = "packs";

const createMachineRunner = async (
  terminal: TerminalHost,
  options: MachineOptions,
  { root, repositories, clones, state, telemetry }: MachineParts,
) => {
  const { directory, hidden = [] } = options;
  const own = options.agent?.("") ?? null;
  // Left by killed jobs and by unfinished packs.
  for (const left of [join(directory, "jobs", "jobs"), join(state, PACKS)]) await rm(left, { recursive: true, force: true });
  return createLocalRunner({
    directory: join(directory, "jobs"),
    actionRoot: root,
    node: terminal.node,
    env: terminal.env,
    clock: terminal.now,
    timers: { sleep: createAbortableSleep(terminal) },
    hidden: [repositories, clones, state, ...hidden],
    readable: own === null ? [] : await listCommandPaths([own.command, ...own.args]),
    stepPrograms: listStepPrograms(root),
    spares: Math.min(MAX_SPARES, availableParallelism()),
    ownSteps: createOwnSteps(terminal, { root, packs: join(state, PACKS), findNear: createNearFinder(repositories), telemetry }),
  });
};

const findMachineParts = (directory: string): Omit<MachineParts, "telemetry"> => ({
  root: join(directory, "installation"),
  repositories: join(directory, "repositories"),
  clones: join(directory, "clones"),
  state: join(directory, "state"),
});

type MachineServers = {
  readonly forge: RunningForge;
  readonly runner: Pick<LocalRunner, "close">;
  readonly telemetry: Awaited<ReturnType<typeof openTerminalExporter>> | undefined;
};

/** Ends the jobs, then the server. What they did is reported even if the server does not close. */
const stopMachine = async ({ forge, runner, telemetry }: MachineServers): Promise<void> => {
  forge.freeze();
  try {
    await runner.close();
    await forge.close();
  } finally {
    await telemetry?.close();
  }
};

/** Starts a local GitHub, an Actions runner and the App. Rejects with the code `EADDRINUSE` if the port is in use. */
export const openMachine = async (terminal: TerminalHost, options: MachineOptions): Promise<LocalMachine> => {
  const { directory, port, firstId } = options;
  const { root, repositories, clones, state } = findMachineParts(directory);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const telemetry = (await openTerminalExporter(terminal)) ?? undefined;
  const runner = await createMachineRunner(terminal, options, { root, repositories, clones, state, telemetry });
  const counter = openRequestCounter(terminal.log);
  const forge = await startForge({
    directory: repositories,
    port,
    now: terminal.now,
    random: () => randomInt(RANDOM_RANGE) / RANDOM_RANGE,
    after: terminal.after,
    runner,
    observe: counter.observe,
    stateFile: join(state, "forge"),
    reportUnsaved: (reason) => terminal.err(formatUnsavedState(reason)),
    ...(firstId !== undefined && { firstId }),
  });
  const stop = (): Promise<void> => stopMachine({ forge, runner, telemetry });
  try {
    await writeInstallation(terminal, forge.url, options);
    runner.warmUp();
    await options.prepare?.({ forge });
    const app = await startMachineApp(terminal, { forge, root, state, clones, repositories, log: options.log, telemetry });
    return {
      forge,
      app: app.login,
      counts: () => ({ ...counter.counts }),
      expectJobs: (jobs) => runner.expectJobs(jobs),
      resume: async (repository) => {
        await forge.resume();
        await app.addRepository(repository);
      },
      close: async () => {
        await app.close();
        await runner.interruptAgents(AGENT_END_MS);
        // What the interrupted agents handed over; the ends of jobs that stop from now on do not count.
        await forge.save();
        await stop();
      },
    };
  } catch (error) {
    // An open server would keep the process alive.
    await stop();
    throw error;
  }
};
