import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { stringify } from "smol-toml";
import { readAppManifest } from "../local-github/api/app-manifest.ts";
import { type ForgeOptions, type RunningForge, startForge } from "../local-github/api/start-forge.ts";
import type { Tier } from "../core/domain/plan.ts";
import { createLocalRunner } from "../local-github/actions/local-runner.ts";
import { loadApp } from "./load-app.ts";
import type { TerminalHost } from "./terminal-host.ts";

/** The agent that all jobs on this machine use, whatever the repository says. */
export type AgentChoice = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

export type MachineOptions = {
  /** An empty directory of our own, with an absolute path. */
  readonly directory: string;
  /** The forge's port; 0 for any that is free. */
  readonly port: number;
  /** Given the address of the forge; null for what the repository says. */
  readonly agent: ((url: string) => AgentChoice) | null;
  /** Commands that verify candidates; those of the repository where none is given. */
  readonly verify: readonly string[];
  /** A person's own settings: roles, workflows and `enki.toml`; not used where it does not exist. */
  readonly settings: string;
  /** Files beside the installation's own, by name: a rehearsal that jobs must be able to read. */
  readonly files: Readonly<Record<string, string>>;
  /** Directories of the machine that no job may see, beside those of the machine itself. */
  readonly hidden?: readonly string[];
  /** Told what Enki writes down, a line each. */
  readonly log: (line: string) => void;
  /** Minutes that an agent has for a step of a tier; what the repository says where none is given. */
  readonly minutes?: Readonly<Partial<Record<Tier, number>>>;
  /** The forge's first id: executions are named after what was said, and what is kept of several machines may not have one name. */
  readonly firstId?: number;
};

export type LocalMachine = {
  readonly forge: RunningForge;
  /** The App's login. */
  readonly app: string;
  /** Requests and pushes of the coordinator since the start. */
  readonly counts: () => { readonly rest: number; readonly pushes: number };
  readonly close: () => Promise<void>;
};

/** As the App does it; every webhook arrives here. */
const MACHINE_SWEEP_INTERVAL_MS = 5 * 60_000;
const RANDOM_RANGE = 2 ** 32;

/** An installation of our own: this one, and over it what was chosen on the command line. */
const writeInstallation = async (terminal: TerminalHost, url: string, options: MachineOptions): Promise<void> => {
  const { directory, agent, verify, settings, files, minutes = {} } = options;
  const root = join(directory, "installation");
  for (const part of ["action.yml", "dist", "roles", "workflows"])
    await cp(join(terminal.root, part), join(root, part), { recursive: true });
  for (const part of ["roles", "workflows", "enki.toml"]) {
    await cp(join(settings, part), join(root, "machine", part), { recursive: true }).catch(ignoreMissing);
  }
  for (const [name, path] of Object.entries(files)) await cp(path, join(root, name));
  await mkdir(join(root, "override"), { recursive: true });
  const own = agent && { ...agent(url) };
  const chosen = {
    // Each kind by itself: what the repository says of one kind would win over what is said of all.
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

const APP_LOGIN = "enki[bot]";

/** Counts what the coordinator sends, seen from the forge. */
const openRequestCounter = (log: (line: string) => void) => {
  const counts = { rest: 0, pushes: 0 };
  return {
    counts,
    observe: ({ method, path, login, status }: Parameters<NonNullable<ForgeOptions["observe"]>>[0]): void => {
      if (login !== APP_LOGIN) return;
      log(`${method} ${path} ${status}`);
      // What did not change is not counted, as on GitHub.
      if (path.startsWith("/api/") && status !== 304) counts.rest += 1;
      if (method === "POST" && path.endsWith("/git-receive-pack")) counts.pushes += 1;
    },
  };
};

/** The App of this machine, served beside the forge. */
const startMachineApp = async (
  terminal: TerminalHost,
  { forge, root, clones, log }: { forge: RunningForge; root: string; clones: string; log: (line: string) => void },
) => {
  const manifest = readAppManifest(await readFile(join(terminal.root, "app.yml"), "utf8"));
  const app = await forge.createApp({ name: "enki", secret: createRandomText(), ...manifest });
  const { startApp } = await loadApp(terminal.root);
  const started = await startApp({
    appId: app.id,
    privateKey: app.privateKeyPem,
    secret: app.secret,
    apiUrl: forge.apiUrl,
    serverUrl: forge.url,
    host: "127.0.0.1",
    port: 0,
    root,
    directory: clones,
    graceMs: 0,
    sweepIntervalMs: MACHINE_SWEEP_INTERVAL_MS,
    // No webhook was lost before this process started: the server that sends them is its own.
    firstSweepMs: MACHINE_SWEEP_INTERVAL_MS,
    log,
  });
  forge.setWebhookUrl(app.id, started.url);
  return { login: app.login, close: started.close };
};

/** GitHub, an Actions runner and the App, on this machine. Rejects with the code `EADDRINUSE` when the port is in use. */
export const openMachine = async (terminal: TerminalHost, options: MachineOptions): Promise<LocalMachine> => {
  const { directory, port, hidden = [], firstId } = options;
  const root = join(directory, "installation");
  const repositories = join(directory, "repositories");
  const clones = join(directory, "clones");
  const runner = createLocalRunner({
    directory: join(directory, "jobs"),
    actionRoot: root,
    node: terminal.node,
    env: terminal.env,
    clock: terminal.now,
    timers: { sleep: createAbortableSleep(terminal) },
    hidden: [repositories, clones, ...hidden],
  });
  const counter = openRequestCounter(terminal.log);
  const forge = await startForge({
    directory: repositories,
    port,
    now: terminal.now,
    random: () => randomInt(RANDOM_RANGE) / RANDOM_RANGE,
    after: terminal.after,
    runner,
    observe: counter.observe,
    ...(firstId !== undefined && { firstId }),
  });
  const stop = async (): Promise<void> => {
    await runner.close();
    await forge.close();
  };
  try {
    await writeInstallation(terminal, forge.url, options);
    const app = await startMachineApp(terminal, { forge, root, clones, log: options.log });
    return {
      forge,
      app: app.login,
      counts: () => ({ ...counter.counts }),
      close: async () => {
        await app.close();
        await stop();
      },
    };
  } catch (error) {
    // What listens would keep the process alive.
    await stop();
    throw error;
  }
};

const createRandomText = (): string => Array.from({ length: 8 }, () => randomInt(RANDOM_RANGE).toString(36)).join("");
