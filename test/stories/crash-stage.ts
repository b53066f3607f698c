import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRunKey } from "../../src/core/domain/job.ts";
import { startApp } from "../../src/app.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { type GitContext } from "../../src/storage/git/run-git.ts";
import type { WorkflowRunner } from "../../src/local-github/actions/workflow-runner.ts";
import { openPersonClient } from "../../src/cli/person-client.ts";
import { MANIFEST } from "../support/manifest.ts";
import { after } from "../support/after.ts";
import { ROOT, type Seed } from "./crash-seed.ts";
import { openFanOut } from "./crash-webhooks.ts";
import { type Fate, mortal, type Point } from "./crash-world.ts";
import { quickRunner, type Script } from "./quick-runner.ts";

const REPOSITORY = { owner: "octo", name: "demo" };

export type Casting = {
  readonly seed: Seed;
  readonly script: Script;
  /** Number of parallel App processes. */
  readonly coordinators: number;
  readonly grace: number;
  readonly dies: Fate["dies"];
};

/** Runs of the same name execute one after another, like in the workflow's concurrency group. */
const inGroups = (runner: WorkflowRunner): WorkflowRunner => {
  const groups = new Map<string, Promise<void>>();
  return {
    ...runner,
    start: (request, observer) => {
      const name = `${request.inputs["kind"]}/${request.inputs["target"]}/${request.inputs["attempt"]}`;
      const over = new Promise<void>((resolve) => {
        const start = (): void => runner.start(request, { ...observer, onDone: (end, why) => (observer.onDone(end, why), resolve()) });
        void (groups.get(name) ?? Promise.resolve()).then(start);
      });
      groups.set(name, over);
    },
  };
};

type Forge = Awaited<ReturnType<typeof startForge>>;
type Process = Awaited<ReturnType<typeof startApp>>;
type Stage = Casting & {
  readonly directory: string;
  readonly forge: Forge;
  readonly account: Awaited<ReturnType<Forge["createApp"]>>;
  readonly webhooks: Awaited<ReturnType<typeof openFanOut>>;
  readonly log: string[];
};

/** Opens coordinators that die where fate says so. A new process with an empty disk succeeds each of them and sweeps. */
const openCoordinators = async (stage: Stage) => {
  const { forge, account, webhooks, log } = stage;
  const installation = forge.installation(account.id, REPOSITORY.owner);
  const living = new Map<number, Process>();
  const deaths: { readonly point: Point; readonly succeeded: Promise<void> }[] = [];
  let processes = 0;
  const start = async (coordinator: number): Promise<void> => {
    processes += 1;
    const name = `${coordinator}.${processes}`;
    const process = await startApp({
      appId: account.id,
      privateKey: account.privateKeyPem,
      secret: account.secret,
      apiUrl: forge.apiUrl,
      serverUrl: forge.url,
      host: "127.0.0.1",
      port: 0,
      root: ROOT,
      directory: join(stage.directory, `clones-${name}`),
      graceMs: stage.grace,
      sweepIntervalMs: 60_000,
      log: (line) => void log.push(`[${name}] ${line}`),
      wrapPorts: mortal(fate, coordinator),
    });
    living.set(coordinator, process);
    webhooks.targets.add(process.url);
  };
  const adopt = (coordinator: number): Promise<void> =>
    living.get(coordinator)?.service.addRepository(`${REPOSITORY.owner}/${REPOSITORY.name}`, installation) ?? Promise.resolve();
  const succeed = async (coordinator: number): Promise<void> => {
    const dead = living.get(coordinator);
    living.delete(coordinator);
    webhooks.targets.delete(dead?.url ?? "");
    await dead?.close();
    await start(coordinator);
    // The sweep may kill the new process too; its own successor then continues.
    await adopt(coordinator);
  };
  const fate: Fate = {
    points: [],
    dies: stage.dies,
    died: (point, coordinator) => {
      log.push(`† ${coordinator} ${point.side} ${point.kind} ${point.number}: ${point.name}`);
      // The dying call must return before its process is closed.
      const succeeded = Promise.resolve().then(() => succeed(coordinator));
      succeeded.catch((error: unknown) => void log.push(String(error)));
      deaths.push({ point, succeeded });
    },
  };
  for (let coordinator = 0; coordinator < stage.coordinators; coordinator += 1) await start(coordinator);
  return {
    points: fate.points,
    deaths,
    /** Resolves when no coordinator is dying and each of them is idle after another sweep. */
    rest: async (): Promise<void> => {
      for (let seen = -1; seen !== deaths.length;) {
        seen = deaths.length;
        await Promise.all(deaths.map(({ succeeded }) => succeeded));
        for (const coordinator of living.keys()) await adopt(coordinator);
      }
    },
    close: () => Promise.all([...living.values()].map((process) => process.close())),
  };
};

/** Opens a GitHub on loopback with a maintainer and App processes that a test can kill. The caller closes the stage. */
export const openCrashStage = async (casting: Casting) => {
  const directory = await mkdtemp(join(tmpdir(), "enki-crash-"));
  const jobs = quickRunner({ directory: join(directory, "jobs"), script: casting.script });
  const repositories = join(directory, "repositories");
  const lag = { runsMs: 50, mergedMs: 50 };
  const forge = await startForge({
    directory: repositories,
    port: 0,
    // GitHub's clock is ahead, so a time in whole seconds is never earlier than its cause.
    now: () => Date.now() + 1_000,
    random: Math.random,
    after,
    runner: inGroups(jobs),
    lag,
  });
  const account = await forge.createApp({
    name: "enki",
    secret: "for-this-test-only",
    ...MANIFEST,
    privateKeyPem: casting.seed.privateKeyPem,
  });
  await forge.createRepository({ ...REPOSITORY, from: casting.seed.from });
  const webhooks = await openFanOut();
  forge.setWebhookUrl(account.id, webhooks.url);
  const token = forge.createUser("maintainer");
  forge.setPermission(REPOSITORY, { login: "maintainer", role: "admin" });
  const log: string[] = [];
  const coordinators = await openCoordinators({ ...casting, directory, forge, account, webhooks, log });
  const bare: GitContext = { directory: join(repositories, REPOSITORY.owner, `${REPOSITORY.name}.git`), after };
  return {
    directory,
    bare,
    log,
    coordinators,
    maintainer: openPersonClient({ apiUrl: forge.apiUrl, token, ...REPOSITORY }),
    /** Names of the runs so far. */
    runs: async (): Promise<string[]> => {
      const path = `/repos/${REPOSITORY.owner}/${REPOSITORY.name}/actions/workflows/enki-step.yml/runs?per_page=100`;
      const answer = await fetch(`${forge.apiUrl}${path}`, { headers: { authorization: `Bearer ${token}` } });
      const { workflow_runs: listed } = (await answer.json()) as { workflow_runs: { display_title: string }[] };
      return listed.map(({ display_title: title }) => readRunKey(title));
    },
    close: async (): Promise<void> => {
      await coordinators.close();
      await jobs.close();
      await webhooks.close();
      await forge.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
export type CrashStage = Awaited<ReturnType<typeof openCrashStage>>;
