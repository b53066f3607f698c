import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { step, stepIn } from "../support/build.ts";
import { strange, wordsOf } from "../local-github/web/inspect.ts";
import { filesOf, ledgerOf } from "../local-github/web/ledgers.ts";
import { ask } from "../local-github/web/stage.ts";
import { makeRepository, openTerminal, type Started, type Terminal } from "./stage.ts";
import { writeLedger } from "./write-ledger.ts";

const EVIL = `"><script>alert('1')</script><img src=x onerror=alert(1)>`;

const PLANNED = [step("proxy", { checkpoint: true }), step("docs", { needs: ["proxy"] })];
const LEDGER = filesOf(ledgerOf(PLANNED, [stepIn("proxy", "waiting", { attempt: 1, pull: 2 }), stepIn("docs", "pending")]));

const makeOwner = (files: Readonly<Record<string, string>> = LEDGER) => {
  const terminal = openTerminal();
  const own = join(terminal.root, "own");
  const git = makeRepository(own, { "list.txt": "b\na\n" });
  writeLedger(git, own, { files, message: `Write ${EVIL}` });
  return { terminal, own, git };
};

/** Opens a browser with the printed address. */
const openPages = async (terminal: Terminal, args: readonly string[], cwd?: string) => {
  const served = terminal.serve(["page", ...args], cwd === undefined ? {} : { cwd });
  return { served, ...(await openAddress(served)) };
};

