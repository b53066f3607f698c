import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { openStepProcess, openAppProcess, type CoordinatorOptions, type RunningCoordinator } from "./coordinators.ts";
import { type Chance, type FaultCount, openChance } from "./chance.ts";
import { openClock } from "./clock.ts";
import { readEnkiWorkflowFiles } from "../../src/cli/repository-files.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { deriveLedgerKeys } from "../../src/storage/ledger/ledger-keys.ts";
import { openJobs } from "./jobs.ts";
import { type Invariant, openOracle, Violation } from "./oracle.ts";
import { openPeople } from "./people.ts";
import { configOf, drawShape, planOf, type Shape } from "./shape.ts";
import { judgeEnd, findUnsettled } from "./settled.ts";
import type { Sabotage } from "./sabotage.ts";
import { type Caller, type MailedWebhook, openTransport } from "./transport.ts";

const REPOSITORY = { owner: "octo", name: "demo" };
const HOST = "127.0.0.1:4000";
const HOOK_HOST = "hooks.invalid";
const SECRET = "for-this-history-only";
const MINUTE_MS = 60_000;
/** Duration of the faults, and longest wait afterwards until everything waits or has ended. */
const STORM_MS = 25 * MINUTE_MS;
const PATIENCE_MS = 10 * 60 * MINUTE_MS;
const MAX_EVENTS = 6_000;
/** A directory in memory, so a write needs no disk. */
const MEMORY_DISK = "/dev/shm";
/** Minutes after the faults at which a helpful person looks. */
const HELP_MINUTES = [1, 5];

/** Returns the same key in every process, so every signature is the same. */
const privateKeyPem = (): string => {
  const seed = createHash("sha256").update("a simulated App").digest();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const kind = "PRIVATE KEY";
  return `-----BEGIN ${kind}-----\n${der.toString("base64")}\n-----END ${kind}-----\n`;
};

export type HistoryOptions = {
  readonly seed: number;
  /** Faults that must not happen; see {@link openChance}. */
  readonly omitted?: ReadonlySet<string>;
  /** The directory of this package. */
  readonly root: string;
  /** A seeded bug and the invariant that it breaks. The history continues until a violation of the invariant. */
  readonly sabotage?: { readonly invariant: Invariant; readonly make: Sabotage };
};

export type HistoryEnd = {
  readonly seed: number;
  /** Broken invariants, the first violation first. */
  readonly violations: readonly Violation[];
  /** SHA-256 of the log. Two histories with the same digest have the same log, line by line. */
  readonly digest: string;
  readonly log: readonly string[];
  readonly counts: ReadonlyMap<string, FaultCount>;
  readonly happened: readonly string[];
  readonly shape: Shape;
  readonly events: number;
  readonly saves: number;
  readonly landings: number;
};

