import { createHmac, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { type AppService, openAppService } from "../../src/coordinator/app-service.ts";
import { connectRepository, type CoordinatorHost } from "../../src/coordinator/connect-repository.ts";
import { coordinateOnce } from "../../src/coordinator/coordinate-once.ts";
import { type RepositoryPorts, type ActDecision, type LoadedState, type DecisionInputs } from "../../src/coordinator/repository-loop.ts";
import { readWebhook } from "../../src/core/events/read-webhook.ts";
import { type Effect, rankEffect } from "../../src/core/domain/effect.ts";
import { openOctokit } from "../../src/github/open-octokit.ts";
import type { LedgerKeys } from "../../src/storage/ledger/ledger-keys.ts";
import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";
import type { Caller, MailedWebhook } from "./transport.ts";

export type SavedWrite = {
  readonly by: string;
  readonly act: ActDecision;
  readonly before: LoadedState;
  readonly inputs: DecisionInputs;
};

export type CoordinatorOptions = {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: (line: string) => void;
  readonly root: string;
  readonly directory: string;
  readonly near: string;
  readonly repository: string;
  readonly installation: number;
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly botLogin: string;
  readonly secret: string;
  readonly keys: LedgerKeys | null;
  readonly graceMs: number;
  readonly createToken: () => string;
  /** Whether the faults are over, so the process never dies and never sleeps. */
  readonly isCalm: () => boolean;
  readonly saved: (write: SavedWrite) => void;
  readonly died: (name: string, where: string) => void;
  /** Makes the ports misbehave. An honest history returns them unchanged. */
  readonly sabotage: (ports: RepositoryPorts) => RepositoryPorts;
};

/** Milliseconds between two calls of a process. A suspended process sleeps for minutes and wakes with outdated knowledge. */
const STEP_MS = 300;
const SLEEP_MS = 4 * 60_000;
const SWEEP_MS = 10 * 60_000;
const STEP_PATIENCE_MS = 15_000;

const FAULTS = { suspend: 0.01, crash: 0.004 };

/** Opens a process: its state, and the places at which it waits for its turn. */
const openProcess = (name: string, { clock, chance, log, died, isCalm }: CoordinatorOptions) => {
  let isDead = false;
  let parked: { readonly wake: () => void } | null = null;
  let signal: () => void = () => undefined;
  const caller: Caller = {
    name,
    isDead: () => isDead,
    die: (where) => {
      if (isDead) return;
      isDead = true;
      log(`† ${name} ${where}`);
      died(name, where);
      signal();
    },
  };
  /** Waits for the turn after a pause. Never returns once the process is dead. */
  const pause = (delay: number): Promise<void> =>
    new Promise((resolve) => {
      if (isDead) return signal();
      parked = {
        wake: () => {
          parked = null;
          resolve();
        },
      };
      clock.plan(delay, () => (isDead ? undefined : parked?.wake()));
      signal();
    });
  const gate = async (side: "before" | "after", call: string): Promise<void> => {
    if (chance.happens(`crash: ${side} ${call.split(" ")[0]}`, FAULTS.crash)) caller.die(`${side} ${call}`);
    const sleeps = chance.happens("zombie: a process sleeps and wakes with what it knew", side === "before" ? FAULTS.suspend : 0);
    if (sleeps) log(`  ${name} sleeps before ${call}`);
    await pause(sleeps ? SLEEP_MS * (0.5 + chance.number("sleep")) : STEP_MS * (isCalm() ? 0.1 : chance.number("step")));
  };
  return {
    caller,
    gate,
    pause,
    isParked: (): boolean => isDead || parked !== null,
    /** Resolves when the process next waits or dies. */
    nextStop: (): Promise<void> => new Promise((resolve) => (signal = resolve)),
  };
};
type Process = ReturnType<typeof openProcess>;

const inOrder = (effects: readonly Effect[]): Effect[] =>
  [...new Map(effects.map((effect) => [effect.key, effect])).values()].sort((a, b) => rankEffect(a.kind) - rankEffect(b.kind));

/** Wraps ports to stop before and after each call, so other processes, people and time can intervene. */
const gated = (honest: RepositoryPorts, process: Process, options: CoordinatorOptions): RepositoryPorts => {
  const { gate, caller } = process;
  const ports = options.sabotage(honest);
  const around = async <T>(call: string, run: () => Promise<T>): Promise<T> => {
    await gate("before", call);
    try {
      return await run();
    } finally {
      await gate("after", call);
    }
  };
  return {
    ...ports,
    load: () => around("load", ports.load),
    sweep: (loaded) => around("sweep", () => ports.sweep(loaded)),
    answerQueries: (queries) => around("query", () => ports.answerQueries(queries)),
    save: (act, before, inputs) =>
      around("save", async () => {
        const saved = await ports.save(act, before, inputs);
        if (saved.kind === "saved") {
          options.log(`  ${caller.name} saves: ${act.notes.join("; ")}`);
          options.saved({ by: caller.name, act, before, inputs });
        } else options.log(`  ${caller.name} could not save: ${saved.kind}`);
        return saved;
      }),
    performEffects: async (effects, again, decidedAt) => {
      const events = [];
      for (const effect of inOrder(effects))
        events.push(
          ...(await around(`effect ${effect.kind}`, async () => {
            options.log(`  ${caller.name} performs ${effect.kind === "write-comment" ? `${effect.kind} on ${effect.issue}` : effect.key}`);
            return ports.performEffects([effect], again, decidedAt);
          })),
        );
      return events;
    },
  };
};

const hostOf = (name: string, process: Process, options: CoordinatorOptions): CoordinatorHost => {
  const { clock, log } = options;
  let writes = 0;
  return {
    botLogin: options.botLogin,
    serverUrl: options.serverUrl,
    root: options.root,
    directory: join(options.directory, name),
    findNear: () => options.near,
    timers: { now: clock.now, after: (delay, call) => clock.after(delay, () => (process.caller.isDead() ? undefined : call())) },
    random: () => 0,
    nonce: () => `${name}-${(writes += 1)}`,
    log: (line) => log(`  ${name}: ${line.split("\n", 1)[0] ?? ""}`),
    ledgerKeys: options.keys,
    graceMs: options.graceMs,
    keepOutcomesMs: 0,
  };
};

export type RunningCoordinator = {
  readonly name: string;
  readonly caller: Caller;
  readonly receive: (webhook: MailedWebhook) => void;
  readonly start: () => void;
  /** Resolves when the process waits for its turn, has nothing to do, or is dead. */
  readonly settled: () => Promise<void>;
  readonly close: () => void;
};

const isSigned = ({ body, signature }: MailedWebhook, secret: string): boolean => {
  const own = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  const sent = Buffer.from(signature);
  return own.length === sent.length && timingSafeEqual(own, sent);
};

const accessOf = (options: CoordinatorOptions) => {
  const { createToken, apiUrl } = options;
  const request = (route: string, parameters?: Record<string, unknown>) => openOctokit(createToken(), apiUrl).request(route, parameters);
  return {
    token: () => Promise.resolve(createToken()),
    octokit: { request: Object.assign(request, { endpoint: { DEFAULTS: { baseUrl: apiUrl } } }) },
  };
};

/** Opens a process of the App with webhooks, timers and sweeps, as `enki app` has them. */
export const openAppProcess = (name: string, options: CoordinatorOptions & { readonly createToken: () => string }): RunningCoordinator => {
  const process = openProcess(name, options);
  const service: AppService = openAppService({
    ...hostOf(name, process, options),
    openInstallation: () => accessOf(options),
    findInstallation: () => Promise.resolve(options.installation),
    sweepIntervalMs: SWEEP_MS,
    wrapPorts: (ports) => gated(ports, process, options),
  });
  return {
    name,
    caller: process.caller,
    start: () => void service.addRepository(options.repository, options.installation),
    receive: (webhook) => {
      if (!isSigned(webhook, options.secret)) return options.log(`  ${name} refuses a forged webhook`);
      void service.receiveWebhook(webhook.name, JSON.parse(webhook.body));
    },
    settled: async () => {
      if (process.isParked()) return;
      await Promise.race([process.nextStop(), service.waitUntilIdle()]);
    },
    close: () => process.caller.die("at the end"),
  };
};

/** Opens a job that coordinates once and ends, without state outside the repository. `ended` receives the time of the next job. */
export const openStepProcess = (
  name: string,
  options: CoordinatorOptions,
  job: { readonly webhook: MailedWebhook | null; readonly ended: (wakeAt: number | null) => void },
): RunningCoordinator => {
  const process = openProcess(name, options);
  let running: Promise<void> = Promise.resolve();
  const run = async (): Promise<void> => {
    const host = { ...hostOf(name, process, options), endsWhenIdle: true as const };
    const ports = await connectRepository(host, { repository: options.repository, access: accessOf(options) });
    const events = job.webhook === null ? [] : readWebhook(job.webhook.name, JSON.parse(job.webhook.body), options.botLogin);
    job.ended(await coordinateOnce(gated(ports, process, options), { events, sleep: process.pause, patienceMs: STEP_PATIENCE_MS }));
  };
  return {
    name,
    caller: process.caller,
    receive: () => undefined,
    start: () =>
      void (running = run().catch((error: unknown) => {
        options.log(`  ${name} fails: ${error instanceof Error ? error.message : String(error)}`);
        job.ended(options.clock.now() + 60_000);
      })),
    settled: async () => {
      if (process.isParked()) return;
      await Promise.race([process.nextStop(), running]);
    },
    close: () => process.caller.die("at the end"),
  };
};
