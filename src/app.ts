import { randomBytes, randomUUID } from "node:crypto";
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
import { useProxies } from "./job/network/use-proxies.ts";
import { PAGES_NEED_ADDRESS, PAGES_NEED_CLIENT, PAGES_NEED_HTTPS } from "./core/messages/viewer-notes.ts";
import { type ClientKeys, toPublicOrigin, WEBHOOK_PATH } from "./core/setup/app-registration.ts";
import type { GitHubRequester } from "./github/open-octokit.ts";
import { openLoginPort, openViewerPort, readHookUrl } from "./github/viewer-ports.ts";
import { createAppPages } from "./local-github/web/app-pages.ts";
import { createStatusPages } from "./coordinator/status-pages.ts";
import { createWebhookReceiver } from "./coordinator/webhook-receiver.ts";
import { isLoopbackHost } from "./core/policy/network-hosts.ts";

export type AppOptions = Omit<
  AppHost,
  "openInstallation" | "findInstallation" | "listInstalled" | "botLogin" | "timers" | "random" | "nonce" | "ledgerKeys"
> & {
  readonly appId: number | string;
  readonly privateKey: string;
  readonly secret: string;
  readonly apiUrl: string;
  /** Serves pages to people who log in with these keys; no pages if absent. */
  readonly client?: ClientKeys | null;
  /** The origin under which browsers reach the server; derived from the App's webhook address by default. */
  readonly publicUrl?: string | null;
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

/** The address of the pages, or how to switch them on. */
export type PagesState = { readonly url: string; readonly hint: null } | { readonly url: null; readonly hint: string };
export type StartedApp = {
  readonly url: string;
  readonly pages: PagesState;
  readonly service: AppService;
  readonly close: () => Promise<void>;
};

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
  const { handler, ...pages } = await openPages(options, { asApp, service, timers });
  const receiver = createWebhookReceiver({
    ...(handler && { others: handler }),
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
    pages,
    service,
    close: () => Promise.all([redelivery?.close(), service.close(), server.close()]).then(() => undefined),
  };
};

type PagesHost = {
  readonly asApp: GitHubRequester;
  readonly service: Pick<AppService, "findClone">;
  readonly timers: AppHost["timers"];
};

const SECRET_BYTES = 32;

/** The read-only pages, or why there are none. */
const openPages = async (
  { client, publicUrl: named, apiUrl, serverUrl, log }: AppOptions,
  { asApp, service, timers }: PagesHost,
): Promise<PagesState & { readonly handler?: RequestListener }> => {
  if (!client) return { url: null, hint: PAGES_NEED_CLIENT };
  const hook = named === undefined || named === null ? await readHookUrl(asApp) : null;
  const url = URL.parse(hook === null ? (named ?? "") : (toPublicOrigin(hook) ?? ""));
  if (url?.pathname !== "/") return { url: null, hint: PAGES_NEED_ADDRESS };
  if (url.protocol !== "https:" && !isLoopbackHost(url.hostname)) return { url: null, hint: PAGES_NEED_HTTPS };
  const anonymous = new UnthrottledOctokit({ baseUrl: apiUrl });
  const handler = createAppPages({
    publicUrl: url.origin,
    serverUrl,
    github: { ...openViewerPort(anonymous, timers), ...openLoginPort(anonymous, { ...client, serverUrl }, timers) },
    findClone: service.findClone,
    ...timers,
    newSecret: () => randomBytes(SECRET_BYTES).toString("base64url"),
    log,
  });
  return { url: url.origin, hint: null, handler };
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