/** Plays one history in one process and on one clock, with the real loop, ledger and git, the local GitHub, and everybody around them. */
export const playHistory = async ({ seed, omitted, root, sabotage }: HistoryOptions): Promise<HistoryEnd> => {
  const clock = openClock();
  let isCalm = false;
  const chance = openChance(seed, omitted, () => isCalm);
  const shape = drawShape(chance);
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(`${((clock.now() - clock.start) / 1_000).toFixed(3).padStart(9)} ${line}`);
  const directory = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), "enki-simulate-"));
  const near = join(directory, "repositories", REPOSITORY.owner, `${REPOSITORY.name}.git`);
  const plan = planOf(shape);
  const oracle = openOracle({
    bare: near,
    log,
    now: clock.now,
    replayEvery: sabotage ? 1 : 7,
    plan,
    shape,
    awaited: sabotage?.invariant ?? null,
  });
  const callers = new Map<string, Caller>();
  const living = new Map<string, RunningCoordinator>();
  let answer: (request: Request) => Promise<Response> = () => Promise.reject(new Error("not started"));
  let rest: () => Promise<void> = () => Promise.resolve();
  const mail: MailedWebhook[] = [];
  const transport = openTransport({
    chance,
    clock,
    log,
    findCaller: (token) => callers.get(token) ?? null,
    forge: { host: HOST, answer: (request) => answer(request), rest: () => rest() },
    hookHost: HOOK_HOST,
    takeWebhook: (webhook) => void mail.push(webhook),
    seen: (caller) => oracle.seen(caller !== null),
  });
  try {
    await plantRepository(near, shape, { root, clock });
    const jobs = openJobs({
      clock,
      chance,
      log,
      directory: join(directory, "jobs"),
      near,
      ledger: () => oracle.state.ledger,
      plan: () => plan,
      readFiles: async (commit, prefix) =>
        new Map([...(await reader.readFiles(commit, [prefix]))].map(([path, content]) => [path, content.toString("utf8")])),
      verified: oracle.verified,
      reportsCost: shape.hasBudget,
    });
    const forge = await startForge({
      directory: join(directory, "repositories"),
      port: 0,
      now: clock.now,
      random: () => chance.number("forge"),
      after: clock.after,
      runner: jobs.runner,
      lag: { runsMs: 0, mergedMs: 0 },
      rateLimit: 1_000_000,
      serve: (app: Hono, _port, begin) => {
        begin(`http://${HOST}`);
        answer = async (request) => app.fetch(request);
        return Promise.resolve({ url: `http://${HOST}`, close: () => Promise.resolve() });
      },
    });
    rest = () => forge.waitUntilIdle();
    const key = privateKeyPem();
    const app = await forge.createApp({ name: "enki", secret: SECRET, privateKeyPem: key });
    await forge.createRepository(REPOSITORY);
    forge.setWebhookUrl(app.id, `http://${HOOK_HOST}/`);
    const personToken = forge.createUser("maintainer");
    forge.setPermission(REPOSITORY, { login: "maintainer", role: "admin" });
    const openNear = (name: string, token = personToken) =>
      openClone({
        url: `http://${HOST}/${REPOSITORY.owner}/${REPOSITORY.name}.git`,
        directory: join(directory, name),
        token: () => Promise.resolve(token),
        identity: { name: "Maintainer", email: "maintainer@example.invalid" },
        after: clock.after,
        near,
      });
    const reader = await openNear("reader.git");
    const appToken = forge.createInstallationToken(app.id, REPOSITORY.owner);
    const rogue = await openNear("rogue.git", appToken);
    if (sabotage) callers.set(appToken, { name: "rogue", isDead: () => false, die: () => undefined });
    const people = openPeople({
      clock,
      chance,
      log,
      forge,
      repository: REPOSITORY,
      clone: await openNear("person.git"),
      ledger: () => oracle.state.ledger,
      oracle,
      configOf: (edit) => configOf(shape, edit),
    });
    oracle.seen(false);
    const coordinating = (name: string): CoordinatorOptions => ({
      clock,
      chance,
      log,
      root,
      directory: join(directory, "clones"),
      near,
      repository: `${REPOSITORY.owner}/${REPOSITORY.name}`,
      installation: forge.installation(app.id, REPOSITORY.owner),
      serverUrl: `http://${HOST}`,
      apiUrl: forge.apiUrl,
      botLogin: app.login,
      secret: SECRET,
      keys: deriveLedgerKeys(key),
      graceMs: shape.coordinators === 1 ? 0 : 30_000,
      createToken: () => {
        const token = forge.createInstallationToken(app.id, REPOSITORY.owner);
        const caller = living.get(name)?.caller;
        if (caller) callers.set(token, caller);
        return token;
      },
      isCalm: () => isCalm,
      saved: oracle.saved,
      sabotage: (ports) => sabotage?.make(ports, { clone: rogue, forge, token: appToken, repository: REPOSITORY, oracle }) ?? ports,
      died: (dead) => succeed(dead),
    });
    const cast = castCoordinators({ shape, chance, clock, log, living, coordinating, isCalm: () => isCalm });
    const succeed = cast.succeed;
    cast.start();
    const planActs = (): void => {
      const gap = MINUTE_MS * 1.6 * -Math.log(1 - chance.number("gap"));
      clock.plan(gap, async () => {
        if (isCalm) return;
        await people.act();
        planActs();
      });
    };
    await people.request("/enki fix the limit");
    planActs();
    const end = clock.now() + STORM_MS * shape.storm;
    clock.plan(end - clock.now(), () => {
      isCalm = true;
      log("— no fault happens from now on");
      cast.calm();
    });
    for (const minutes of HELP_MINUTES) clock.plan(end - clock.now() + minutes * MINUTE_MS, people.help);
    let events = 0;
    const settle = async (): Promise<void> => {
      const settled = new Set<RunningCoordinator>();
      // Another process may start as soon as a process ends.
      for (let left = [...living.values()]; left.length > 0; left = [...living.values()].filter((each) => !settled.has(each)))
        for (const each of left) {
          await each.settled();
          settled.add(each);
        }
      await rest();
      for (const webhook of mail.splice(0)) cast.mail(webhook);
      oracle.check();
    };
    await settle();
    for (;;) {
      if (!(await clock.advance())) throw new Violation("liveness", "nothing is due any longer");
      await settle();
      events += 1;
      if (isCalm && clock.now() > end + 6 * MINUTE_MS && findUnsettled(oracle.state.ledger, jobs.running()) === null && cast.isIdle())
        break;
      const unsettled = findUnsettled(oracle.state.ledger, jobs.running());
      if (clock.now() > end + PATIENCE_MS || events > MAX_EVENTS)
        throw new Violation("liveness", `after ${events} events: ${unsettled ?? "a coordinator never rests"}`);
    }
    await judgeEnd({ oracle, forge, token: personToken, repository: REPOSITORY });
    oracle.check();
    return report([], events);
  } catch (error) {
    if (!(error instanceof Violation) && sabotage && oracle.state.violations.length > 0) return report(oracle.state.violations, 0);
    if (!(error instanceof Violation))
      throw new Error(
        `seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${lines.slice(-40).join("\n")}`,
        { cause: error },
      );
    log(`✗ ${error.message}`);
    return report([...oracle.state.violations.filter((each) => each !== error), error], 0);
  } finally {
    for (const each of living.values()) each.close();
    transport.close();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }

  function report(violations: readonly Violation[], events: number): HistoryEnd {
    const { saves, landings } = oracle.state;
    const digest = createHash("sha256").update(lines.join("\n")).digest("hex");
    return { seed, violations, digest, log: lines, counts: chance.counts, happened: chance.happened, shape, events, saves, landings };
  }
};

