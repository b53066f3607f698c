import { request } from "node:http";
import { expect, test, vi } from "vitest";
import { step, stepIn } from "../../support/build.ts";
import { openViewerBrowser, type ViewerBrowser } from "../../support/viewer-browser.ts";
import { NAMED } from "../api/stage.ts";
import { openAppPages } from "./app-pages-stage.ts";
import { strange, wordsOf } from "./inspect.ts";
import { ledgerOf } from "./ledgers.ts";

const SECRET = "/octo/secret/executions/abc123";

/** The form of the log-out button is the only form. */
const withoutLogOut = (text: string): string => text.replace(/<form method="post" action="\/logout">[^]*?<\/form>/, "");

test("a person who may read a repository on GitHub sees its executions, read-only, after a login", async () => {
  const { person, forge } = await openAppPages();
  forge.setPermission({ ...NAMED, name: "secret" }, { login: "ada", role: "read" });
  const browser = await person("ada");
  const asked = await browser.visit(`${SECRET}?page=2`);
  expect([asked.status, asked.to]).toEqual([302, `/login?to=${encodeURIComponent(`${SECRET}?page=2`)}`]);
  const login = await browser.visit(asked.to);
  expect(login.text).toContain(`<a href="/login/github?to=${encodeURIComponent(`${SECRET}?page=2`)}">Log in with GitHub</a>`);
  const back = await browser.logIn(SECRET);
  expect([back.status, back.to]).toEqual([303, SECRET]);
  const { status, text } = await browser.visit(back.to);
  expect(status).toBe(200);
  expect(text).toMatch(/id="graph"[^]*id="timeline"[^]*id="step-docs"/);
  expect(text).toContain("make &lt;script&gt;alert(1)&lt;/script&gt; faster");
  expect(text).toContain(`<a href="${forge.url}/octo/secret/issues/1" rel="noreferrer">#1</a>`);
  expect(wordsOf(text)).toMatch(/Executions Queue Commits Ledger .*Logged in as ada\. These pages change nothing\. Log out$/);
  expect(strange(withoutLogOut(text))).toEqual([]);
  for (const path of ["", "/executions", "/commits/main", "/ledger", "/state"])
    expect([path, (await browser.visit(`/octo/secret${path}`)).status]).toEqual([path, path === "" ? 302 : 200]);
});

test("the list names the repositories that the viewer may read and that the App coordinates", async () => {
  const { viewer, later, forge } = await openAppPages();
  const [ada, bob] = [await viewer("ada", "read"), await viewer("bob")];
  const listOf = async (browser: ViewerBrowser): Promise<string[]> =>
    [...(await browser.visit("/")).text.matchAll(/<a href="\/([\w-]+\/[\w-]+)">/g)].map(([, name = ""]) => name);
  expect(await listOf(ada)).toEqual(["octo/demo", "octo/secret"]);
  expect(await listOf(bob)).toEqual(["octo/demo"]);
  forge.setPermission({ ...NAMED, name: "secret" }, { login: "bob", role: "read" });
  later(61_000);
  expect(await listOf(bob)).toEqual(["octo/demo", "octo/secret"]);
});

test("a repository that does not exist, that the viewer may not read, or where the App is not installed is the same 404", async () => {
  const { viewer, forge } = await openAppPages();
  forge.setPermission({ owner: "elsewhere", name: "secret" }, { login: "bob", role: "admin" });
  const bob = await viewer("bob");
  const missing = await bob.visit("/octo/nothing/executions");
  expect(missing.status).toBe(404);
  for (const path of [SECRET, "/octo/secret", "/octo/idle/executions", "/elsewhere/secret/executions", "/octo/secret/commit/x"]) {
    const seen = await bob.visit(path);
    expect([path, seen.status, seen.text]).toEqual([path, 404, missing.text]);
  }
  for (const path of ["/octo/secret/state", "/octo/secret/state/events"]) expect((await bob.visit(path)).status).toBe(404);
});

test("tricks with paths and names lead to no other repository", async () => {
  const { viewer, server } = await openAppPages();
  const ada = await viewer("ada", "read");
  const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const raw = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request(server.url, { path, headers: { cookie } }, (response) => resolve(response.resume().statusCode ?? 0))
        .on("error", reject)
        .end();
    });
  for (const path of [
    "/octo/..%2fsecret/executions",
    "/octo%2f..%2focto/secret/executions",
    "/octo%2fsecret/executions/abc123",
    "/octo/%2e%2e/executions",
    "/octo/secret.git/executions",
    "/..%5cocto/secret/executions",
    "/octo/secret%00/executions",
    "/%ff/secret/executions",
    "//octo/secret/executions",
  ])
    expect([path, await raw(path)]).toEqual([path, 404]);
});

