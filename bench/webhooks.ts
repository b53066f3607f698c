import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { startApp } from "../src/app.ts";
import { readAppManifest } from "../src/local-github/api/app-manifest.ts";
import { startForge } from "../src/local-github/api/start-forge.ts";

/** Sends the App on loopback 200 signed webhooks a second from another thread: `npm run bench -- webhooks [<seconds>]`. */
const PER_SECOND = 200;
const SECRET = "for-this-bench-only";
const ALLOWED_P99_MS = 50;

type Load = { readonly url: string; readonly seconds: number };
type Outcome = { readonly times: readonly number[]; readonly statuses: Readonly<Record<string, number>> };

/** Most webhooks of a repository do not concern Enki: comments without a command, pushes, statuses. */
const payloadOf = (number: number): string =>
  JSON.stringify({
    action: "created",
    repository: { full_name: "demo/own" },
    installation: { id: 1 },
    issue: { number: 1, title: "The list is not sorted", body: "x".repeat(8_000) },
    comment: {
      id: number,
      user: { login: "mona" },
      body: "Thank you.",
      created_at: "2026-11-20T12:00:00Z",
      updated_at: "2026-11-20T12:00:00Z",
    },
  });

const sendWebhook = (url: string, { number, agent }: { number: number; agent: Agent }): Promise<{ status: string; ms: number }> =>
  new Promise((resolve) => {
    const body = payloadOf(number);
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "x-github-event": "issue_comment",
      "x-github-delivery": String(number),
      "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
    };
    const startedAt = performance.now();
    const finish = (status: string): void => resolve({ status, ms: performance.now() - startedAt });
    request(url, { method: "POST", headers, agent }, (answer) => answer.resume().on("end", () => finish(String(answer.statusCode))))
      .on("error", ({ message }) => finish(message))
      .end(body);
  });

const sendLoad = async ({ url, seconds }: Load): Promise<Outcome> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const sent: Promise<{ status: string; ms: number }>[] = [];
  const startedAt = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(seconds * PER_SECOND, Math.floor(((performance.now() - startedAt) / 1_000) * PER_SECOND));
      while (sent.length < due) sent.push(sendWebhook(url, { number: sent.length, agent }));
      if (sent.length < seconds * PER_SECOND) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  const ends = await Promise.all(sent);
  agent.destroy();
  const statuses: Record<string, number> = {};
  for (const { status } of ends) statuses[status] = (statuses[status] ?? 0) + 1;
  return { times: ends.map(({ ms }) => ms).toSorted((a, b) => a - b), statuses };
};

type Measured = Outcome & { readonly cpuMs: number };

/** Sends the load from another thread and measures the CPU time of both threads. */
const measureLoad = async (load: Load): Promise<Measured> => {
  const startedAt = process.cpuUsage();
  const worker = new Worker(new URL(import.meta.url), { workerData: load });
  const outcome = await new Promise<Outcome>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  const { user, system } = process.cpuUsage(startedAt);
  return { ...outcome, cpuMs: (user + system) / 1_000 };
};

/** Measures a minimal receiver under the same load: reads the body, verifies the signature, parses the JSON. */
const measureFloor = async (seconds: number): Promise<Measured> => {
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      const isSigned = incoming.headers["x-hub-signature-256"] === `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
      JSON.parse(body.toString("utf8"));
      answer.writeHead(isSigned ? 200 : 401).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const measured = await measureLoad({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seconds });
  server.close();
  return measured;
};

const formatTimes = ({ times, cpuMs }: Measured): string => {
  const at = (share: number): string => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms, ${(cpuMs / times.length).toFixed(2)} ms of CPU each, with the sender`;
};

const receiveLoad = async (seconds: number): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "enki-bench-webhooks-"));
  const after = (delay: number, call: () => void): (() => void) => {
    const timer = setTimeout(call, delay);
    return () => clearTimeout(timer);
  };
  const runner = { start: () => undefined, cancel: () => undefined, close: () => Promise.resolve() };
  const forge = await startForge({ directory: join(directory, "forge"), port: 0, now: Date.now, random: Math.random, after, runner });
  const manifest = readAppManifest(readFileSync("app.yml", "utf8"));
  const account = await forge.createApp({ name: "enki", secret: SECRET, ...manifest });
  const app = await startApp({
    appId: account.id,
    privateKey: account.privateKeyPem,
    secret: SECRET,
    apiUrl: forge.apiUrl,
    serverUrl: forge.url,
    host: "127.0.0.1",
    port: 0,
    root: process.cwd(),
    directory: join(directory, "clones"),
    graceMs: 0,
    sweepIntervalMs: 300_000,
    log: () => undefined,
  });
  const floor = await measureFloor(seconds);
  const measured = await measureLoad({ url: app.url, seconds });
  const { times, statuses } = measured;
  const metrics = await (await fetch(new URL("/metrics", app.url))).text();
  const counted = Number(/enki_webhooks_total\{status="200"\} (\d+)/.exec(metrics)?.[1] ?? 0);
  await app.close();
  await forge.close();
  rmSync(directory, { recursive: true, force: true });
  const p99 = times[Math.min(times.length - 1, Math.floor(times.length * 0.99))] ?? 0;
  const total = seconds * PER_SECOND;
  console.log(`${total} webhooks in ${seconds} s: ${statuses["200"] ?? 0} acknowledged, ${counted} counted by the App`);
  console.log(`time to the answer: ${formatTimes(measured)}`);
  console.log(`of a server that only reads and verifies: ${formatTimes(floor)}; load of the machine: ${loadavg()[0]?.toFixed(1) ?? ""}`);
  if (statuses["200"] !== total || counted !== total || p99 > ALLOWED_P99_MS) process.exitCode = 1;
};

if (isMainThread) await receiveLoad(Number(process.argv[2] ?? 30));
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
else parentPort?.postMessage(await sendLoad(workerData as Load));
