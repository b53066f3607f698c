import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { readAppManifest } from "../local-github/api/app-manifest.ts";
import type { CreatedApp } from "../local-github/api/forge-actor.ts";
import type { RepositoryName } from "../local-github/api/create-repository.ts";
import type { RunningForge } from "../local-github/api/start-forge.ts";
import type { SpanSink } from "../core/telemetry/telemetry-span.ts";
import { loadApp } from "./load-app.ts";
import type { TerminalHost } from "./terminal-host.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

/** The same interval as for the App, although no webhook is lost here. */
const MACHINE_SWEEP_INTERVAL_MS = 5 * MINUTE_MS;
const SECRET_BYTES = 32;

type MachineAppPlace = {
  readonly forge: RunningForge;
  readonly root: string;
  readonly state: string;
  readonly clones: string;
  readonly repositories: string;
  readonly log: (line: string) => void;
  readonly telemetry: SpanSink | undefined;
};

/** Finds the local GitHub's own directory of a repository. */
export const createNearFinder =
  (repositories: string) =>
  (repository: string): string | undefined => {
    const directory = join(repositories, `${repository}.git`);
    return existsSync(directory) ? directory : undefined;
  };

/** Starts the App of this machine next to the local GitHub. */
export const startMachineApp = async (
  terminal: TerminalHost,
  { forge, root, state, clones, repositories, log, telemetry }: MachineAppPlace,
) => {
  // The key is made in a thread of its own while the program is read.
  const ensured = ensureApp(terminal, forge, join(state, "app.json"));
  const { startApp } = loadApp(terminal.root);
  const app = await ensured;
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
    findNear: createNearFinder(repositories),
    graceMs: 0,
    runners: availableParallelism(),
    sweepIntervalMs: MACHINE_SWEEP_INTERVAL_MS,
    // The server that sends webhooks starts with this process, so none was lost before, except by an earlier process.
    ...(forge.isResumed ? {} : { firstSweepMs: MACHINE_SWEEP_INTERVAL_MS }),
    log,
    telemetry,
  });
  forge.setWebhookUrl(app.id, started.url);
  await forge.save();
  return {
    login: app.login,
    close: started.close,
    addRepository: ({ owner, name }: RepositoryName): Promise<void> =>
      started.service.addRepository(`${owner}/${name}`, forge.installation(app.id, owner)),
  };
};

const createdAppSchema = z.object({ id: z.number(), login: z.string(), privateKeyPem: z.string(), secret: z.string() });

/** Creates the App, or reads the keys of an earlier process. */
const ensureApp = async (terminal: TerminalHost, forge: RunningForge, keys: string): Promise<Omit<CreatedApp, "client">> => {
  if (forge.isResumed) return createdAppSchema.parse(JSON.parse(await readFile(keys, "utf8")));
  const manifest = readAppManifest(await readFile(join(terminal.root, "app.yml"), "utf8"));
  const secret = randomBytes(SECRET_BYTES).toString("hex");
  const app = await forge.createApp({
    name: "enki",
    secret,
    ...(terminal.appKey !== undefined && { privateKeyPem: terminal.appKey }),
    ...manifest,
  });
  await writeFile(keys, JSON.stringify(app), { mode: 0o600 });
  return app;
};
