import { expect, onTestFinished, test } from "vitest";
import { startHttpServer } from "../../src/coordinator/http-server.ts";
import { createWebhookReceiver, MAX_WEBHOOK_BYTES } from "../../src/coordinator/webhook-receiver.ts";

const PATH = "/api/github/webhooks";
const MEBIBYTE = 1024 * 1024;

const open = async () => {
  const received: object[] = [];
  const receiver = createWebhookReceiver({
    path: PATH,
    verify: () => Promise.resolve(true),
    receive: (_, payload) => void received.push(payload),
    after: () => () => undefined,
  });
  const server = await startHttpServer(receiver, { host: "127.0.0.1", port: 0 });
  onTestFinished(server.close);
  const send = async (type: string, body: string): Promise<number> => {
    const headers = { "content-type": type, "x-github-event": "push", "x-hub-signature-256": "sha256=0" };
    return (await fetch(`${server.url}${PATH}`, { method: "POST", headers, body })).status;
  };
  return { received, send };
};

const FORM = "application/x-www-form-urlencoded";
const toForm = (payload: string): string => `payload=${encodeURIComponent(payload)}`;

test("a form may be larger than GitHub's limit, because the limit is for its payload", async () => {
  const { received, send } = await open();
  const text = "%".repeat(9 * MEBIBYTE);
  const body = toForm(JSON.stringify({ text }));
  expect(body.length).toBeGreaterThan(MAX_WEBHOOK_BYTES);
  expect(await send(FORM, body)).toBe(200);
  // A pattern could exceed the stack on a text of this length.
  expect(received.map((each) => (each as { readonly text?: string }).text === text)).toEqual([true]);
});

test("a payload above GitHub's limit is refused, in a form as well as alone", async () => {
  const { received, send } = await open();
  const payload = `{"text":"${"a".repeat(MAX_WEBHOOK_BYTES)}"}`;
  expect(await send(FORM, toForm(payload))).toBe(413);
  expect(await send("application/json", payload)).toBe(413);
  expect(received).toEqual([]);
});