test("a name in other letters leads to the present name of the repository", async () => {
  const { viewer } = await openAppPages();
  const ada = await viewer("ada", "read");
  expect((await ada.visit("/OCTO/Secret/executions/abc123?page=1")).to).toBe("/octo/secret/executions/abc123?page=1");
  expect((await (await viewer("bob")).visit("/OCTO/Secret/executions")).status).toBe(404);
});

test("who loses the right to read sees nothing after a minute, and open pages end", async () => {
  const { viewer, forge, later, server } = await openAppPages();
  const ada = await viewer("ada", "read");
  expect((await ada.visit(SECRET)).status).toBe(200);
  const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const events = await fetch(`${server.url}/octo/secret/state/events`, { headers: { cookie } });
  expect(events.status).toBe(200);
  forge.setPermission({ ...NAMED, name: "secret" }, { login: "ada", role: "none" });
  later(61_000);
  expect(await events.text()).toMatch(/^event: version\ndata: [0-9a-f]{16}\n\n$/);
  expect((await ada.visit(SECRET)).status).toBe(404);
});

test("one question to GitHub answers for a minute, for one person only", async () => {
  const { viewer, requests, later } = await openAppPages();
  const [ada, bob] = [await viewer("ada", "read"), await viewer("bob")];
  const asked = (): number => requests.filter((path) => path === "/api/v3/repos/octo/secret").length;
  await Promise.all([ada.visit(SECRET), ada.visit("/octo/secret/ledger")]);
  expect(asked()).toBe(1);
  expect((await bob.visit(SECRET)).status).toBe(404);
  expect(asked()).toBe(2);
  later(61_000);
  await ada.visit(SECRET);
  expect(asked()).toBe(3);
});

test("nobody sees a page while GitHub does not answer, or while its limit is used up", async () => {
  const fault = { now: false as boolean | "limit" };
  const { viewer, later } = await openAppPages({
    faults: {
      requests: ({ path }) =>
        fault.now === false || !path.startsWith("/api/v3") ? null : fault.now === "limit" ? { retryAfter: 60 } : "before",
    },
  });
  const ada = await viewer("ada", "read");
  for (const kind of [true, "limit"] as const) {
    fault.now = kind;
    for (const path of ["/", SECRET]) {
      const { status, text } = await ada.visit(path);
      expect([path, status]).toEqual([path, 503]);
      expect(wordsOf(text)).toContain("GitHub does not answer Enki asks GitHub what you may read, and got no answer");
    }
    later(6_000);
  }
  fault.now = false;
  expect((await ada.visit(SECRET)).status).toBe(200);
});

test("pages are sent with the same restrictions as those of enki page, and no cache keeps them", async () => {
  const { viewer } = await openAppPages();
  const ada = await viewer("ada", "read");
  for (const path of ["/", SECRET, "/octo/nothing", "/login"]) {
    const { headers } = await ada.visit(path);
    expect([path, headers.get("cache-control")]).toEqual([path, "private, no-store"]);
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'; .*frame-ancestors 'none'$/,
    );
    expect([headers.get("x-frame-options"), headers.get("x-content-type-options")]).toEqual(["DENY", "nosniff"]);
    expect(headers.get("referrer-policy")).toBe("same-origin");
  }
});

test("nothing can be sent to the pages but a log-out", async () => {
  const { viewer, server } = await openAppPages();
  const ada = await viewer("ada", "read");
  for (const path of ["/", SECRET, "/octo/secret/act/issue", "/octo/secret/act/comment/1", "/login/github", "/login/callback"])
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const headers = { origin: server.url };
      expect([method, path, (await ada.visit(path, { method, headers })).status]).toEqual([method, path, 404]);
      expect((await ada.visit(path, { method, headers, body: "body=x" })).status).toBe(404);
    }
  const large = "a".repeat(1 << 20);
  expect((await ada.visit("/logout", { method: "POST", headers: { origin: server.url }, body: large })).status).toBe(404);
  expect((await ada.visit(SECRET)).status).toBe(200);
  const long = await fetch(`${server.url}/${"a".repeat(20_000)}`);
  expect(long.status).toBe(431);
});

