import { expect, onTestFinished, test } from "vitest";
import { Probot, ProbotOctokit } from "probot";
import { appKey } from "../support/app-key.ts";
import { openWebhookRedelivery } from "../../src/coordinator/redeliver-webhooks.ts";
import { openHookDeliveries } from "../../src/github/hook-deliveries.ts";
import type { ForgeOptions } from "../../src/local-github/api/start-forge.ts";
import { listen, openStage, REPO } from "../local-github/api/stage.ts";

const HOUR_MS = 3_600_000;
const CALM = ProbotOctokit.defaults((options: object) => ({ ...options, throttle: { enabled: false }, retry: { enabled: false } }));

/** Opens an App whose server is away until `comeBack`, on a local GitHub with a clock moved by the test. */
const open = async (options: Partial<ForgeOptions> = {}) => {
  let now = Date.parse("2026-11-20T12:00:00Z");
  const requests: string[] = [];
  const stage = await openStage(
    {},
    {
      now: () => now,
      observe: ({ method, path, status }) => void (status < 400 && path.includes("/deliveries") && requests.push(method)),
      ...options,
    },
  );
  const hooks = await listen();
  const app = await stage.forge.createApp({
    privateKeyPem: appKey(),
    name: "enki",
    secret: "hush",
    webhookUrl: "http://127.0.0.1:9/",
    events: ["issues"],
  });
  const probot = new Probot({
    appId: app.id,
    privateKey: app.privateKeyPem,
    secret: app.secret,
    baseUrl: stage.forge.apiUrl,
    logLevel: "fatal",
    Octokit: CALM,
  });
  const asApp = await probot.auth();
  onTestFinished(async () => {
    await stage.close();
    await hooks.close();
  });
  const api = stage.octokit(stage.owner);
  const timers: { readonly due: number; readonly call: () => void }[] = [];
  const logged: string[] = [];
  const start = () => {
    const clock = {
      now: () => now,
      after: (delay: number, call: () => void) => (timers.push({ due: now + delay, call }), () => undefined),
    };
    const hook = openHookDeliveries(asApp, clock.now);
    return openWebhookRedelivery({ hook, timers: clock, intervalMs: HOUR_MS / 4, log: (line) => logged.push(line) });
  };
  return {
    hooks,
    requests,
    logged,
    timers,
    start,
    comeBack: (url = hooks.url): void => stage.forge.setWebhookUrl(app.id, url),
    /** Raises an event, delivered or not. */
    happen: async (title: string): Promise<void> => {
      await api.issues.create({ ...REPO, title });
      await stage.forge.waitUntilIdle();
    },
    idle: () => stage.forge.waitUntilIdle(),
    /** Waits until a run has ended and the next run is scheduled. */
    ran: () => expect.poll(() => timers.length, { timeout: 20_000 }).toBe(1),
    /** Advances the time, and runs due calls. */
    later: (delay: number): void => {
      now += delay;
      const all = timers.splice(0);
      timers.push(...all.filter(({ due }) => due > now));
      for (const { due, call } of all) if (due <= now) call();
    },
    titles: (): string[] => hooks.hooks.map(({ body }) => (JSON.parse(body) as { issue: { title: string } }).issue.title),
    deliveries: () => stage.forge.deliveries(),
  };
};

test("given events while no process ran, when one starts, then each is repeated once under its GUID, in its order", async () => {
  const stage = await open();
  await stage.happen("first");
  await stage.happen("second");
  stage.comeBack();
  await stage.happen("third");
  const redelivery = stage.start();
  await stage.ran();
  await redelivery.close();
  await stage.idle();
  expect(stage.titles()).toEqual(["third", "first", "second"]);
  expect(stage.logged).toEqual(["webhooks: asks GitHub to repeat 2 of 2 failed deliveries"]);
  expect(new Set(stage.hooks.hooks.map(({ id }) => id))).toEqual(new Set(stage.deliveries().map(({ id }) => id)));
});

test("what another process had repeated, or what GitHub does not keep any longer, is left alone", async () => {
  const stage = await open();
  await stage.happen("old");
  stage.later(73 * HOUR_MS);
  await stage.happen("new");
  stage.comeBack();
  for (const start of [stage.start, stage.start]) {
    start();
    await stage.ran();
    await stage.idle();
    stage.timers.length = 0;
    expect(stage.titles()).toEqual(["new"]);
  }
});

test("the schedule repeats what is missed later, and gives up an event that keeps failing", async () => {
  const stage = await open();
  const redelivery = stage.start();
  await stage.ran();
  await stage.happen("never");
  for (let hour = 0; hour < 8; hour += 1) {
    stage.later(HOUR_MS);
    await stage.ran();
    await stage.idle();
  }
  expect(stage.deliveries().filter(({ isRedelivery }) => isRedelivery)).toHaveLength(3);
  await redelivery.close();
});

test("pages follow GitHub's cursor, and a run requests at most a hundred repetitions", async () => {
  const stage = await open();
  for (let at = 0; at < 105; at += 1) await stage.happen(`event ${at}`);
  stage.comeBack();
  const redelivery = stage.start();
  await stage.ran();
  await stage.idle();
  expect(stage.requests.filter((method) => method === "GET")).toHaveLength(2);
  expect(stage.titles()).toEqual(Array.from({ length: 100 }, (_, at) => `event ${at}`));
  stage.later(HOUR_MS / 4);
  await stage.ran();
  await stage.idle();
  expect(stage.titles().slice(100)).toEqual(Array.from({ length: 5 }, (_, at) => `event ${100 + at}`));
  await redelivery.close();
});

test("a rate limit ends the run, and the next one waits until GitHub allows it", async () => {
  let limited = true;
  const stage = await open({
    faults: { requests: ({ method, path }) => (limited && method === "POST" && path.endsWith("/attempts") ? { retryAfter: 7_200 } : null) },
  });
  await stage.happen("one");
  await stage.happen("two");
  stage.comeBack();
  const redelivery = stage.start();
  await stage.ran();
  expect(stage.requests.filter((method) => method === "POST")).toEqual([]);
  expect(stage.logged.at(-1)).toMatch(/cannot be repeated now: .*secondary rate limit/);
  limited = false;
  stage.later(HOUR_MS);
  expect(stage.requests.filter((method) => method === "POST")).toEqual([]);
  stage.later(HOUR_MS + 1);
  await stage.ran();
  await redelivery.close();
  await stage.idle();
  expect(stage.titles()).toEqual(["one", "two"]);
});
