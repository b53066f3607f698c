import { randomInt } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startForge } from "../../src/local-github/api/start-forge.ts";
import { openWitness } from "../local-github/api/published.ts";
import { after } from "../support/after.ts";
import { MANIFEST } from "../support/manifest.ts";
import { ADDRESS, confirmed, openBrowser, readAttribute, visit } from "../support/register-app.ts";
import { openTerminal } from "./stage.ts";

const { start, serve } = openTerminal();
const runner = { start: () => undefined, cancel: () => undefined, close: () => Promise.resolve() };

/** Opens a GitHub on loopback without an App, a person with a login, and `enki app` without credentials. */
const open = async (...args: string[]) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-set-up-"));
  const faults = { conversion: false };
  const witness = openWitness();
  const forge = await startForge({
    directory: join(directory, "forge"),
    port: 0,
    after,
    now: () => new Date().getTime(),
    random: () => randomInt(2 ** 32) / 2 ** 32,
    runner,
    faults: { requests: ({ path }) => (faults.conversion && path.includes("/app-manifests/") ? "before" : null) },
    observe: witness.observe,
  });
  onTestFinished(async () => {
    await forge.close();
    rmSync(directory, { recursive: true, force: true });
    expect(await witness.faults(forge.deliveries())).toEqual([]);
  });
  await forge.createRepository({ owner: "ada", name: "demo" });
  const credentials = join(directory, "config", "app.json");
  const words = [
    "app",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--directory",
    join(directory, "clones"),
    "--credentials",
    credentials,
    ...args,
  ];
  const env = { GITHUB_API_URL: forge.apiUrl, GITHUB_SERVER_URL: forge.url };
  /** In a process of its own, as people start it. */
  const startProcess = () => start(words, { env });
  const startApp = () => serve(words, { env });
  return { directory, forge, faults, credentials, startProcess, startApp, browser: await openBrowser(forge, forge.createUser("ada")) };
};
type Opened = Awaited<ReturnType<typeof open>>;

const begin = async (opened: Opened) => {
  const app = opened.startApp();
  const [address] = await app.prints(ADDRESS);
  return { app, address };
};

test("given no App, when a person registers one on the printed page, then enki app goes on as that App without a restart, and starts as the App again", async () => {
  const opened = await open();
  const app = opened.startProcess();
  const [address] = await app.prints(ADDRESS);
  const first = await visit(address);
  expect(first.html).toContain('name="organisation"');
  const page = await visit(confirmed(address));
  expect(page.headers.get("content-security-policy")).toContain(`form-action 'self' ${opened.forge.url}`);
  const back = await opened.browser.register(page.html, "Enki of Ada");
  const answer = await visit(back);
  expect([answer.status, answer.location]).toEqual([303, `${opened.forge.url}/apps/enki-of-ada/installations/new`]);
  const [hook] = await app.prints(/http\S+\/api\/github\/webhooks/);
  expect(new URL(hook).origin).toBe(new URL(address).origin);
  expect((await visit(new URL("/health", address))).status).toBe(200);
  const stored = JSON.parse(readFileSync(opened.credentials, "utf8")) as Record<string, string>;
  expect(stored).toMatchObject({ server: opened.forge.url, slug: "enki-of-ada" });
  expect(statSync(opened.credentials).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(opened.directory, "config"))).toEqual(["app.json"]);
  app.signal("SIGTERM");
  const ended = await app.ended;
  expect(ended.code).toBe(0);
  for (const secret of [stored["privateKey"], stored["webhookSecret"]])
    for (const shown of [ended.out, ended.err, answer.html, page.html]) expect(shown).not.toContain(secret);
  const again = opened.startProcess();
  await again.prints(/Webhooks are received at/);
  again.signal("SIGTERM");
  expect((await again.ended).out).not.toMatch(ADDRESS);
});

test("the App's webhooks arrive at the address that the person named, with the permissions and events of app.yml", async () => {
  const opened = await open();
  const { app, address } = await begin(opened);
  const back = await opened.browser.register((await visit(confirmed(address))).html);
  await visit(back);
  await app.prints(/Webhooks are received at/);
  const token = opened.forge.createUser("ada");
  await fetch(`${opened.forge.apiUrl}/repos/ada/demo/issues`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ title: "A fault" }),
  });
  await opened.forge.waitUntilIdle();
  expect(opened.forge.deliveries().map(({ event, status }) => [event, status])).toEqual([["issues", 200]]);
  expect(MANIFEST.events).toContain("issues");
});