const plantRepository = async (
  near: string,
  shape: Shape,
  { root, clock }: { root: string; clock: ReturnType<typeof openClock> },
): Promise<void> => {
  const clone = await openClone({
    url: near,
    directory: near,
    token: () => Promise.resolve(undefined),
    identity: { name: "Maintainer", email: "maintainer@example.invalid" },
    after: clock.after,
  });
  const texts = { ".enki/enki.toml": configOf(shape, 0), "shared.txt": "as it was\n", "README.md": "A limit.\n" };
  const own = Object.entries(texts).map(([path, content]) => [path, { content, mode: "100644" as const }] as const);
  const tree = await clone.writeFiles(null, new Map([...own, ...(await readEnkiWorkflowFiles(root))]));
  const first = await clone.writeCommit({ tree, parents: [], message: "Begin", at: clock.now() });
  const second = await clone.writeCommit({ tree, parents: [first], message: "Continue", at: clock.now() });
  await clone.moveOwnRefs([{ ref: toBranchRef("main"), oldSha: null, newSha: second }]);
};

type Casting = {
  readonly shape: Shape;
  readonly chance: Chance;
  readonly clock: ReturnType<typeof openClock>;
  readonly log: (line: string) => void;
  readonly living: Map<string, RunningCoordinator>;
  readonly coordinating: (name: string) => CoordinatorOptions;
  readonly isCalm: () => boolean;
};

/** Starts the processes of a history and their successors, and carries the mail between GitHub and them. */
const castCoordinators = ({ shape, chance, clock, living, coordinating, isCalm }: Casting) => {
  let processes = 0;
  let queued: MailedWebhook | null = null;
  let isStepRunning = false;
  let cancelNextStep = (): void => undefined;

  const startApp = (place: string): void => {
    const name = `${place}.${(processes += 1)}`;
    const process = openAppProcess(name, coordinating(name));
    living.set(name, process);
    process.start();
  };
  const startStep = (webhook: MailedWebhook | null): void => {
    if (isStepRunning) return void (queued = webhook ?? queued);
    cancelNextStep();
    isStepRunning = true;
    const name = `step.${(processes += 1)}`;
    const ended = (wakeAt: number | null): void => {
      isStepRunning = false;
      living.delete(name);
      const next = queued;
      queued = null;
      if (next) return void (cancelNextStep = clock.plan(0, () => startStep(next)));
      const delay = Math.min(15 * MINUTE_MS, wakeAt === null ? Infinity : Math.max(1_000, wakeAt - clock.now()));
      cancelNextStep = clock.plan(delay, () => startStep(null));
    };
    const process = openStepProcess(name, coordinating(name), { webhook, ended });
    living.set(name, process);
    process.start();
  };
  const receive = (webhook: MailedWebhook): void => {
    if (shape.coordinators === 0) return startStep(webhook);
    for (const process of living.values()) process.receive(webhook);
  };
  return {
    start: (): void => {
      if (shape.coordinators === 0) startStep(null);
      for (let place = 0; place < shape.coordinators; place += 1)
        clock.plan(place * 1_000, () => startApp(String.fromCharCode(97 + place)));
    },
    succeed: (dead: string): void => {
      const process = living.get(dead);
      if (!process || isEnding(dead)) return;
      living.delete(dead);
      if (shape.coordinators === 0) {
        isStepRunning = false;
        cancelNextStep = clock.plan(MINUTE_MS, () => startStep(null));
        return;
      }
      clock.plan(isCalm() ? 1_000 : MINUTE_MS * chance.number("restart"), () => startApp(dead.split(".")[0] ?? "a"));
    },
    calm: (): void => void (shape.coordinators === 0 && startStep(null)),
    mail: (webhook: MailedWebhook): void => {
      if (shape.coordinators === 0 && !/^(?:issue_comment|issues|workflow_run|pull_request|push|repository_dispatch)/.test(webhook.name))
        return;
      if (chance.happens("webhook: lost", 0.12)) return;
      const later = chance.happens("webhook: late", 0.1) ? 5 * MINUTE_MS * chance.number("late") : 500 * chance.number("latency of mail");
      const delay = chance.happens("webhook: overtaken by a later one", 0.1) ? later + 4_000 : later;
      clock.plan(delay, () => receive(webhook));
      if (chance.happens("webhook: doubled", 0.08)) clock.plan(delay + MINUTE_MS * chance.number("late"), () => receive(webhook));
      if (chance.happens("webhook: forged", 0.02))
        clock.plan(delay, () =>
          receive({ ...webhook, body: webhook.body.replaceAll("stranger", "maintainer"), signature: `sha256=${"0".repeat(64)}` }),
        );
    },
    isIdle: (): boolean => !isStepRunning,
  };
  function isEnding(name: string): boolean {
    return !living.has(name);
  }
};
