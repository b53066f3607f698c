import { randomUUID } from "node:crypto";
import type { RequestListener } from "node:http";
import process from "node:process";
import { Probot, ProbotOctokit } from "probot";
import { type AppHost, type AppService, openAppService } from "./coordinator/app-service.ts";
import { findInstallation, listInstalledRepositories, openInstallation } from "./github/app-installation.ts";
import { type HookDeliveryPort, openHookDeliveries } from "./github/hook-deliveries.ts";
import type { Millis } from "./core/domain/ids.ts";
import { openWebhookRedelivery, type WebhookRedelivery } from "./coordinator/redeliver-webhooks.ts";
import { deriveLedgerKeys } from "./storage/ledger/ledger-keys.ts";
import { type HttpServerHandle, startHttpServer } from "./coordinator/http-server.ts";
import { WEBHOOK_PATH } from "./core/setup/app-registration.ts";
import { useProxies } from "./job/network/use-proxies.ts";
import { createStatusPages } from "./coordinator/status-pages.ts";
import { createWebhookReceiver } from "./coordinator/webhook-receiver.ts";

export type AppOptions = Omit<
  AppHost,
  "openInstallation" | "findInstallation" | "listInstalled" | "botLogin" | "timers" | "random" | "nonce" | "ledgerKeys"
> & {
  readonly appId: number | string;
  readonly privateKey: string;
  readonly secret: string;
  readonly apiUrl: string;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Defaults to a key that is derived from the App's private key; null for ledgers that are not signed. */
  readonly ledgerKeys?: AppHost["ledgerKeys"];
  /** Whether all repositories in which the App is installed are swept at the start; false by default. */
  readonly sweepsInstalled?: boolean;
  /** The interval for asking GitHub to repeat failed webhooks, from the start on; never if absent. */
  readonly redeliveryIntervalMs?: Millis;
  /** Serves the App's handler; defaults to a server of its own at `host` and `port`. */
  readonly listen?: (handler: RequestListener) => Promise<HttpServerHandle>;
  /** Defaults to the timers of this machine. */
  readonly timers?: AppHost["timers"];
};

export type StartedApp = { readonly url: string; readonly service: AppService; readonly close: () => Promise<void> };

// Enki waits and counts requests on its own: throttling and retries in Octokit would hide both.
const UnthrottledOctokit = ProbotOctokit.defaults((options: object) => ({
  ...options,
  throttle: { enabled: false },
  retry: { enabled: false },
}));

/** Starts the App: webhooks at `/api/github/webhooks`, rejected without a valid signature. Rejects if the port is in use or GitHub does not know the App. */
export const startApp = async (options: AppOptions): Promise<StartedApp> => {
  const { appId, privateKey, secret, apiUrl: baseUrl } = options;
  useProxies(process.env);
  const timers = options.timers ?? { now: Date.now, after: scheduleTimer };
  const probot = new Probot({ appId, privateKey, secret, baseUrl, Octokit: UnthrottledOctokit, logLevel: "fatal" });
  const asApp = await probot.auth();
  const { data } = await asApp.request("GET /app");
  const installing = { asApp, anonymous: new UnthrottledOctokit({ baseUrl }), now: timers.now };
  const access = (id: number) => openInstallation(installing, id);
  const find = (repository: string) => findInstallation(installing, repository);
  const service = openAppService({
    readVariable: (name) => process.env[name],
    ...options,
    openInstallation: access,
    findInstallation: find,
    ...(options.sweepsInstalled && { listInstalled: (report) => listInstalledRepositories(installing, report) }),
    botLogin: `${data?.slug ?? ""}[bot]`,
    timers,
    ledgerKeys: options.ledgerKeys === undefined ? deriveLedgerKeys(privateKey) : options.ledgerKeys,
    random: Math.random,
    nonce: randomUUID,
  });
  let isReady = false;
  const receiver = createWebhookReceiver({
    pages: createStatusPages({ isReady: () => isReady, startedAt: timers.now(), now: timers.now }),
    path: WEBHOOK_PATH,
    verify: (body, signature) => probot.webhooks.verify(body, signature),
    receive: (name, payload) => void service.receiveWebhook(name, payload),
    after: timers.after,
  });
  const server = await (options.listen?.(receiver) ?? startHttpServer(receiver, options));
  void service.resumeRepositories().then(() => (isReady = true));
  const redelivery = openRedelivery(openHookDeliveries(asApp, timers.now), timers, options);
  return {
    url: `${server.url}${WEBHOOK_PATH}`,
    service,
    close: () => Promise.all([redelivery?.close(), service.close(), server.close()]).then(() => undefined),
  };
};

const openRedelivery = (
  hook: HookDeliveryPort,
  timers: AppHost["timers"],
  { redeliveryIntervalMs: intervalMs, log }: AppOptions,
): WebhookRedelivery | null => (intervalMs === undefined ? null : openWebhookRedelivery({ hook, timers, intervalMs, log }));

const scheduleTimer: AppHost["timers"]["after"] = (delay, call) => {
  const timer = setTimeout(call, Math.min(delay, 2 ** 31 - 1));
  return () => clearTimeout(timer);
};
