import { EventEmitter, once } from "node:events";
import { type ClientRequest, type IncomingMessage, request, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import type { ProxyRefusal } from "../../../src/core/messages/key-proxy.ts";
import { ANTHROPIC_PATHS, type KeyRoute } from "../../../src/job/agent/key-route.ts";
import { limitConnecting } from "../../../src/job/proxy/forward-request.ts";
import { openKeyProxy } from "../../../src/job/proxy/open-key-proxy.ts";
import { openModelServer } from "./model-server.ts";

const KEY = ["the", "key", "of", "this", "person"].join("-");

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const toRoute = (upstream: string, over: Partial<KeyRoute> = {}): KeyRoute => ({
  keys: ["ANTHROPIC_API_KEY"],
  secrets: [KEY],
  removed: [],
  upstream,
  headers: { "x-api-key": KEY },
  paths: ANTHROPIC_PATHS,
  redirect: (env) => env,
  ...over,
});

const open = async (answer: RequestListener, over: Partial<KeyRoute> & { base?: string } = {}) => {
  const { base = "", ...route } = over;
  const model = await openModelServer(answer);
  closing.push(model.close);
  const refusals: ProxyRefusal[] = [];
  const limits: string[] = [];
  const proxy = await openKeyProxy({
    routes: [toRoute(`${model.url}${base}`, route)],
    onRefusal: (refusal) => void refusals.push(refusal),
    onLimitWords: (words) => void limits.push(words),
  });
  closing.push(proxy.close);
  const address = proxy.addresses[0] ?? "";
  const { hostname, port, pathname } = new URL(address);
  return { model, proxy, refusals, limits, address, hostname, port: Number(port), way: pathname };
};

const ok: RequestListener = (_, response) => void response.end('{"ok":true}');

type Sent = { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string };

/** Sends a request with exactly this address and these headers. */
const send = async (
  stage: { readonly hostname: string; readonly port: number },
  path: string,
  { method = "POST", headers, body }: Sent = {},
) => {
  const { hostname, port } = stage;
  const outgoing = request({ hostname, port, path, method, agent: false, ...(headers && { headers }) });
  outgoing.end(body);
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
};

/** Returns the answer to raw bytes. */
const sendBytes = async ({ hostname, port }: { readonly hostname: string; readonly port: number }, bytes: string): Promise<string> => {
  const socket = connect(port, hostname);
  socket.end(bytes);
  return text(socket);
};

describe("the proxy with the model's key", () => {
  test("adds the key to a request, and passes on the rest unchanged", async () => {
    const stage = await open(ok, { base: "/gateway/" });
    const headers = { "x-api-key": "worthless", authorization: "Bearer worthless", "anthropic-version": "1", "anthropic-beta": "a,b" };
    expect(await send(stage, `${stage.way}/v1/messages?beta=true`, { headers, body: '{"stream":true}' })).toMatchObject({
      status: 200,
      body: '{"ok":true}',
    });
    const [seen] = stage.model.seen;
    expect(seen).toMatchObject({ method: "POST", url: "/gateway/v1/messages?beta=true", body: '{"stream":true}' });
    expect(seen?.headers).toMatchObject({ "x-api-key": KEY, "anthropic-version": "1", "anthropic-beta": "a,b", host: stage.model.host });
    expect(seen?.headers.authorization).toBeUndefined();
    expect(stage.refusals).toEqual([]);
  });

  test("drops what could name another host, account or connection", async () => {
    const stage = await open(ok);
    const headers = {
      connection: "x-secret, keep-alive",
      "x-secret": "1",
      "x-forwarded-host": "evil.example",
      "proxy-authorization": "Basic x",
      "x-http-method-override": "DELETE",
      forwarded: "host=evil.example",
      cookie: "a=b",
      "x-goog-api-key": "other",
      te: "trailers",
      upgrade: "websocket",
      expect: "100-continue",
    };
    await send(stage, `${stage.way}/v1/messages`, { headers, body: "{}" });
    const names = Object.keys(stage.model.seen[0]?.headers ?? {});
    expect(names.toSorted()).toEqual(["accept-encoding", "connection", "host", "transfer-encoding", "x-api-key"]);
    expect(stage.model.seen[0]?.headers.connection).toBe("close");
  });

  test.each([
    [401, { "x-should-retry": "false" }, '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}'],
    [429, { "retry-after": "77", "anthropic-ratelimit-requests-reset": "2030-01-01T00:00:00Z" }, '{"error":{"message":"quota"}}'],
    [529, { "x-request-id": "r1" }, '{"type":"error","error":{"type":"overloaded_error"}}'],
  ] as const)("passes on status %i with its headers and its text", async (status, own, body) => {
    const stage = await open((_, response) => void response.writeHead(status, { "content-type": "application/json", ...own }).end(body));
    expect(await send(stage, `${stage.way}/v1/messages`)).toMatchObject({
      status,
      headers: { ...own, "content-type": "application/json" },
      body,
    });
  });

  test("reports what the server says about a used-up quota, without the key, and nothing about other errors", async () => {
    const body = `{"error":{"resets_in_seconds":90,"key":"${KEY}"}}`;
    let status = 429;
    const stage = await open((_, response) => void response.writeHead(status, { "retry-after": "77", "x-request-id": "r1" }).end(body));
    await send(stage, `${stage.way}/v1/messages`);
    const masked = body.replace(KEY, "*".repeat(KEY.length));
    expect([stage.limits[0], stage.limits.at(-1)]).toEqual([
      'status 429 {"retry-after":"77"}',
      `status 429 {"retry-after":"77"}\n${masked}`,
    ]);
    const { length } = stage.limits;
    for (status of [200, 401, 529]) await send(stage, `${stage.way}/v1/messages`);
    expect(stage.limits).toHaveLength(length);
  });

  test("streams each event when it arrives, in both directions", async () => {
    let next = (): void => undefined;
    const stage = await open((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: one\n\n");
      next = () => void response.end("data: two\n\n");
    });
    const outgoing = request(`${stage.address}/v1/messages`, { method: "POST", agent: false });
    outgoing.end("{}");
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    const [first] = (await once(answer, "data")) as [Buffer];
    // The server sends the second event only after the client has read the first one.
    expect(first.toString()).toBe("data: one\n\n");
    next();
    expect(await text(answer)).toBe("data: two\n\n");
  });

  test("passes a body of several megabytes on in both directions", async () => {
    const big = "x".repeat(5_000_000);
    const stage = await open((_, response) => void response.end(big));
    const answer = await send(stage, `${stage.way}/v1/messages`, { body: big });
    expect([answer.body.length, stage.model.seen[0]?.body.length]).toEqual([big.length, big.length]);
  });

  test("ends the server's request when the agent leaves", async () => {
    let left = (): void => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    const stage = await open((incoming, response) => {
      incoming.socket.on("close", left);
      response.write("data: one\n\n");
    });
    const outgoing = request(`${stage.address}/v1/messages`, { method: "POST", agent: false });
    outgoing.on("error", () => undefined);
    outgoing.end("{}");
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    answer.on("error", () => undefined);
    outgoing.destroy();
    await gone;
  });

  test("breaks the agent's answer off where the server's breaks off", async () => {
    const stage = await open((incoming, response) => {
      response.write("data: one\n\n", () => incoming.socket.destroy());
    });
    const outgoing = request(`${stage.address}/v1/messages`, { method: "POST", agent: false });
    outgoing.end("{}");
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    await expect(text(answer)).rejects.toThrow("aborted");
  });

  test("says which server is not there", async () => {
    const stage = await open(ok);
    await stage.model.close();
    const { status, body } = await send(stage, `${stage.way}/v1/messages`, { body: "{}" });
    expect([status, body]).toEqual([502, expect.stringContaining(`Cannot connect to ${stage.model.host}: ECONNREFUSED.`)]);
  });

  test("answers with an error if the server's status is none", async () => {
    const raw = createServer((socket) => void socket.resume().end("HTTP/1.1 000 odd\r\ncontent-length: 0\r\n\r\n"));
    raw.listen(0, "127.0.0.1");
    await once(raw, "listening");
    closing.push(() => new Promise<void>((done) => void raw.close(() => done())));
    const upstream = `http://127.0.0.1:${(raw.address() as AddressInfo).port}`;
    const stage = await open(ok, { upstream });
    expect((await send(stage, `${stage.way}/v1/messages`, { body: "{}" })).status).toBe(502);
  });

  test("does not wait for a server that accepts no connection", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const proxy = await openKeyProxy({
      routes: [toRoute(`https://${host}`)],
      onRefusal: () => undefined,
      onLimitWords: () => undefined,
      connectMs: 20,
    });
    closing.push(async () => void silent.close(), proxy.close);
    const answer = await fetch(`${proxy.addresses[0]}/v1/messages`, { method: "POST", body: "{}" });
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining(`Cannot connect to ${host}: ETIMEDOUT.`)]);
  });

  test.each([
    ["http://model.example", "connect"],
    ["https://model.example", "secureConnect"],
  ])("waits for the answer of a server as long as the agent does: %s", (url, connected) => {
    const upstream = new EventEmitter();
    const limits: number[] = [];
    const socket = Object.assign(new EventEmitter(), { setTimeout: (limit: number) => void limits.push(limit) });
    limitConnecting(upstream as ClientRequest, { url: new URL(url), connectMs: 15_000 });
    upstream.emit("socket", socket);
    expect(limits).toEqual([15_000]);
    socket.emit(connected);
    expect(limits).toEqual([15_000, 0]);
  });

  test("hides a key that the server echoes, in its text, between chunks and in its headers", async () => {
    const stage = await open((_, response) => {
      response.writeHead(400, { "x-echo": `key=${KEY}` });
      response.write(`bad key ${KEY.slice(0, 9)}`);
      response.end(`${KEY.slice(9)}, again ${KEY}, and ${KEY.slice(0, 5)}`);
    });
    const { headers, body } = await send(stage, `${stage.way}/v1/messages`);
    const mask = "*".repeat(KEY.length);
    expect(body).toBe(`bad key ${mask}, again ${mask}, and ${KEY.slice(0, 5)}`);
    expect(JSON.stringify(headers)).not.toContain(KEY);
  });

  test("removes a key from an address", async () => {
    const stage = await open(ok);
    await send(stage, `${stage.way}/v1/messages?key=worthless&alt=sse`);
    expect(stage.model.seen[0]?.url).toBe("/v1/messages?alt=sse");
  });

  test.each([
    ["another path of the server", "POST", "/v1/files", "path"],
    ["a batch, which outlives the session", "POST", "/v1/messages/batches", "path"],
    ["a path that climbs out", "POST", "/v1/messages/../organizations", "path"],
    ["a path that climbs out encoded", "POST", "/v1/%2e%2e/v1/organizations", "path"],
    ["an encoded slash", "POST", "/v1/messages%2f..%2fusers", "path"],
    ["a second host in the path", "POST", "//evil.example/v1/messages", "path"],
    ["the root", "GET", "/", "path"],
    ["a method that deletes", "DELETE", "/v1/models/x", "method"],
    ["another method", "PUT", "/v1/messages", "method"],
  ])("refuses and records %s", async (_, method, path, reason) => {
    const stage = await open(ok);
    const { status, body } = await send(stage, `${stage.way}${path}`, { method });
    expect(status).toBe(reason === "method" ? 405 : 404);
    expect(body).toContain("Enki's proxy for the model's key refused this request");
    expect(stage.refusals).toEqual([{ reason, method, path: expect.stringMatching(/^\//) as string }]);
    expect(stage.model.seen).toEqual([]);
  });

  test.each([
    [
      "a request without its word",
      () => "POST /v1/messages HTTP/1.1\r\nHost: HERE\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      "foreign",
      404,
    ],
    [
      "a guessed word",
      () => "POST /AAAA/v1/messages HTTP/1.1\r\nHost: HERE\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      "foreign",
      404,
    ],
    [
      "another host's name, as a rebound name would send",
      (way: string) => `POST ${way}/v1/messages HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      "foreign",
      404,
    ],
    [
      "an address of another server",
      () => "GET http://evil.example/v1/messages HTTP/1.1\r\nHost: HERE\r\nConnection: close\r\n\r\n",
      "foreign",
      404,
    ],
    ["a tunnel", () => "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "tunnel", 403],
  ] as const)("refuses and records %s", async (_, write, reason, status) => {
    const stage = await open(ok);
    const answer = await sendBytes(stage, write(stage.way).replaceAll("HERE", `${stage.hostname}:${stage.port}`));
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(stage.refusals.map((refusal) => refusal.reason)).toEqual([reason]);
    expect(stage.model.seen).toEqual([]);
  });

  test("forwards no second request that is hidden in a first one", async () => {
    const stage = await open(ok);
    const { way, hostname, port } = stage;
    const hidden = `POST /v1/files HTTP/1.1\r\nHost: x\r\n\r\n`;
    const both = `POST ${way}/v1/messages HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`;
    await sendBytes(stage, both);
    expect(stage.model.seen.map(({ url }) => url)).toEqual([]);
  });

  test("sends no body with a GET, because a server would read the body as the next request", async () => {
    const stage = await open(ok);
    const hidden = "POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
    for (const headers of [{ "transfer-encoding": "chunked" }, { "content-length": String(hidden.length) }])
      expect(await send(stage, `${stage.way}/v1/models`, { method: "GET", headers, body: hidden })).toMatchObject({ status: 200 });
    expect(stage.model.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["GET", "/v1/models", ""],
      ["GET", "/v1/models", ""],
    ]);
  });

  test("keeps the ways to two servers apart", async () => {
    const [one, two] = [await openModelServer(ok), await openModelServer(ok)];
    const other = ["another", "key", "entirely"].join("-");
    const proxy = await openKeyProxy({
      routes: [toRoute(one.url), toRoute(two.url, { headers: { authorization: `Bearer ${other}` }, secrets: [other] })],
      onRefusal: () => undefined,
      onLimitWords: () => undefined,
    });
    closing.push(one.close, two.close, proxy.close);
    for (const address of proxy.addresses) await fetch(`${address}/v1/messages`, { method: "POST", body: "{}" });
    expect([one.seen[0]?.headers["x-api-key"], one.seen[0]?.headers.authorization]).toEqual([KEY, undefined]);
    expect([two.seen[0]?.headers["x-api-key"], two.seen[0]?.headers.authorization]).toEqual([undefined, `Bearer ${other}`]);
  });

  test("answers nobody after the session", async () => {
    const stage = await open(ok);
    await stage.proxy.close();
    await expect(send(stage, `${stage.way}/v1/messages`)).rejects.toThrow("ECONNREFUSED");
  });
});