test("a stranger who finds the port sees nothing and cannot register an App of their own", async () => {
  const opened = await open();
  const { app, address } = await begin(opened);
  const at = (path: string): Promise<number> => visit(new URL(path, address)).then(({ status }) => status);
  expect(await at("/health")).toBe(200);
  expect(await at("/ready")).toBe(503);
  for (const path of ["/", "/setup", "/setup/", "/setup/x", "/probot", "/api/github/webhooks", `${new URL(address).pathname}x`])
    expect([path, await at(path)]).toEqual([path, 404]);
  const page = (await visit(confirmed(address))).html;
  const back = new URL(await opened.browser.register(page));
  const state = back.searchParams.get("state") ?? "";
  for (const wrong of ["", "x", state.slice(1), `${state}x`]) {
    const forged = new URL(back);
    forged.searchParams.set("state", wrong);
    expect((await visit(forged)).status).toBe(403);
  }
  expect(existsSync(opened.credentials)).toBe(false);
  expect((await visit(back)).status).toBe(303);
  await app.prints(/Webhooks are received at/);
  // The App takes both addresses for pages of a repository.
  for (const used of [back, address]) expect(await visit(used)).toMatchObject({ status: 302, html: "" });
});

test("a code that GitHub does not exchange is told on the page, and the person can try again", async () => {
  const opened = await open();
  const { app, address } = await begin(opened);
  const lost = await opened.browser.register((await visit(confirmed(address))).html);
  opened.faults.conversion = true;
  const failed = await visit(lost);
  expect(failed.status).toBe(502);
  expect(failed.html).toContain("GitHub did not hand over the App&#39;s keys: Server Error. If GitHub lists the new App, delete it there");
  opened.faults.conversion = false;
  expect((await visit(lost)).status).toBe(403);
  const back = await opened.browser.register((await visit(confirmed(address))).html, "another");
  expect((await visit(back)).status).toBe(303);
  await app.prints(/Webhooks are received at/);
});

test("keys that another process stored meanwhile are not overwritten", async () => {
  const opened = await open();
  const one = await begin(opened);
  const other = await begin(opened);
  const browse = async (address: string, name: string): Promise<string> =>
    opened.browser.register((await visit(confirmed(address))).html, name);
  const [first, second] = [await browse(one.address, "first"), await browse(other.address, "second")];
  expect((await visit(first)).status).toBe(303);
  const refused = await visit(second);
  expect(refused.status).toBe(502);
  expect(refused.html).toContain("exists by now, because another process registered an App");
  expect(JSON.parse(readFileSync(opened.credentials, "utf8"))).toMatchObject({ slug: "first" });
});

test.each([
  ["name", { name: "" }, "A name has 1 to 34 characters."],
  ["organisation", { organisation: "../settings" }, "GitHub does not allow this organization name."],
  ["address", { address: "javascript:alert(1)" }, "The address of a server looks like https://enki.example.org."],
])("a wrong %s is told beside its field, and text of the address is never markup", async (_, fields, words) => {
  const opened = await open();
  const { address } = await begin(opened);
  const { html } = await visit(confirmed(address, { name: '"><script>', ...fields }));
  expect(html).toContain(words);
  expect(html).not.toContain("<script");
  expect(html).not.toContain('name="manifest"');
});

test("the page registers in an organisation, with the public address that the options name", async () => {
  const opened = await open("--organization", "acme", "--url", "https://enki.example.org/");
  const app = opened.startApp();
  const [, own = "", token = ""] = await app.prints(/listens at (\S+)\n.*https:\/\/enki\.example\.org\/setup\/(\S+)/);
  const url = new URL(`/setup/${token}?step=confirm`, own);
  const { html } = await visit(url);
  expect(html).toContain(`action="${opened.forge.url}/organizations/acme/settings/apps/new?state=`);
  expect(JSON.parse(readAttribute(html, /name="manifest" value="([^"]*)"/))).toMatchObject({
    name: "Enki",
    public: false,
    hook_attributes: { url: "https://enki.example.org/api/github/webhooks", active: true },
    redirect_url: `${url.origin}/setup/callback`,
    default_permissions: MANIFEST.permissions,
  });
});

test.each<[string, string, (path: string) => void]>([
  ["a file that others may read", "other users may read it; run chmod 600", (path) => (writeFileSync(path, "{}"), chmodSync(path, 0o644))],
  ["a file with something else", "does not hold the keys of an App", (path) => writeFileSync(path, "{}", { mode: 0o600 })],
  [
    "the keys of an App on another GitHub",
    "holds the keys of an App on https://github.com",
    (path) =>
      writeFileSync(
        path,
        JSON.stringify({ server: "https://github.com", id: 1, slug: "x", privateKey: "k", webhookSecret: "s", page: "p" }),
        { mode: 0o600 },
      ),
  ],
  ["a place inside a git repository", "is inside the git repository", (path) => mkdirSync(join(path, "..", ".git"))],
])("%s is refused with what to do", async (_, words, prepare) => {
  const opened = await open();
  mkdirSync(join(opened.credentials, ".."));
  prepare(opened.credentials);
  const { code, err } = await opened.startApp().ended;
  expect([code, err]).toEqual([1, expect.stringContaining(words)]);
});
