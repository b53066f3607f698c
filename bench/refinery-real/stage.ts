import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type AppHost, type AppService, openAppService } from "../../src/coordinator/app-service.ts";
import { type RunningForge, startForge } from "../../src/local-github/api/start-forge.ts";
import type { NewFiles } from "../../src/storage/git/git-objects.ts";
import { openClone, type RepositoryClone } from "../../src/storage/git/repository-clone.ts";
import type { RepositoryPorts } from "../../src/coordinator/repository-loop.ts";
import { openOctokit } from "../../src/github/open-octokit.ts";
import { toLedgerFiles } from "../../src/storage/ledger/ledger-files.ts";
import { startHttpServer } from "../../src/coordinator/http-server.ts";
import { emptyLedger } from "../../src/core/domain/ledger.ts";
import { emptyQueue } from "../../src/core/domain/queue.ts";
import { toBranchRef, LEDGER_REF } from "../../src/core/domain/refs.ts";
import { openPersonClient, type PersonClient } from "../../src/cli/person-client.ts";
import { readEnkiWorkflowFiles } from "../../src/cli/repository-files.ts";
import type { Trace } from "../refinery/trace.ts";
import type { Clock } from "./clock.ts";
import { openRunner, type SimulatedRunner } from "./runner.ts";
import { pushedFilesOf } from "./truth.ts";

const REPOSITORY = { owner: "octo", name: "traces" };
export const BASE = "main";
/** Longer than any history: no webhook gets lost, so no sweep is needed. */
const NEVER = 1e12;

export type Stage = {
  readonly runner: SimulatedRunner;
  readonly maintainer: PersonClient;
  /** Pushes to the base as a person, with files that make the base red or green. */ readonly push: (red: boolean) => Promise<void>;
  /** Resolves once the local GitHub and the coordinator are idle. */ readonly rest: () => Promise<void>;
  readonly log: readonly string[];
  readonly close: () => Promise<void>;
};

type Opening = {
  readonly trace: Trace;
  readonly clock: Clock;
  /** Directory of this package. */ readonly root: string;
  readonly wrap: (world: RepositoryPorts) => RepositoryPorts;
  readonly seen: Parameters<typeof openRunner>[0]["seen"];
};

