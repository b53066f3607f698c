import { expect, onTestFinished, test } from "vitest";
import { startHttpServer } from "../../src/coordinator/http-server.ts";
import { createStatusPages } from "../../src/coordinator/status-pages.ts";
import { createWebhookReceiver } from "../../src/coordinator/webhook-receiver.ts";

const open = async () => {
  let ready = false;
  const receiver = createWebhookReceiver({
    path: "/api/github/webhooks",
    verify: () => Promise.resolve(true),
    receive: () => undefined,
    after: () => () => undefined,
    pages: createStatusPages({ isReady: () => ready, startedAt: 1_000, now: () => 3_500 }),
  });
  const server = await startHttpServer(receiver, { host: "127.0.0.1", port: 0 });
  onTestFinished(server.close);
  const read = async (path: string, given: RequestInit = {}): Promise<string> => {
    const answer = await fetch(`${server.url}${path}`, given);
    return `${answer.status} ${(await answer.text()).trim()}`;
  };
  return { read, resume: (): void => void (ready = true) };
};

test("/health answers at once, /ready after the repositories are resumed, anything else is a 404", async () => {
  const { read, resume } = await open();
  expect(await read("/health")).toBe("200 ok");
  expect(await read("/ready")).toMatch(/^503 /);
  resume();
  expect(await read("/ready?probe=1")).toBe("200 ready");
  for (const path of ["/", "/healthz", "/probot", "/api/github/webhooks", "/metrics/x"]) expect(await read(path)).toMatch(/^404 /);
  expect(await read("/health", { method: "POST" })).toMatch(/^404 /);
});

test("/metrics counts webhooks by the answer, and names no repository", async () => {
  const { read } = await open();
  const headers = { "content-type": "application/json", "x-github-event": "push", "x-hub-signature-256": "sha256=0" };
  const hook = (body: string) => read("/api/github/webhooks", { method: "POST", headers, body });
  expect(await hook('{"repository":{"full_name":"octo/secret"}}')).toBe("200 ok");
  expect(await hook("{}")).toBe("200 ok");
  expect(await hook("[]")).toMatch(/^400 /);
  const text = await read("/metrics");
  expect(text).toContain("enki_uptime_seconds 2.5");
  expect(text).toContain('enki_webhooks_total{status="200"} 2');
  expect(text).toContain('enki_webhooks_total{status="400"} 1');
  expect(text).not.toContain("octo");
});
