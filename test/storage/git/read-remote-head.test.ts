import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readRemoteHead } from "../../../src/storage/git/read-remote-head.ts";
import { after } from "../../support/after.ts";
import { repository } from "../../support/repository.ts";

const at = { directory: ".", after };

/** Starts a server with the same answer to every request. */
const serve = async (status: number, body: string): Promise<{ url: string; asked: (string | undefined)[] }> => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url, request.headers.authorization);
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/acme/.github.git`, asked };
};

const line = (text: string): string => `${(text.length + 4).toString(16).padStart(4, "0")}${text}`;
const service = `${line("# service=git-upload-pack\n")}0000`;
const sha = "a1".repeat(20);

test("reads a remote's head with one request and without a token", async () => {
  const { url, asked } = await serve(
    200,
    `${service}${line(`${sha} HEAD\0symref=HEAD:refs/heads/main\n`)}${line(`${sha} refs/heads/main\n`)}0000`,
  );
  expect(await readRemoteHead(at, url)).toBe(sha);
  expect(asked).toEqual(["/acme/.github.git/info/refs?service=git-upload-pack", undefined]);
});

test.each([401, 403, 404])("a repository that answers with %i counts as missing", async (status) => {
  expect(await readRemoteHead(at, (await serve(status, "no")).url)).toBe("");
});

test("a repository without a commit has no head", async () => {
  const { url } = await serve(200, `${service}${line(`${"0".repeat(40)} capabilities^{}\0side-band\n`)}0000`);
  expect(await readRemoteHead(at, url)).toBe("");
});

test.each([
  [500, ""],
  [200, "<html>Sign in</html>"],
])("any other answer throws: %i %s", async (status, body) => {
  const { url } = await serve(status, body);
  await expect(readRemoteHead(at, url)).rejects.toThrow(`answered with ${status}`);
});

test("a server that cannot be reached, or does not answer in time, throws", async () => {
  await expect(readRemoteHead(at, "http://127.0.0.1:1/acme/.github.git")).rejects.toThrow("127.0.0.1:1");
  const { url } = await serve(200, service);
  const expired = { ...at, after: (_: number, call: () => void) => (call(), () => undefined) };
  await expect(readRemoteHead(expired, url)).rejects.toThrow(/abort/);
});

test("a repository on this machine is asked by git", async () => {
  const repo = await repository();
  onTestFinished(() => repo.close());
  const head = await repo.commit("main", { a: "a" });
  expect(await readRemoteHead({ ...at, directory: repo.root }, repo.url)).toBe(head);
  expect(await readRemoteHead({ ...at, directory: repo.root }, `${repo.root}/none.git`)).toBe("");
});