/** Opens the App's service behind the webhooks of a local GitHub. Their clock stands still while they work. */
export const openStage = async ({ trace, clock, root, wrap, seen }: Opening): Promise<Stage> => {
  const directory = await mkdtemp(join(tmpdir(), "enki-real-"));
  const repositories = join(directory, "repositories");
  const bare = join(repositories, REPOSITORY.owner, `${REPOSITORY.name}.git`);
  const runner = openRunner({ clock, trace, bare, directory: join(directory, "jobs"), seen });
  const { now, after } = clock;
  const forge = await startForge({
    directory: repositories,
    port: 0,
    now,
    random: Math.random,
    after,
    runner,
    lag: { runsMs: 0, mergedMs: 0 },
  });
  const app = await forge.createApp({ name: "enki", secret: "for-this-history-only" });
  await forge.createRepository(REPOSITORY);
  const log: string[] = [];
  const service = openAppService({
    ...hostOf({ forge, clock, app, root, log }),
    directory: join(directory, "clones"),
    findNear: () => bare,
    wrapPorts: wrap,
  });
  const server = await startHttpServer(
    (request, response) => {
      void text(request).then((body) => {
        void service.receiveWebhook(String(request.headers["x-github-event"]), JSON.parse(body));
        response.end();
      });
    },
    { host: "127.0.0.1", port: 0 },
  );
  const token = forge.createUser("maintainer");
  forge.setPermission(REPOSITORY, { login: "maintainer", role: "admin" });
  const clone = await openPersonClone({ forge, clock, token, directory });
  await seed({ clone, clock, trace, root });
  forge.setWebhookUrl(app.id, server.url);
  return {
    runner,
    log,
    maintainer: openPersonClient({ apiUrl: forge.apiUrl, token, ...REPOSITORY }),
    push: (red) => pushBase({ clone, clock, runner }, red),
    rest: () => rest(forge, service),
    close: async () => {
      await service.close();
      await runner.close();
      await server.close();
      await forge.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};

/** Each of the two can wake the other, so both must be idle for a whole round. */
const rest = async (forge: RunningForge, service: AppService): Promise<void> => {
  for (;;) {
    const delivered = forge.deliveries().length;
    await forge.waitUntilIdle();
    await service.waitUntilIdle();
    await forge.waitUntilIdle();
    if (forge.deliveries().length === delivered) return;
  }
};

type Hosting = {
  readonly forge: RunningForge;
  readonly clock: Clock;
  readonly app: { readonly id: number; readonly login: string };
  readonly root: string;
  readonly log: string[];
};

const hostOf = ({ forge, clock, app, root, log }: Hosting): Omit<AppHost, "directory"> => {
  // Histories last for hours, so a shared token would expire.
  const token = (): string => forge.createInstallationToken(app.id, REPOSITORY.owner);
  let writes = 0;
  return {
    openInstallation: () => ({
      token: () => Promise.resolve(token()),
      octokit: { request: (route, parameters) => openOctokit(token(), forge.apiUrl).request(route, parameters) },
    }),
    findInstallation: () => Promise.resolve(null),
    botLogin: app.login,
    serverUrl: forge.url,
    root,
    timers: { now: clock.now, after: clock.after },
    random: () => 0,
    nonce: () => `write-${(writes += 1)}`,
    log: (line) => void log.push(line),
    ledgerKeys: null,
    graceMs: 0,
    sweepIntervalMs: NEVER,
  };
};

type Person = { readonly forge: RunningForge; readonly clock: Clock; readonly token: string; readonly directory: string };

const openPersonClone = ({ forge, clock, token, directory }: Person): Promise<RepositoryClone> =>
  openClone({
    url: `${forge.url}/${REPOSITORY.owner}/${REPOSITORY.name}.git`,
    directory: join(directory, "person.git"),
    token: () => Promise.resolve(token),
    identity: { name: "Maintainer", email: "maintainer@example.invalid" },
    after: clock.after,
  });

/** The coordinator is idle, so nobody else writes at the same time. */
const pushBase = async (
  { clone, clock, runner }: { readonly clone: RepositoryClone; readonly clock: Clock; readonly runner: SimulatedRunner },
  red: boolean,
): Promise<void> => {
  await clone.fetch();
  const tip = await clone.readRef(toBranchRef(BASE));
  if (tip === null) throw new Error("The base is missing.");
  const files = toFiles(Object.entries(pushedFilesOf(await runner.filesAt(tip), red)));
  const commit = await clone.writeCommit({ tree: await clone.writeFiles(tip, files), parents: [tip], message: "push", at: clock.now() });
  await pushOrThrow(clone, [{ ref: toBranchRef(BASE), oldSha: tip, newSha: commit }]);
};

const toFiles = (files: Iterable<readonly [string, string | Buffer]>): NewFiles =>
  new Map([...files].map(([path, content]) => [path, { content, mode: "100644" as const }]));

const pushOrThrow = async (clone: RepositoryClone, moves: Parameters<RepositoryClone["push"]>[0]): Promise<void> => {
  const pushed = await clone.push(moves);
  if (pushed.kind !== "pushed") throw new Error(`${pushed.kind}: ${pushed.text}`);
};

type Seeding = { readonly clone: RepositoryClone; readonly clock: Clock; readonly trace: Trace; readonly root: string };

const configOf = ({ scene: { slots } }: Trace): string => `[refinery]
verify = ["true"]
parallel = ${slots}
resolve_also = ["steps/*"]
timeout_minutes = 360
[workers]
max_workers = 1000
max_standard = 1000
[tiers.standard]
timeout_minutes = 360
[plan]
approval = "never"
max_steps = 1000
`;

/** Pushes the first base as the simulation has it: landed by the refinery, and so known to be green. */
const seed = async ({ clone, clock, trace, root }: Seeding): Promise<void> => {
  const commit = async (files: Iterable<readonly [string, string | Buffer]>): Promise<string> =>
    clone.writeCommit({ tree: await clone.writeFiles(null, toFiles(files)), parents: [], message: "begin", at: clock.now() });
  const flows = [...(await readEnkiWorkflowFiles(root))].flatMap(([path, file]) => (file ? [[path, file.content] as const] : []));
  const tip = await commit([...flows, [".enki/enki.toml", configOf(trace)]]);
  const queues = { [BASE]: { ...emptyQueue, landedTip: tip, seenTip: tip, greenCommits: [tip] } };
  const ledger = [...toLedgerFiles(null, { ...emptyLedger, queues })].flatMap(([path, text]) =>
    text === null ? [] : [[path, text] as const],
  );
  await pushOrThrow(clone, [
    { ref: toBranchRef(BASE), oldSha: null, newSha: tip },
    { ref: LEDGER_REF, oldSha: null, newSha: await commit(ledger) },
  ]);
};
