import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectSecure } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { readHostPattern } from "../../../src/core/policy/network-hosts.ts";
import type { NetworkRefusal } from "../../../src/core/messages/network-text.ts";
import { openNetworkProxy } from "../../../src/job/network/open-network-proxy.ts";
import { readUpstreamProxies } from "../../../src/core/policy/upstream-proxy.ts";
import { openModelServer } from "../proxy/model-server.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

type Stage = {
  readonly policy: readonly string[];
  /** The addresses of all names. */
  readonly address?: string;
  readonly env?: Readonly<Record<string, string>>;
};

const open = async ({ policy, address = "127.0.0.1", env = {} }: Stage) => {
  const refusals: NetworkRefusal[] = [];
  const proxy = await openNetworkProxy({
    patterns: policy.flatMap((text) => readHostPattern(text) ?? []),
    proxies: readUpstreamProxies(env),
    lookup: (_, done) => done(null, [{ address, family: address.includes(":") ? 6 : 4 }]),
    onRefusal: (refusal) => void refusals.push(refusal),
    connectMs: 2_000,
  });
  closing.push(proxy.close);
  return { port: proxy.port, refusals, refused: () => refusals.map(({ reason, asked }) => `${reason} ${asked}`) };
};

/** Opens a server that records the received bytes and never answers. */
const openSink = async () => {
  let received = Buffer.alloc(0);
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (const wake of waiting.splice(0)) wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    received: () => received,
    /** Resolves when the first bytes arrive. */
    first: () => (received.length > 0 ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve))),
  };
};

/** Asks the proxy for a tunnel, with exactly these bytes. */
const ask = async (port: number, head: string): Promise<{ socket: Socket; answer: string }> => {
  const socket = connect(port, "127.0.0.1");
  closing.push(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write(head);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return { socket, answer: chunk.toString("latin1") };
};

const openTunnel = async (port: number, target: string): Promise<Socket> => {
  const { socket, answer } = await ask(port, `CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  return socket;
};

const ended = (socket: Socket): Promise<unknown> => (socket.destroyed ? Promise.resolve() : once(socket, "close"));

const get = async (port: number, path: string, headers: Record<string, string> = {}) => {
  const outgoing = request({ host: "127.0.0.1", port, path, agent: false, headers });
  outgoing.end();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
};

describe("the proxy of a network policy refuses", () => {
  test.each([
    ["another host", "evil.example:443", "host evil.example"],
    ["another port", "good.example:22", "host good.example:22"],
    ["a host that ends alike", "notgood.example:443", "host notgood.example"],
    ["a host behind user information", "good.example@evil.example:443", "form good.example@evil.example:443"],
    ["an address of a name", "93.184.216.34:443", "host 93.184.216.34"],
    ["a number that is an address", "2130706433:443", "host 127.0.0.1"],
    ["IPv6", "[::1]:443", "host [::1]"],
    ["IPv4 in IPv6", "[::ffff:169.254.169.254]:80", "host [::ffff:a9fe:a9fe]:80"],
    ["the cloud's metadata", "169.254.169.254:80", "host 169.254.169.254:80"],
  ])("a tunnel to %s", async (_, target, refusal) => {
    const { port, refused } = await open({ policy: ["good.example"] });
    const { answer } = await ask(port, `CONNECT ${target} HTTP/1.1\r\nhost: good.example:443\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 403 (?:Host not allowed|Connection refused) by the network policy of Enki\r\n/);
    expect(answer).toContain("Enki's network policy refused");
    expect(refused()).toEqual([refusal]);
  });

  test.each([
    "127.0.0.1",
    "::1",
    "169.254.169.254",
    "0.0.0.0",
    "fe80::1",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "2001:0:5ef5:79fb::",
  ])("an allowed name that leads to %s", async (address) => {
    const { port, refused } = await open({ policy: ["good.example"], address });
    const { answer } = await ask(port, "CONNECT good.example:443 HTTP/1.1\r\nhost: good.example:443\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).toContain("leads to an address of the machine itself or of its cloud");
    expect(await get(port, "http://good.example/x")).toMatchObject({ status: 403 });
    expect(refused()).toEqual(["address good.example", "address good.example:80"]);
  });

  test("a request in absolute form to another host, whatever its Host header says", async () => {
    const { port, refused } = await open({ policy: ["good.example"] });
    const answer = await get(port, "http://evil.example:8080/secret?x", { host: "good.example" });
    expect(answer).toMatchObject({ status: 403, headers: { "content-type": "text/plain; charset=utf-8" } });
    expect(answer.body).toMatchInlineSnapshot(`
      "Enki's network policy refused evil.example:8080: the policy does not allow this host. Do not try to reach the host in another way. Continue without the host, or report that you are blocked and name the host. A maintainer can allow hosts with \`network\` in \`[policy]\` of \`.enki/enki.toml\`.
      "
    `);
    expect(refused()).toEqual(["host evil.example:8080"]);
  });

  test("requests without a host, with user information, of another protocol, and upgrades", async () => {
    const { port, refused } = await open({ policy: ["good.example"] });
    expect(await get(port, "/x")).toMatchObject({ status: 403 });
    expect(await get(port, "http://good.example@evil.example/x")).toMatchObject({ status: 403 });
    expect(await get(port, "https://good.example/x")).toMatchObject({ status: 403 });
    const { answer } = await ask(
      port,
      "GET http://good.example/ HTTP/1.1\r\nhost: good.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(refused()).toEqual([
      expect.stringMatching(/^form 127\.0\.0\.1:\d+$/),
      "disguise evil.example:80",
      "form good.example",
      "form good.example",
    ]);
  });

  test("TLS to another server than the tunnel's, and passes none of its bytes on", async () => {
    const sink = await openSink();
    const { port, refused } = await open({ policy: [`localhost:${sink.port}`] });
    const socket = await openTunnel(port, `localhost:${sink.port}`);
    const tls = connectSecure({ socket, servername: "evil.example" }).on("error", () => undefined);
    closing.push(() => tls.destroy());
    await ended(socket);
    expect(refused()).toEqual([`disguise localhost:${sink.port}`]);
    expect(sink.received()).toHaveLength(0);
  });

  test.each([
    ["SSH", Buffer.from("SSH-2.0-OpenSSH_9.6\r\n")],
    ["a broken handshake", Buffer.from([22, 3, 1, 0, 4, 9, 9, 9, 9])],
    ["a record that is no handshake", Buffer.from([23, 3, 3, 0, 1, 0])],
  ])("%s in a tunnel", async (_, bytes) => {
    const sink = await openSink();
    const { port } = await open({ policy: [`localhost:${sink.port}`] });
    const socket = await openTunnel(port, `localhost:${sink.port}`);
    socket.write(bytes);
    await ended(socket);
    expect(sink.received()).toHaveLength(0);
  });

  test("plain HTTP in a tunnel for another host, also as the second request of a connection", async () => {
    const server = await openModelServer((_, response) => void response.end("served"));
    closing.push(server.close);
    const { port, refused } = await open({ policy: [server.host] });
    const socket = await openTunnel(port, server.host);
    socket.write(`GET /one HTTP/1.1\r\nhost: ${server.host}\r\n\r\n`);
    const [first] = (await once(socket, "data")) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 200 /);
    socket.write("GET /two HTTP/1.1\r\nhost: evil.example\r\n\r\n");
    await ended(socket.resume());
    expect(server.seen.map(({ url }) => url)).toEqual(["/one"]);
    expect(refused()).toEqual([`disguise ${server.host}`]);
  });
});

