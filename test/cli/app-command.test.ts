import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { appKey } from "../support/app-key.ts";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { after } from "../support/after.ts";
import { CLI } from "../support/cli.ts";
import { MANIFEST } from "../support/manifest.ts";

test.each(["SIGTERM", "SIGINT"] as const)("enki app stops cleanly at %s: it ends with 0 and answers no longer", async (signal) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-app-"));
  const runner = { start: () => undefined, cancel: () => undefined, close: () => Promise.resolve() };
  const forge = await startForge({
    directory: join(directory, "forge"),
    port: 0,
    after,
    now: () => new Date().getTime(),
    random: () => 0.5,
    runner,
  });
  onTestFinished(async () => {
    await forge.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const account = await forge.createApp({ privateKeyPem: appKey(), name: "enki", secret: "for-this-test-only", ...MANIFEST });
  const app = spawn(process.execPath, [CLI, "app", "--host", "127.0.0.1", "--port", "0", "--directory", join(directory, "clones")], {
    env: {
      PATH: process.env["PATH"],
      APP_ID: String(account.id),
      PRIVATE_KEY: account.privateKeyPem,
      WEBHOOK_SECRET: account.secret,
      GITHUB_API_URL: forge.apiUrl,
      GITHUB_SERVER_URL: forge.url,
      // Probot would import further packages for these, which no bundle has.
      REDIS_URL: "redis://127.0.0.1:1",
      WEBHOOK_PROXY_URL: "http://127.0.0.1:1/",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void app.kill("SIGKILL"));
  const ended = once(app, "exit");
  const [told] = (await once(app.stdout, "data")) as [Buffer];
  const url = /http\S+/.exec(told.toString())?.[0] ?? "";
  expect((await fetch(new URL("/health", url))).status).toBe(200);
  app.kill(signal);
  expect(await ended).toEqual([0, null]);
  await expect(fetch(new URL("/health", url))).rejects.toThrow();
});
