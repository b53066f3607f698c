import { readFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { createAppSetUp, SET_UP_PATH } from "../../src/coordinator/app-set-up.ts";
import { appTemplateSchema } from "../../src/core/setup/app-registration.ts";
import { readAttribute } from "../support/register-app.ts";

const TEMPLATE = appTemplateSchema.parse(parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")));

/** Returns the public address that the page proposes to a browser with this host name. */
const proposeAddress = async (host: string): Promise<string> => {
  const setUp = createAppSetUp({
    token: "secret",
    template: TEMPLATE,
    serverUrl: "https://github.com",
    organisation: null,
    publicUrl: null,
    newState: () => "state",
    convert: () => Promise.reject(new Error("no code was sent")),
    store: () => Promise.reject(new Error("nothing was registered")),
    finish: () => undefined,
  });
  const server = createServer(setUp);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const html = await new Promise<string>((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: `${SET_UP_PATH}secret`, headers: { host } }, (answer) => {
      let text = "";
      answer.on("data", (part: Buffer) => (text += part.toString("utf8")));
      answer.on("end", () => resolve(text));
    }).on("error", reject);
  });
  return readAttribute(html, /name="address" value="([^"]*)"/);
};

test.for([
  ["127.0.0.1:3000", ""],
  ["localhost:3000", ""],
  ["[::1]:3000", ""],
  ["enki.example.org", "http://enki.example.org"],
  ["localhost.example.org", "http://localhost.example.org"],
  ["127.example.org:8080", "http://127.example.org:8080"],
])("a page that was reached as %s proposes the public address %j", async ([host = "", address]) => {
  expect(await proposeAddress(host)).toBe(address);
});