describe("the proxy of a network policy connects", () => {
  test("TLS that asks for the tunnel's host, byte by byte", async () => {
    const sink = await openSink();
    const { port, refusals } = await open({ policy: [`localhost:${sink.port}`] });
    const socket = await openTunnel(port, `LOCALHOST.:${sink.port}`);
    const tls = connectSecure({ socket, servername: "localhost" }).on("error", () => undefined);
    closing.push(() => tls.destroy());
    await sink.first();
    expect(sink.received()[0]).toBe(22);
    expect(sink.received().includes("localhost")).toBe(true);
    expect(refusals).toEqual([]);
  });

  test("requests in absolute form, with their body, and without the headers that are for the proxy", async () => {
    const server = await openModelServer((_, response) => {
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end("served");
    });
    closing.push(server.close);
    const { port } = await open({ policy: [server.host] });
    const headers = { host: "other.example", "proxy-authorization": "Basic eA==", "x-own": "kept", "content-length": "4" };
    const outgoing = request({ host: "127.0.0.1", port, path: `${server.url}/x?y`, method: "PUT", agent: false, headers });
    outgoing.end("body");
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(await text(answer)).toBe("served");
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
    expect(server.seen).toEqual([
      {
        method: "PUT",
        url: "/x?y",
        body: "body",
        headers: { host: server.host, "x-own": "kept", "content-length": "4", connection: "close" },
      },
    ]);
  });

  const hidden = "GET /hidden HTTP/1.1\r\nhost: evil.example\r\n\r\n";
  const framings = {
    "Content-Length": `Content-Length: ${hidden.length}\r\nConnection: %\r\n\r\n${hidden}`,
    "Transfer-Encoding": `Transfer-Encoding: chunked\r\nConnection: %\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
  };

  test.each(
    Object.entries(framings).flatMap(([header, rest]) =>
      ["GET", "DELETE", "OPTIONS", "POST"].flatMap((method) =>
        ["keep-alive", header, `${header.toLowerCase()}, close`].map((connection) => [method, header, connection, rest] as const),
      ),
    ),
  )("the body of %s, framed by %s, as a body, also with the header Connection: %s", async (method, _, connection, rest) => {
    const server = await openModelServer((__, response) => void response.end("served"));
    closing.push(server.close);
    const { port } = await open({ policy: [server.host] });
    const { answer } = await ask(
      port,
      `${method} ${server.url}/shown HTTP/1.1\r\nHost: ${server.host}\r\n${rest.replace("%", connection)}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(server.seen.map(({ url, body }) => [url, body])).toEqual([["/shown", hidden]]);
  });

  test("a server that accepts no connection is named with the reason", async () => {
    const sink = await openSink();
    const target = `localhost:${sink.port + 1 > 65_535 ? 1_025 : sink.port + 1}`;
    const { port } = await open({ policy: [target] });
    const { answer } = await ask(port, `CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(answer).toMatch(/Cannot connect to localhost:\d+: ECONN/);
  });
});

describe("a server that an agent may reach cannot end the job's process:", () => {
  test.each([
    ["with a status that is none", "HTTP/1.1 000 odd\r\ncontent-length: 0\r\n\r\n"],
    ["with a status text that no header may have", "HTTP/1.1 200 o\x07k\r\ncontent-length: 0\r\n\r\n"],
    ["with no answer of HTTP", "SSH-2.0-odd\r\n"],
  ])("%s", async (_, answer) => {
    const server = createServer(
      (socket) =>
        void socket
          .on("error", () => undefined)
          .resume()
          .end(answer, "latin1"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => void server.close());
    const { port: at } = server.address() as AddressInfo;
    const { port } = await open({ policy: [`127.0.0.1:${at}`] });
    expect(await get(port, `http://127.0.0.1:${at}/x`)).toMatchObject({
      status: 502,
      body: expect.stringContaining("Cannot connect to") as unknown,
    });
    expect((await get(port, "http://evil.example/x")).status).toBe(403);
  });
});

