import { createServer, type RequestListener } from "node:http";
import nock from "nock";
import { expect, onTestFinished, test } from "vitest";
import { useNock } from "./stage.ts";
import { openAttachments } from "../../src/github/open-attachments.ts";

const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
};

const answering = (content: Buffer | string, type = "text/plain; charset=utf-8", status = 200) =>
  serve((request, response) => {
    expect(request.headers["authorization"]).toBeUndefined();
    expect(request.headers["cookie"]).toBeUndefined();
    response.writeHead(status, { "content-type": type }).end(content);
  });

const read = (server: string, address = `${server}/user-attachments/files/1/a.log`) => openAttachments(server, "octo/demo").read(address);

useNock();

test("reads a text without a credential", async () => {
  expect(await read(await answering("413\n"))).toEqual({ kind: "text", text: "413\n", whole: true });
  for (const type of ["application/json", "application/octet-stream", "text/x-log", "application/ld+json"])
    expect(await read(await answering("{}", type))).toMatchObject({ kind: "text" });
});

test.each([
  ["an image", Buffer.from("GIF89a"), "image/gif", 200],
  ["a page, as one to log in is", Buffer.from("<html>"), "text/html; charset=utf-8", 200],
  ["bytes that are no text", Buffer.from([0xff, 0xfe, 0]), "application/octet-stream", 200],
  ["what is not there", Buffer.from("Not Found"), "text/plain", 404],
  ["nothing that says what it is", Buffer.from("a"), "", 200],
])("does not read %s and does not fail", async (_, content, type, status) => {
  expect(await read(await answering(content, type, status))).toMatchObject({ kind: "unread" });
});

test("reads the first million bytes of an endless file", async () => {
  const server = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    const write = (): void => {
      while (response.write("é".repeat(10_000)));
      response.once("drain", write);
    };
    write();
  });
  const file = await read(server);
  expect(file).toMatchObject({ kind: "text", whole: false });
  expect(file.kind === "text" && file.text.length).toBe(500_000);
});

test("follows no redirect to another host or to this machine", async () => {
  let visited = 0;
  const elsewhere = await serve((_, response) => {
    visited += 1;
    response.end("secret");
  });
  for (const location of [
    elsewhere,
    `${elsewhere}/a`,
    "http://169.254.169.254/latest",
    "file:///etc/passwd",
    "https://objects.githubusercontent.com/a",
    "//evil.example/a",
    "http://[",
    "",
  ]) {
    const server = await serve((_, response) => response.writeHead(302, { location }).end());
    expect(await read(server)).toMatchObject({ kind: "unread" });
  }
  expect(visited).toBe(0);
});

test("follows a redirect on the same host, but not endlessly", async () => {
  const once = await serve((request, response) =>
    request.url === "/there"
      ? response.writeHead(200, { "content-type": "text/plain" }).end("413")
      : response.writeHead(302, { location: "/there" }).end(),
  );
  expect(await read(once)).toMatchObject({ kind: "text", text: "413" });
  const forever = await serve((_, response) => response.writeHead(302, { location: "/again" }).end());
  expect(await read(forever)).toEqual({ kind: "unread", reason: "it leads from one address to the next" });
});

test("an unreachable host is no fault", async () => {
  expect(await read("http://127.0.0.1:1")).toEqual({ kind: "unread", reason: "it was not answered" });
});

test("follows github.com to its own storage only", async () => {
  nock.disableNetConnect();
  const storage = "https://objects.githubusercontent.com";
  nock("https://github.com")
    .get("/user-attachments/files/1/a.log")
    .reply(302, undefined, { location: `${storage}/a?X-Amz-Signature=1` });
  nock(storage).get("/a?X-Amz-Signature=1").reply(200, "413", { "content-type": "text/plain" });
  expect(await read("https://github.com")).toEqual({ kind: "text", text: "413", whole: true });
  for (const location of [
    "http://objects.githubusercontent.com/a",
    "https://objects.githubusercontent.com:8443/a",
    "https://objects.githubusercontent.com.evil.example/a",
  ]) {
    nock("https://github.com").get("/user-attachments/files/1/a.log").reply(302, undefined, { location });
    expect(await read("https://github.com")).toEqual({ kind: "unread", reason: "it is on another host" });
  }
});
