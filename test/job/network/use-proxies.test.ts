import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openOctokit } from "../../../src/github/open-octokit.ts";
import { useProxies } from "../../../src/job/network/use-proxies.ts";
import { readNetworkEnv } from "../../../src/storage/git/network-environment.ts";
import { runGit } from "../../../src/storage/git/run-git.ts";
import { runNetworkGit } from "../../../src/storage/git/run-network-git.ts";
import { after } from "../../support/after.ts";
import { COMPANY_HOST, openCompanyNetwork } from "../../support/company-network.ts";

const KEY = Symbol.for("undici.globalDispatcher.1");
const ROUTE = "GET /repos/octo/demo";

const useProxiesInTest = (env: Record<string, string>): void => {
  const globals = globalThis as Record<symbol, unknown>;
  void new Headers();
  const before = globals[KEY];
  onTestFinished(() => void (globals[KEY] = before));
  useProxies(env);
};

const openApi = () => openCompanyNetwork((_, response) => response.setHeader("content-type", "application/json").end(`{"id":7}`));

/** Sets these network variables, and removes the machine's own. */
const setVariables = (variables: Readonly<Record<string, string>>): void => {
  const before = { ...process.env };
  const names = ["https_proxy", "http_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"];
  for (const name of names) for (const each of [name, name.toUpperCase()]) delete process.env[each];
  Object.assign(process.env, variables);
  onTestFinished(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  });
};

test.each(["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])("Octokit uses %s and the certificates of SSL_CERT_FILE", async (name) => {
  const { proxy, certificates, tunnels } = await openApi();
  useProxiesInTest({ [name]: proxy, SSL_CERT_FILE: certificates });
  const answer = await openOctokit("token", `https://${COMPANY_HOST}`).request(ROUTE);
  expect(answer.data).toEqual({ id: 7 });
  expect(tunnels).toEqual([`${COMPANY_HOST}:443`]);
});

test("a server with unknown certificates is refused", async () => {
  const { proxy } = await openApi();
  useProxiesInTest({ HTTPS_PROXY: proxy });
  await expect(openOctokit("token", `https://${COMPANY_HOST}`).request(ROUTE)).rejects.toThrow("self-signed certificate");
});

test("hosts in NO_PROXY and this machine are reached directly", async () => {
  const { proxy, certificates, tunnels } = await openApi();
  const server = createServer((_, response) => response.setHeader("content-type", "application/json").end(`{"id":8}`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  useProxiesInTest({ HTTPS_PROXY: proxy, http_proxy: proxy, NO_PROXY: ".company.example", SSL_CERT_FILE: certificates });
  await expect(openOctokit("token", `https://${COMPANY_HOST}`).request(ROUTE)).rejects.toThrow("ENOTFOUND");
  const local = openOctokit("token", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect((await local.request(ROUTE)).data).toEqual({ id: 8 });
  expect(tunnels).toEqual([]);
});

test("the error of a proxy names neither its user nor its password", async () => {
  const { otherProxy } = await openApi();
  useProxiesInTest({ HTTPS_PROXY: otherProxy });
  const failed = await openOctokit("token", `https://${COMPANY_HOST}`)
    .request(ROUTE)
    .catch((error: unknown) => error);
  expect(String(failed)).toMatch(/cannot be reached through the proxy 127\.0\.0\.1:\d+: the proxy 127\.0\.0\.1:\d+ answered 407/);
  expect(JSON.stringify(failed) + String(failed)).not.toMatch(/someone|wr0ng/);
});

const openGitCompany = async () => {
  const root = mkdtempSync(join(tmpdir(), "enki-proxied-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  execFileSync("git", ["init", "-q", "--bare", root]);
  const id = "1".repeat(40);
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
  const refs = `${line("# service=git-upload-pack\n")}0000${line(`${id} refs/heads/main\0\n`)}0000`;
  const network = await openCompanyNetwork((_, response) =>
    response.setHeader("content-type", "application/x-git-upload-pack-advertisement").end(refs),
  );
  const list = () => runNetworkGit({ directory: root, after }, ["ls-remote", `https://${COMPANY_HOST}/octo/demo.git`]);
  return { ...network, root, list, listed: `${id}\trefs/heads/main\n` };
};

test.each([
  ["HTTPS_PROXY", "GIT_SSL_CAINFO"],
  ["https_proxy", "SSL_CERT_FILE"],
])("git uses %s and the certificates of %s", async (proxyName, certificateName) => {
  const { proxy, certificates, tunnels, list, listed } = await openGitCompany();
  setVariables({ [proxyName]: proxy, [certificateName]: certificates });
  const { stdout, stderr } = await list();
  expect(stderr + stdout.toString("utf8")).toBe(listed);
  expect(tunnels).toEqual([`${COMPANY_HOST}:443`]);
});

test("git reaches hosts in NO_PROXY directly, and its error holds no password", async () => {
  const { proxy, otherProxy, tunnels, list } = await openGitCompany();
  setVariables({ HTTPS_PROXY: otherProxy });
  const refused = await list();
  expect(refused.stderr).toContain("407");
  expect(refused.stderr).not.toMatch(/someone|wr0ng/);
  setVariables({ HTTPS_PROXY: proxy, NO_PROXY: "*.company.example" });
  expect((await list()).stderr).toContain("Could not resolve host");
  expect(tunnels).toEqual([]);
});

test("only commands that talk to a remote see the proxy's address", async () => {
  const { root } = await openGitCompany();
  setVariables({ HTTPS_PROXY: "http://someone:s3cret@proxy.example" });
  const shown = await runGit({ directory: root, after }, ["-c", "alias.show-env=!env", "show-env"]);
  expect(shown.stdout.toString("utf8")).not.toContain("s3cret");
});

test("proxies of plain HTTP are passed on in the spelling that curl reads, and this machine needs none", () => {
  expect(readNetworkEnv({ HTTP_PROXY: "http://proxy.example", NO_PROXY: "a.example *.b.example" })).toEqual({
    http_proxy: "http://proxy.example",
    no_proxy: "a.example,.b.example,localhost,127.0.0.1,::1",
  });
  expect(readNetworkEnv({ no_proxy: "*" })).toEqual({ no_proxy: "*" });
});
