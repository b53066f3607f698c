import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openClone } from "../../../src/storage/git/repository-clone.ts";
import type { TimerStarter } from "../../../src/storage/git/run-git.ts";
import { runNetworkGit } from "../../../src/storage/git/run-network-git.ts";
import { createGitServer } from "../../local-github/actions/git-server.ts";
import { after } from "../../support/after.ts";
import { identity } from "../../support/repository.ts";

const SILENCE_LIMIT_MS = 120_000;
const NETWORK_TIMEOUT_MS = 3_600_000;

/** Creates timers that only the test ends. */
const holdTimers = () => {
  const started: { delay: number; call: () => void; isOver: boolean }[] = [];
  const start: TimerStarter = (delay, call) => {
    const timer = { delay, call, isOver: false };
    started.push(timer);
    return () => void (timer.isOver = true);
  };
  const running = (delay: number) => started.filter((timer) => timer.delay === delay && !timer.isOver);
  return { after: start, started, running, end: (delay: number) => running(delay).forEach(({ call }) => call()) };
};

const listen = async (answer: RequestListener): Promise<string> => {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
};

const createRoot = (): string => {
  const root = mkdtempSync(join(tmpdir(), "enki-network-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
};

const openCloneOf = (url: string, timers: TimerStarter) =>
  openClone({ url, directory: join(createRoot(), "clone"), token: () => Promise.resolve("secret"), identity, after: timers });

test("a fetch from a server that sends nothing is stopped, with an error that says so", async () => {
  const timers = holdTimers();
  const url = await listen(() => timers.end(SILENCE_LIMIT_MS));
  const clone = await openCloneOf(`${url}/octo/demo.git`, timers.after);
  await expect(clone.fetch()).rejects.toThrow("git fetch: stopped, because it made no progress for 120 s");
  expect(timers.running(SILENCE_LIMIT_MS)).toEqual([]);
});

test("an endless command is stopped at the limit of all commands", async () => {
  const timers = holdTimers();
  const url = await listen(() => timers.end(NETWORK_TIMEOUT_MS));
  const clone = await openCloneOf(`${url}/octo/demo.git`, timers.after);
  await expect(clone.fetch()).rejects.toThrow("git fetch: stopped, because it took longer than 3600 s");
});

test("a fetch and a push that move bytes start the limit of their silence again", async () => {
  const server = await createGitServer(createRoot(), ["secret"]);
  const base = server.commit("main", { "a.txt": "1" });
  const timers = holdTimers();
  const clone = await openCloneOf(`${server.url}/octo/demo.git`, timers.after);
  await clone.fetch();
  const fetched = timers.started.filter(({ delay }) => delay === SILENCE_LIMIT_MS);
  expect(fetched.length).toBeGreaterThan(1);
  const tree = await clone.writeFiles(base, new Map([["b.txt", { content: "2", mode: "100644" as const }]]));
  const newSha = await clone.writeCommit({ tree, parents: [base], message: "next", at: 0 });
  expect(await clone.push([{ ref: "refs/heads/next", oldSha: null, newSha }])).toEqual({ kind: "pushed" });
  expect(timers.started.filter(({ delay }) => delay === SILENCE_LIMIT_MS).length).toBeGreaterThan(fetched.length + 1);
  expect(timers.started.every(({ isOver }) => isOver)).toBe(true);
});

test("an error holds neither progress nor the credentials of an address", async () => {
  const url = await listen((_, response) => response.writeHead(404).end());
  const address = url.replace("//", "//someone:secret@");
  const ran = await runNetworkGit({ directory: createRoot(), after }, ["ls-remote", `${address}/octo/demo.git`]);
  expect(ran.stderr).toContain("not found");
  expect(ran.stderr).not.toContain("secret");
});

test("a refused push reports the server's reason without the progress around it", async () => {
  const server = await createGitServer(createRoot(), ["secret"]);
  const base = server.commit("main", { "a.txt": "1" });
  const clone = await openCloneOf(`${server.url}/octo/demo.git`, after);
  await clone.fetch();
  const tree = await clone.writeFiles(base, new Map([["b.txt", { content: "2", mode: "100644" as const }]]));
  const newSha = await clone.writeCommit({ tree, parents: [base], message: "next", at: 0 });
  server.git("config", "receive.denyDeletes", "true");
  const end = await clone.push([
    { ref: "refs/heads/next", oldSha: null, newSha },
    { ref: "refs/heads/main", oldSha: base, newSha: null },
  ]);
  expect(end.kind === "pushed" ? "" : end.text).not.toMatch(/objects|Total|threads/);
  expect(end).toMatchObject({ kind: "not-allowed", ref: "refs/heads/main" });
});
