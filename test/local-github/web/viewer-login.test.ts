import { expect, test } from "vitest";
import { openViewerBrowser, type Seen, type ViewerBrowser } from "../../support/viewer-browser.ts";
import { openAppPages } from "./app-pages-stage.ts";
import { wordsOf } from "./inspect.ts";

const PAGE = "/octo/demo/executions";
const HOUR = 3_600_000;

const start = (browser: ViewerBrowser, to = PAGE): Promise<Seen> => browser.visit(`/login/github?to=${encodeURIComponent(to)}`);
/** Returns the address with code and state to which GitHub sends the browser back. */
const authorize = async (browser: ViewerBrowser): Promise<string> => (await browser.visit((await start(browser)).to)).to;
const isLoggedIn = async (browser: ViewerBrowser): Promise<boolean> => (await browser.visit(PAGE)).status === 200;
const sessionOf = ({ cookies }: ViewerBrowser): string => [...cookies].find(([name]) => name.startsWith("enki_viewer_session"))?.[1] ?? "";

test("the browser gets a random secret that scripts cannot read, and neither the token nor the code", async () => {
  const { person, server } = await openAppPages();
  const ada = await person("ada");
  const started = await start(ada);
  const asked = new URL(started.to);
  expect(asked.searchParams.get("code_challenge_method")).toBe("S256");
  expect(asked.searchParams.get("code_challenge")).toMatch(/^[\w-]{43}$/);
  expect(asked.searchParams.get("state")).toMatch(/^[\w-]{43}$/);
  expect(asked.searchParams.get("redirect_uri")).toBe(`${server.url}/login/callback`);
  const back = await ada.visit((await ada.visit(started.to)).to);
  const [port] = server.url.split(":").slice(-1);
  expect([...started.headers.getSetCookie(), ...back.headers.getSetCookie()].map((line) => line.replace(/=[\w-]{43};/, "=…;"))).toEqual([
    `enki_viewer_login_${port}=…; Max-Age=600; Path=/; HttpOnly; SameSite=Lax`,
    `enki_viewer_login_${port}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
    expect.stringMatching(`^enki_viewer_session_${port}=…; Max-Age=28(?:800|79\\d); Path=/; HttpOnly; SameSite=Lax$`) as unknown,
  ]);
  const page = await ada.visit(PAGE);
  for (const shown of [page.text, JSON.stringify([...page.headers]), JSON.stringify([...back.headers]), back.text])
    expect(shown).not.toMatch(/ghu_/);
});

test("behind TLS, the cookies count for this host and for TLS only", async () => {
  const { person } = await openAppPages({ publicUrl: "https://enki.example" });
  const ada = await person("ada");
  const started = await start(ada);
  expect(started.headers.get("set-cookie")).toMatch(/^__Host-enki_login=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  const { pathname, search } = new URL((await ada.visit(started.to)).to);
  const back = await ada.visit(`${pathname}${search}`);
  expect(back.headers.getSetCookie().at(-1)).toMatch(/^__Host-enki_session=[\w-]{43}; .*HttpOnly; Secure; SameSite=Lax$/);
  expect(await isLoggedIn(ada)).toBe(true);
});

test("a login counts in the browser that started it only, and once", async () => {
  const { person } = await openAppPages();
  const [ada, mallory] = [await person("ada"), await person("mallory")];
  const stolen = await authorize(ada);
  expect((await mallory.visit(stolen)).status).toBe(403);
  expect(await isLoggedIn(mallory)).toBe(false);
  // Another browser has used the state, so GitHub refuses a second use.
  expect((await ada.visit(stolen)).status).toBe(403);
  const own = await authorize(ada);
  expect((await ada.visit(own)).status).toBe(303);
  expect((await ada.visit(own)).status).toBe(403);
  const planted = new URL(await authorize(mallory));
  const victim = await person("ada");
  await start(victim);
  expect((await victim.visit(planted.href)).status).toBe(403);
  expect(await isLoggedIn(victim)).toBe(false);
});

test("a wrong state, a missing code, a code of another login, and a login after ten minutes do not count", async () => {
  const { person, later } = await openAppPages();
  const ada = await person("ada");
  const back = new URL(await authorize(ada));
  for (const state of ["", "x", `${back.searchParams.get("state")}x`]) {
    const forged = new URL(back);
    forged.searchParams.set("state", state);
    expect((await ada.visit(forged.href)).status).toBe(403);
  }
  const empty = new URL(await authorize(ada));
  empty.searchParams.delete("code");
  expect((await ada.visit(empty.href)).status).toBe(403);
  const [first, second] = [new URL(await authorize(ada)), new URL(await authorize(ada))];
  second.searchParams.set("code", first.searchParams.get("code") ?? "");
  const mixed = await ada.visit(second.href);
  expect([mixed.status, wordsOf(mixed.text)]).toEqual([
    502,
    expect.stringContaining("GitHub did not return a token: The code passed is incorrect or expired.") as unknown,
  ]);
  const late = await authorize(ada);
  later(10 * 60_000);
  expect((await ada.visit(late)).status).toBe(403);
  expect(await isLoggedIn(ada)).toBe(false);
});

test("a refusal of GitHub is told, with the address that the App lacks", async () => {
  const { person, server } = await openAppPages();
  const ada = await person("ada");
  const failWith = async (error: string): Promise<string> => {
    const state = new URL((await start(ada)).to).searchParams.get("state") ?? "";
    const { status, text } = await ada.visit(`/login/callback?${new URLSearchParams({ error, state }).toString()}`);
    expect(status).toBe(403);
    return wordsOf(text);
  };
  expect(await failWith("access_denied")).toContain("GitHub did not authorize the login");
  expect(await failWith("redirect_uri_mismatch")).toContain(`must add the callback URL ${server.url}/login/callback`);
  expect((await ada.visit("/login/callback?error=access_denied&state=x")).status).toBe(403);
});

test("a login leads back to a page of this server only", async () => {
  const { person } = await openAppPages();
  const ada = await person("ada");
  expect((await ada.logIn(`${PAGE}?page=2`)).to).toBe(`${PAGE}?page=2`);
  for (const to of ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "evil", "/ä"])
    expect([to, (await ada.logIn(to)).to]).toEqual([to, "/"]);
  expect((await ada.logIn(`/${"a".repeat(3_000)}`)).to).toBe("/");
});

test("no planted and no forged cookie is a session, and each login has a secret of its own", async () => {
  const { person, server } = await openAppPages();
  const ada = await person("ada");
  const name = `enki_viewer_session_${new URL(server.url).port}`;
  const planted = "p".repeat(43);
  ada.cookies.set(name, planted);
  expect(await isLoggedIn(ada)).toBe(false);
  await ada.logIn();
  const first = sessionOf(ada);
  expect(first).not.toBe(planted);
  expect(await isLoggedIn(ada)).toBe(true);
  await ada.logIn();
  const mallory = await person("mallory");
  for (const value of [planted, first, "", `${sessionOf(ada)}x`, sessionOf(ada).slice(1), sessionOf(ada).toLowerCase()]) {
    mallory.cookies.set(name, value);
    expect([value, await isLoggedIn(mallory)]).toEqual([value, false]);
  }
  expect(await isLoggedIn(ada)).toBe(true);
});

test("a session belongs to one person: another person's session shows that person's repositories only", async () => {
  const { viewer } = await openAppPages();
  const [ada, bob] = [await viewer("ada", "read"), await viewer("bob")];
  expect((await ada.visit("/octo/secret/executions")).status).toBe(200);
  expect((await bob.visit("/octo/secret/executions")).status).toBe(404);
  expect(wordsOf((await bob.visit("/")).text)).toContain("Logged in as bob.");
});

test("a session ends after eight hours, with the token, and with a log-out", async () => {
  const { viewer, later, forge } = await openAppPages();
  const ada = await viewer("ada");
  later(8 * HOUR - 60_000);
  expect(await isLoggedIn(ada)).toBe(true);
  later(61_000);
  expect(await isLoggedIn(ada)).toBe(false);
  const bob = await viewer("bob");
  expect(await isLoggedIn(bob)).toBe(true);
  forge.revoke("bob");
  later(61_000);
  const ended = await bob.visit(PAGE);
  expect([ended.status, ended.to]).toEqual([302, `/login?to=${encodeURIComponent(PAGE)}`]);
});

test("a form of this server logs out; no other site does", async () => {
  const { viewer, server } = await openAppPages();
  const ada = await viewer("ada");
  const logOut = (headers: Record<string, string>): Promise<number> =>
    ada.visit("/logout", { method: "POST", headers }).then(({ status }) => status);
  for (const headers of [
    {},
    { origin: "null" },
    { origin: "https://evil.example" },
    { origin: `${server.url}.evil.example` },
    { origin: server.url, "sec-fetch-site": "cross-site" },
  ])
    expect(await logOut(headers as Record<string, string>)).toBe(403);
  expect((await ada.visit("/logout")).status).not.toBe(200);
  expect(await isLoggedIn(ada)).toBe(true);
  const copied = new Map(ada.cookies);
  expect(await logOut({ origin: server.url, "sec-fetch-site": "same-origin" })).toBe(200);
  expect(sessionOf(ada)).toBe("");
  const thief = openViewerBrowser(server.url);
  for (const [name, value] of copied) thief.cookies.set(name, value);
  expect(await isLoggedIn(thief)).toBe(false);
});