test("a forged host changes no byte of an answer", async () => {
  const { viewer, server } = await openAppPages();
  const ada = await viewer("ada", "read");
  const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const ask = (path: string, headers: Record<string, string>): Promise<[number, unknown, string]> =>
    new Promise((resolve, reject) => {
      request(`${server.url}${path}`, { headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve([response.statusCode ?? 0, response.headers.location, Buffer.concat(chunks).toString()]));
      })
        .on("error", reject)
        .end();
    });
  const host = "evil.example";
  const forged = { host, "x-forwarded-host": host, "x-forwarded-proto": "https", forwarded: `host=${host}` };
  for (const path of ["/octo/secret/executions", "/octo/secret", "/login", "/octo/nothing"]) {
    expect(await ask(path, { cookie, ...forged })).toEqual(await ask(path, { cookie }));
    expect(await ask(path, forged)).toEqual(await ask(path, {}));
  }
  const [, to] = await ask("/login/github", forged);
  expect(new URL(String(to)).searchParams.get("redirect_uri")).toBe(`${server.url}/login/callback`);
});

test("one account follows at most twenty pages in all of its browsers, and leaves places for others", async () => {
  const { viewer, server } = await openAppPages();
  const end = new AbortController();
  const follow = ({ cookies }: ViewerBrowser): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return fetch(`${server.url}/octo/demo/state/events`, { headers: { cookie }, signal: end.signal });
  };
  const [ada, again, bob] = [await viewer("ada"), await viewer("ada"), await viewer("bob")];
  const statuses: number[] = [];
  for (let at = 0; at < 21; at += 1) statuses.push((await follow(at % 2 === 0 ? ada : again)).status);
  expect(statuses).toEqual([...Array.from({ length: 20 }, () => 200), 503]);
  expect((await follow(bob)).status).toBe(200);
  end.abort();
});

test("an open page follows the ledger, and a log-out ends it", async () => {
  const { viewer, server, git, commit, remote, owner } = await openAppPages();
  const ada = await viewer("ada");
  const cookie = [...ada.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const events = await fetch(`${server.url}/octo/demo/state/events`, { headers: { cookie } });
  let told = "";
  const ended = (async () => {
    for await (const chunk of events.body ?? []) told += Buffer.from(chunk).toString();
  })();
  await vi.waitFor(() => expect(told.match(/^data: /gm)).toHaveLength(1), { timeout: 20_000 });
  await commit({ "note.txt": "" });
  await git("push", "-q", remote(owner), "HEAD:refs/enki/ledger");
  await vi.waitFor(() => expect(new Set(told.match(/^data: .*/gm)).size).toBe(2), { timeout: 20_000 });
  await ada.visit("/logout", { method: "POST", headers: { origin: server.url } });
  await ended;
  expect((await ada.visit("/octo/demo/state/events")).status).toBe(404);
});

test("a page of a thousand steps shows each of them", async () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => `step_${index}`);
  const planned = ids.map((id, index) => step(id, index > 900 ? { needs: [`step_${index - 1}`] } : {}));
  const ledger = ledgerOf(
    planned,
    ids.map((id) => stepIn(id, "done", { attempt: 1 })),
  );
  const { viewer } = await openAppPages({ ledger });
  const ada = await viewer("ada", "read");
  expect((await ada.visit(SECRET)).text.match(/<details class="card" id="step-/g)).toHaveLength(1_000);
});

test("a ledger with impossible values is no answer and no crash", async () => {
  const { viewer, log } = await openAppPages({
    ledger: ledgerOf([step("a")], [stepIn("a", "done")], { createdAt: "soon" as unknown as number }),
  });
  const ada = await viewer("ada", "read");
  const { status, text } = await ada.visit(SECRET);
  expect([status, wordsOf(text)]).toEqual([500, expect.stringContaining("This page cannot be shown") as unknown]);
  expect(log.join("\n")).toMatch(/^pages: RangeError/);
  expect((await ada.visit("/octo/secret/ledger")).status).toBe(200);
});

test("somebody without a login sees nothing", async () => {
  const { server, requests } = await openAppPages();
  const stranger = openViewerBrowser(server.url);
  const before = requests.length;
  for (const path of ["/", SECRET, "/octo/nothing/executions", "/octo/demo", "/anything", "/a/b/c/d"]) {
    const { status, to, text } = await stranger.visit(path);
    expect([path, status, to, text]).toEqual([path, 302, `/login?to=${encodeURIComponent(path)}`, ""]);
  }
  expect((await stranger.visit("/state")).status).toBe(404);
  expect((await stranger.visit("/octo/demo/state/events")).status).toBe(404);
  expect(requests.slice(before)).toEqual([]);
});