const openAddress = async (served: Started) => {
  const [address = ""] = await served.prints(/http:\/\/127\.0\.0\.1:\d+\/open\/[0-9a-f]{32}/);
  const { origin } = new URL(address);
  const opened = await fetch(address, { redirect: "manual" });
  const cookie = (opened.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const look = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${origin}${path}`, { redirect: "manual", headers: { cookie }, ...init });
    return { status: answer.status, to: answer.headers.get("location"), text: await answer.text() };
  };
  return { origin, look, opened };
};

describe("enki page", () => {
  test("shows the executions of a repository's ledger, their graph, timeline and steps, without GitHub and without forms", async () => {
    const { terminal, own } = makeOwner();
    const served = terminal.start(["page"], { cwd: own });
    const { look } = await openAddress(served);
    expect((await look("/")).to).toBe("/clone/own/executions");
    const list = await look("/clone/own/executions");
    expect(list.text).toMatch(/href="\/clone\/own\/executions\/abc123"[^]*0 of 2 steps done/);
    const { status, text } = await look("/clone/own/executions/abc123");
    expect(status).toBe(200);
    expect(text).toMatch(/id="waiting"[^]*Review #2[^]*id="graph"[^]*id="timeline"[^]*id="step-docs"/);
    expect(text).toContain("make &lt;script&gt;alert(1)&lt;/script&gt; faster");
    expect(text).not.toContain("<form");
    expect(wordsOf(text)).toMatch(/Executions Queue Commits Ledger .*These pages change nothing\./);
    expect(strange(text)).toEqual([]);
    expect((await look("/clone/own/issues/1")).status).toBe(404);
    expect((await look("/clone/own/ledger")).text).toContain("Write &quot;&gt;&lt;script&gt;");
    served.signal("SIGINT");
    await served.ended;
    expect(terminal.leftBehind()).toEqual([]);
  });

  test("a plain clone shows the ledger of its origin, and links to its GitHub", async () => {
    const { terminal, own, git } = makeOwner();
    execFileSync("git", ["clone", "-q", own, "copy"], { cwd: terminal.root });
    const clone = await openPages(terminal, ["--repo", join(terminal.root, "copy")]);
    expect((await clone.look("/clone/own/executions/abc123")).text).toContain("changes and review in #2");
    git("remote", "add", "origin", "git@github.com:octo/demo.git");
    const linked = await openPages(terminal, ["--repo", own]);
    const { text } = await linked.look("/octo/demo/executions/abc123");
    expect(text).toContain('<a href="https://github.com/octo/demo/pull/2" rel="noreferrer">changes and review in #2</a>');
    expect(text).toContain('<a href="https://github.com/octo/demo/issues/1" rel="noreferrer">#1</a>');
  });

  test("follows what the repository writes", async () => {
    const { terminal, own, git } = makeOwner();
    const { look } = await openPages(terminal, [], own);
    const done = ledgerOf(PLANNED, [stepIn("proxy", "done"), stepIn("docs", "done")], { state: "done" });
    writeLedger(git, own, { files: { ...filesOf(done), "note.txt": "" } });
    await vi.waitFor(async () => expect((await look("/clone/own/executions")).text).toContain("2 of 2 steps done"), {
      timeout: 60_000,
      interval: 200,
    });
  });

  test("only the printed address opens it, on loopback, and nothing can be sent to it", async () => {
    const { terminal, own } = makeOwner();
    const { origin, opened, look } = await openPages(terminal, [], own);
    expect(opened.headers.get("set-cookie")).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
    expect((await look("/clone/own/executions", { headers: {} })).status).toBe(403);
    expect((await look(`/open/${"0".repeat(32)}`, { headers: {} })).status).toBe(403);
    expect((await ask(`${origin}/`, { host: "evil.example" })).status).toBe(421);
    for (const path of ["/clone/own/act/issue", "/clone/own/act/comment/1", "/clone/own/executions/abc123"])
      expect((await look(path, { method: "POST", body: "body=x" })).status).not.toBe(200);
    expect((await look("/api/v3/user")).status).toBe(404);
    expect((await look("/clone/own.git/info/refs?service=git-upload-pack")).status).toBe(404);
  });

  test("texts of a hostile ledger stay text, whatever type they have", async () => {
    const forged = { markup: "<script>alert(1)</script>" };
    const files = filesOf(
      ledgerOf(
        [step("proxy", { title: EVIL, description: EVIL }), step("docs", { title: "Docs" })],
        [stepIn("proxy", "failed", { attempt: 1, output: EVIL }), stepIn("docs", "pending")],
        { request: EVIL, requestedBy: forged as unknown as string, issue: EVIL as unknown as number },
      ),
    );
    const { terminal, own } = makeOwner(files);
    const { look } = await openPages(terminal, [], own);
    for (const path of ["/executions", "/executions/abc123", "/ledger"]) {
      const { status, text } = await look(`/clone/own${path}`);
      expect([path, status, strange(text)]).toEqual([path, 200, []]);
    }
    expect((await look("/clone/own/executions/abc123")).text).toContain("{&quot;markup&quot;:&quot;&lt;script&gt;");
  });

  test("a ledger with impossible values is no answer and no crash", async () => {
    const { terminal, own } = makeOwner(filesOf(ledgerOf([step("a")], [stepIn("a", "done")], { createdAt: "soon" as unknown as number })));
    const { look } = await openPages(terminal, [], own);
    expect(await look("/clone/own/executions/abc123")).toMatchObject({
      status: 500,
      text: "The page cannot be shown, because the ledger has values that Enki never writes.\n",
    });
    expect((await look("/clone/own/ledger")).status).toBe(200);
  });

  test("says what is missing: a ledger, a directory, a server", async () => {
    const terminal = openTerminal();
    makeRepository(join(terminal.root, "work"), { "a.txt": "" });
    expect(await terminal.call(["page"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/work has no ledger; Enki writes it with the first request\n$/) as unknown,
    });
    expect((await terminal.call(["page", "--repo", "nowhere"])).err).toMatch(/there is no directory .*nowhere/);
    expect((await terminal.call(["page", "--repo", "http://127.0.0.1:9/octo/demo"])).err).toMatch(
      /127\.0\.0\.1:9\/octo\/demo cannot be fetched: /,
    );
    expect((await terminal.call(["page", "--repo", "ext::sh -c 'touch x' %S"])).err).toMatch(/there is no directory/);
  });
});
