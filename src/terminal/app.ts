import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { loadApp } from "./load-app.ts";
import type { Terminal } from "./terminal.ts";

const GRACE = 30_000;
const SWEEP_EVERY = 5 * 60_000;
const OPTIONS = {
  host: { type: "string", default: "0.0.0.0" },
  port: { type: "string", default: "3000" },
  directory: { type: "string", default: ".enki-clones" },
} as const;

/** `enki app`: the GitHub App as a service, until it is ended. Its identity comes from the environment. */
export const app = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { env } = terminal;
  const appId = env["APP_ID"];
  const path = env["PRIVATE_KEY_PATH"];
  const privateKey = env["PRIVATE_KEY"] ?? (path === undefined ? undefined : await readFile(resolve(terminal.cwd, path), "utf8"));
  const secret = env["WEBHOOK_SECRET"];
  if (appId === undefined || privateKey === undefined || secret === undefined) {
    terminal.err("enki app: APP_ID, PRIVATE_KEY or PRIVATE_KEY_PATH, and WEBHOOK_SECRET say which App this is\n");
    return 2;
  }
  const { startApp } = await loadApp(terminal.root);
  const started = await startApp({
    appId,
    privateKey,
    secret,
    apiUrl: env["GITHUB_API_URL"] ?? "https://api.github.com",
    serverUrl: env["GITHUB_SERVER_URL"] ?? "https://github.com",
    host: values.host,
    port: Number(values.port),
    root: terminal.root,
    directory: resolve(terminal.cwd, values.directory),
    grace: GRACE,
    sweepEvery: SWEEP_EVERY,
    log: (line) => terminal.err(`${line}\n`),
  });
  terminal.interrupted(started.close);
  await terminal.untilInterrupted(`Webhooks are taken at ${started.url}\n`);
  return 0;
};
