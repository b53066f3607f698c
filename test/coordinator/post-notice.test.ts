import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { isPrivateAddress, openNoticePort } from "../../src/coordinator/post-notice.ts";

const received: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
let answer = { status: 200, headers: {} };
const server = createServer((request, reply) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => void (body += text));
  request.on("end", () => {
    received.push({ path: request.url ?? "", headers: request.headers, body });
    reply.writeHead(answer.status, answer.headers).end();
  });
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => new Promise((resolve) => server.close(resolve)));

const logged: string[] = [];
const VARIABLES: Readonly<Record<string, string>> = {
  ENKI_NOTIFY_URL: `${url}/hook?token=the-token-of-a-test`,
  ENKI_NOTIFY_KEY: "the-key-of-a-test",
  ENKI_NOTIFY_WRONG: "not an address",
  ENKI_NOTIFY_FTP: "ftp://chat.test/x",
  ENKI_NOTIFY_CLOSED: "http://127.0.0.1:9/x",
};
const post = openNoticePort({ readVariable: (name) => VARIABLES[name], now: () => 1_000, log: (line) => logged.push(line) });
const message = {
  text: "#1, for maintainer: a plan is ready",
  id: "abc123/0",
  kinds: ["plan"] as const,
  execution: "abc123",
  issue: 1,
  pull: null,
  person: "maintainer",
  url: "https://github.test/octo/demo/issues/1",
};
const send = (webhook: string, secret: string | null = null) =>
  post({ kind: "post-notice", key: "post-notice:abc123/0", webhook, secret, message });

beforeEach(() => {
  received.length = 0;
  logged.length = 0;
  answer = { status: 200, headers: {} };
});

describe("the webhook of [notify]", () => {
  test("receives JSON, signed with the key", async () => {
    expect(await send("ENKI_NOTIFY_URL", "ENKI_NOTIFY_KEY")).toEqual({ kind: "done", answer: null });
    expect(received).toHaveLength(1);
    const [{ path, headers, body } = { path: "", headers: {}, body: "" }] = received;
    expect({ path, type: headers["content-type"] }).toEqual({ path: "/hook?token=the-token-of-a-test", type: "application/json" });
    expect(JSON.parse(body)).toEqual(message);
    const signature = createHmac("sha256", "the-key-of-a-test").update(body).digest("hex");
    expect(headers["x-enki-signature-256"]).toBe(`sha256=${signature}`);
  });

  test("gets no signature without a key", async () => {
    await send("ENKI_NOTIFY_URL");
    expect(received[0]?.headers).not.toHaveProperty("x-enki-signature-256");
  });

  test("is not followed when it redirects", async () => {
    answer = { status: 302, headers: { location: `${url}/elsewhere` } };
    expect(await send("ENKI_NOTIFY_URL")).toMatchObject({ kind: "refused", reason: "the webhook answered 302" });
    expect(received.map(({ path }) => path)).toEqual(["/hook?token=the-token-of-a-test"]);
  });

  test.each([429, 500, 503])("is tried again after %i", async (status) => {
    answer = { status, headers: {} };
    expect(await send("ENKI_NOTIFY_URL")).toEqual({ kind: "later", retryAt: 61_000, reason: `the webhook answered ${status}` });
  });

  test("is tried again if nobody listens, and no log has its address", async () => {
    expect(await send("ENKI_NOTIFY_CLOSED")).toMatchObject({ kind: "later", reason: "the webhook did not answer" });
    answer = { status: 404, headers: {} };
    expect(await send("ENKI_NOTIFY_URL")).toMatchObject({ kind: "refused" });
    expect(logged).toHaveLength(2);
    expect(logged.join()).not.toContain("the-token-of-a-test");
  });

  test.each([
    ["ENKI_NOTIFY_NONE", "the variable ENKI_NOTIFY_NONE is not set"],
    ["ENKI_NOTIFY_WRONG", "the address of the webhook is malformed"],
    ["ENKI_NOTIFY_FTP", "the address of the webhook does not start with https://"],
    ["http://chat.test/x", "the address of the webhook does not start with https://"],
  ])("%s is refused", async (webhook, reason) => {
    expect(await send(webhook)).toMatchObject({ kind: "refused", reason });
  });

  test("is not called without its key", async () => {
    expect(await send("ENKI_NOTIFY_URL", "ENKI_NOTIFY_NONE")).toMatchObject({
      kind: "refused",
      reason: "the variable ENKI_NOTIFY_NONE is not set",
    });
    expect(received).toEqual([]);
  });
});

describe("an address in a repository's configuration", () => {
  test.each([
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f.0.0.1/x",
    "https://0/x",
    "https://10.1.2.3/x",
    "https://172.31.0.1/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[::ffff:a9fe:a9fe]/x",
    "https://[fd00::1]/x",
    "https://[fe80::1]/x",
    "https://[2002:7f00:1::]/x",
    "https://localhost/x",
    "https://localhost:8443/x",
  ])("%s reaches no private network", async (webhook) => {
    expect(await send(webhook)).toMatchObject({
      kind: "refused",
      reason: "the address of the webhook is in a private network; a variable may hold such an address",
    });
  });

  test.each([
    ["140.82.112.3", false],
    ["2606:50c0:8000::153", false],
    ["100.64.0.1", true],
    ["192.0.0.8", true],
    ["198.18.0.1", true],
    ["239.1.1.1", true],
    ["255.255.255.255", true],
    ["::", true],
    ["64:ff9b::7f00:1", true],
    ["2001::1", true],
    ["ff02::1", true],
    ["no address", true],
  ])("%s is private: %s", (address, expected) => {
    expect(isPrivateAddress(address)).toBe(expected);
  });
});