describe("behind another proxy", () => {
  /** Opens a company's proxy, which answers each request itself and opens no tunnel. */
  const openCompany = async (status: number) => {
    const asked: string[] = [];
    const server = await openModelServer((incoming, response) => void response.end(`company: ${incoming.url}`));
    closing.push(server.close);
    const tunnels = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (chunk: Buffer) => {
        asked.push(...chunk.toString().trim().split("\r\n"));
        socket.write(`HTTP/1.1 ${status} x\r\n\r\n`);
        socket.on("data", (more: Buffer) => void socket.write(more));
      });
      closing.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => tunnels.listen(0, "127.0.0.1", resolve));
    closing.push(() => void tunnels.close());
    const env = {
      https_proxy: `http://me:p%40ss@127.0.0.1:${(tunnels.address() as AddressInfo).port}`,
      HTTP_PROXY: server.url,
      NO_PROXY: "internal.example,.direct.example",
    };
    return { env, asked, server };
  };

  test("tunnels and requests go through it, with its credentials, and it looks up the names", async () => {
    const { env, asked } = await openCompany(200);
    const { port } = await open({ policy: ["good.example"], env });
    const socket = await openTunnel(port, "good.example:443");
    connectSecure({ socket, servername: "good.example" }).on("error", () => undefined);
    expect(await get(port, "http://good.example/x")).toMatchObject({ status: 200, body: "company: http://good.example/x" });
    expect(asked).toEqual([
      "CONNECT good.example:443 HTTP/1.1",
      "host: good.example:443",
      `proxy-authorization: Basic ${Buffer.from("me:p@ss").toString("base64")}`,
      "Connection: close",
    ]);
  });

  test("its refusal is an error that names it", async () => {
    const { env } = await openCompany(407);
    const { port } = await open({ policy: ["good.example"], env });
    const { answer } = await ask(port, "CONNECT good.example:443 HTTP/1.1\r\nhost: good.example:443\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toMatch(/the proxy 127\.0\.0\.1:\d+ answered 407/);
  });

  test("hosts of NO_PROXY are connected to directly, and it is asked for no host that the policy refuses", async () => {
    const { env, asked } = await openCompany(200);
    const { port, refused } = await open({ policy: ["internal.example", "a.direct.example"], env });
    for (const host of ["internal.example", "a.direct.example", "evil.example"])
      await ask(port, `CONNECT ${host}:443 HTTP/1.1\r\nhost: ${host}:443\r\n\r\n`);
    expect(asked).toEqual([]);
    expect(refused()).toEqual(["address internal.example", "address a.direct.example", "host evil.example"]);
  });

  test.each([
    [{ HTTPS_PROXY: "proxy.example:3128" }, "http://proxy.example:3128/", []],
    [{ all_proxy: "https://proxy.example" }, "https://proxy.example/", []],
    [{ ALL_PROXY: "socks5://proxy.example" }, null, ["ALL_PROXY"]],
    [{ HTTPS_PROXY: "http://proxy.example", no_proxy: "*" }, null, []],
    [{ HTTPS_PROXY: "http://proxy.example", NO_PROXY: "*.good.example good.example:443" }, null, []],
    [{ HTTPS_PROXY: "http://proxy.example", NO_PROXY: "ood.example,good.example:80" }, "http://proxy.example/", []],
  ])("%j", (env, proxy, unusable) => {
    const read = readUpstreamProxies(env);
    expect(read.choose({ host: "good.example", port: 443 }, true)?.href ?? null).toBe(proxy);
    expect(read.unusable).toEqual(unusable);
  });
});
