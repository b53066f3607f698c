import { resolve } from "node:path";
import { loadApp } from "./load-app.ts";
import { readEnvironmentKeys } from "./environment-keys.ts";
import { readNamedFile, readOptions, readPort, UsageError } from "./command-options.ts";
import type { TerminalHost } from "./terminal-host.ts";

const APP_GRACE_MS = 30_000;
const APP_SWEEP_INTERVAL_MS = 5 * 60_000;
const REDELIVERY_INTERVAL_MS = 15 * 60_000;
export const appOptions = {
  host: { type: "string", default: "0.0.0.0", value: "<address>", about: "address to listen on" },
  port: { type: "string", default: "3000", value: "<port>", about: "port to listen on" },
  directory: { type: "string", default: ".enki-clones", value: "<path>", about: "directory for cached clones" },
} as const;

/** `enki app`: runs the GitHub App as a service until it is interrupted. The App's identity comes from the environment. */
export const runAppCommand = async (args: readonly string[], terminal: TerminalHost): Promise<number> => {
  const values = readOptions(args, appOptions);
  const port = readPort(values.port);
  const { env } = terminal;
  const appId = env["APP_ID"];
  const path = env["PRIVATE_KEY_PATH"];
  const privateKey = env["PRIVATE_KEY"] ?? (path === undefined ? undefined : await readNamedFile(terminal, path));
  const secret = env["WEBHOOK_SECRET"];
  if (appId === undefined || privateKey === undefined || secret === undefined) {
    throw new UsageError("APP_ID, PRIVATE_KEY or PRIVATE_KEY_PATH, and WEBHOOK_SECRET in the environment say which App this is");
  }
  const { startApp } = await loadApp(terminal.root);
  const started = await startApp({
    appId,
    privateKey,
    secret,
    apiUrl: env["GITHUB_API_URL"] ?? "https://api.github.com",
    serverUrl: env["GITHUB_SERVER_URL"] ?? "https://github.com",
    host: values.host,
    port,
    root: terminal.root,
    directory: resolve(terminal.cwd, values.directory),
    graceMs: APP_GRACE_MS,
    sweepIntervalMs: APP_SWEEP_INTERVAL_MS,
    sweepsInstalled: true,
    redeliveryIntervalMs: REDELIVERY_INTERVAL_MS,
    ...readEnvironmentKeys(env),
    log: (line) => terminal.err(`${line}\n`),
  });
  // A service that is asked to stop has not failed.
  terminal.onInterrupt(started.close, 0);
  terminal.out(`Webhooks are taken at ${started.url}\n`);
  await terminal.waitForInterrupt();
  return 0;
};
