import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { Probot, ProbotOctokit } from "probot";
import { type AppHost, type AppService, openAppService } from "./app-service.ts";

export type AppOptions = Pick<AppHost, "serverUrl" | "root" | "directory" | "grace" | "sweepEvery" | "log" | "wrap"> & {
  readonly appId: number | string;
  readonly privateKey: string;
  /** The webhooks' secret. */
  readonly secret: string;
  readonly apiUrl: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** This machine's, where nothing else is given. */
  readonly timers?: AppHost["timers"];
};

// Enki waits by itself, and counts what it sends: throttling and retries beneath it would hide both.
const Octokit = ProbotOctokit.defaults((options: object) => ({ ...options, throttle: { enabled: false }, retry: { enabled: false } }));

// `octokit.auth` would ask github.com for a token, whatever the App's address: this asks where the App is.
const NEW_TOKEN = "POST /app/installations/{installation_id}/access_tokens";
/** A token is renewed this long before it expires, in milliseconds. */
const EARLY = 5 * 60_000;

const after: AppHost["timers"]["after"] = (delay, call) => {
  const timer = setTimeout(call, Math.min(delay, 2 ** 31 - 1));
  return () => clearTimeout(timer);
};

/** Sends with a token that is asked for each time: one for REST and git, and never one that has expired. */
const withToken = (octokit: ProbotOctokit, token: () => Promise<string>) => ({
  request: async (route: string, parameters: Record<string, unknown> = {}) =>
    octokit.request(route, { ...parameters, headers: { ...(parameters["headers"] as object), authorization: `token ${await token()}` } }),
});

const rememberToken = (renew: () => Promise<{ token: string; expires_at: string }>) => {
  let known = { token: "", expires: 0 };
  return async (): Promise<string> => {
    if (known.expires - EARLY < Date.now()) {
      const { token, expires_at } = await renew();
      known = { token, expires: Date.parse(expires_at) };
    }
    return known.token;
  };
};

/** Starts the App: webhooks at `/api/github/webhooks`, refused without the right signature. Rejects when the port is in use or GitHub does not know the App. */
export const startApp = async (options: AppOptions): Promise<{ url: string; service: AppService; close: () => Promise<void> }> => {
  const { appId, privateKey, secret, apiUrl: baseUrl } = options;
  const probot = new Probot({ appId, privateKey, secret, baseUrl, Octokit, logLevel: "fatal" });
  const asApp = await probot.auth();
  const { data } = await asApp.request("GET /app");
  const access: AppHost["access"] = (id) => {
    const token = rememberToken(() => asApp.request(NEW_TOKEN, { installation_id: id }).then(({ data }) => data));
    return Promise.resolve({ octokit: withToken(new Octokit({ baseUrl }), token), token });
  };
  const service = openAppService({
    ...options,
    access,
    self: `${data?.slug ?? ""}[bot]`,
    timers: options.timers ?? { now: Date.now, after },
    random: Math.random,
    nonce: randomUUID,
  });
  // Answered at once: what a webhook leads to takes longer than GitHub waits.
  probot.onAny(({ name, payload }) => void service.webhook(name, payload));
  const server = createServer((await probot.getNodeMiddleware()) as Parameters<typeof createServer>[1]);
  const url = await listen(server, options);
  return { url: `${url}/api/github/webhooks`, service, close: () => Promise.all([service.close(), stop(server)]).then(() => undefined) };
};

const listen = (server: Server, { host, port }: AppOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(`http://${host}:${typeof address === "object" && address !== null ? address.port : port}`);
    });
  });

const stop = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
