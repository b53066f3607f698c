import { randomInt } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { wordsOf } from "../local-github/web/inspect.ts";
import { after } from "../support/after.ts";
import { ADDRESS, confirmed, openBrowser, visit } from "../support/register-app.ts";
import { openViewerBrowser } from "../support/viewer-browser.ts";
import { openTerminal } from "./stage.ts";

const { start, serve } = openTerminal();
const runner = { start: () => undefined, cancel: () => undefined, close: () => Promise.resolve() };

type StoredKeys = { readonly client: { readonly id: string; readonly secret: string } | null };

/** Opens a GitHub on loopback, and `enki app` with an App that a person has just registered on the printed page. */
const open = async () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-app-pages-"));
  const forge = await startForge({
    directory: join(directory, "forge"),
    port: 0,
    after,
    now: () => new Date().getTime(),
    random: () => randomInt(2 ** 32) / 2 ** 32,
    runner,
  });
  onTestFinished(async () => {
    await forge.close();
    rmSync(directory, { recursive: true, force: true });
  });
  await forge.createRepository({ owner: "ada", name: "demo" });
  const credentials = join(directory, "config", "app.json");
  const place = ["--host", "127.0.0.1", "--port", "0", "--directory", join(directory, "clones"), "--credentials", credentials];
  const startApp = (args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
    serve(["app", ...place, ...args], { env: { GITHUB_API_URL: forge.apiUrl, GITHUB_SERVER_URL: forge.url, ...env } });
  const app = startApp();
  const [address] = await app.prints(ADDRESS);
  const browser = await openBrowser(forge, forge.createUser("ada"));
  await visit(await browser.register((await visit(confirmed(address))).html));
  const stored = (): StoredKeys => JSON.parse(readFileSync(credentials, "utf8")) as StoredKeys;
  return { forge, credentials, app, startApp, stored };
};

test("given a registered App, when a person logs in on its pages, then the person sees the repositories that it coordinates", async () => {
  const { forge, app, stored } = await open();
  const [, origin = ""] = await app.prints(/Pages are at (http:\S+)/);
  const ada = openViewerBrowser(origin);
  await ada.visit(forge.signIn(forge.createUser("ada"), "/"));
  expect((await ada.visit("/")).to).toBe("/login?to=%2F");
  expect((await ada.logIn("/")).to).toBe("/");
  await vi.waitFor(
    async () => {
      const { status, text } = await ada.visit("/ada/demo/executions");
      expect([status, wordsOf(text)]).toEqual([200, expect.stringContaining("No executions yet.") as unknown]);
    },
    { timeout: 60_000, interval: 500 },
  );
  expect((await ada.visit("/")).text).toContain('<a href="/ada/demo">ada / demo</a>');
  app.signal("SIGTERM");
  const { code, out, err } = await app.ended;
  expect(code).toBe(0);
  for (const secret of [stored().client?.secret ?? "none", "ghu_"]) expect(out + err).not.toContain(secret);
});

test("without the keys of the client, everything but the pages works, and the log says how to switch them on", async () => {
  const { app, credentials, startApp, stored } = await open();
  await app.prints(/Pages are at/);
  app.signal("SIGTERM");
  await app.ended;
  const { client, ...older } = stored();
  writeFileSync(credentials, JSON.stringify(older));
  const without = startApp();
  await without.prints(/^Pages are off: set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET of the App, and add <address>\/login\/callback/m);
  const [hook] = await without.prints(/http\S+\/api\/github\/webhooks/);
  expect((await visit(new URL("/health", hook))).status).toBe(200);
  for (const path of ["/", "/login", "/ada/demo"]) expect([path, (await visit(new URL(path, hook))).status]).toEqual([path, 404]);
  without.signal("SIGTERM");
  await without.ended;
  const keys = { GITHUB_CLIENT_ID: client?.id ?? "", GITHUB_CLIENT_SECRET: client?.secret ?? "" };
  const named = startApp(["--url", "https://enki.example.org/"], keys);
  await named.prints(/^Pages are at https:\/\/enki\.example\.org$/m);
  named.signal("SIGTERM");
  await named.ended;
  const below = startApp(["--url", "https://example.org/enki"], keys);
  await below.prints(/^Pages are off: the webhook address of the App .* Set the address with --url, without a path\.$/m);
  below.signal("SIGTERM");
  await below.ended;
});

test("one of the two keys alone is refused", async () => {
  const { code, err } = await start(["app"], { env: { GITHUB_CLIENT_ID: "Iv1" } }).ended;
  expect([code, err]).toEqual([2, expect.stringContaining("set both GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET")]);
});
