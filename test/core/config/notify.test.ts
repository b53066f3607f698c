import { expect, test } from "vitest";
import { readConfig } from "../../../src/core/config/read-config.ts";

const read = (text: string) => readConfig([{ path: ".enki/enki.toml", text }]);

test.each([
  "ENKI_APP_KEY",
  "GITHUB_TOKEN",
  "ENKI_NOTIFY_",
  "ENKI_NOTIFY_x",
  "PATH",
  "http://chat.test/x",
  "ftp://chat.test/x",
  "chat.test",
  "",
])("%s is no variable of a webhook", (webhook) => {
  const { config, faults } = read(`[notify]\nwebhook = ${JSON.stringify(webhook)}\n`);
  expect(faults).toMatchObject([{ code: "bad-value" }]);
  expect(config.notify?.webhook ?? null).toBeNull();
  expect(read(`[notify]\nsecret = ${JSON.stringify(webhook)}\n`).faults).toHaveLength(1);
});

test("an address and a variable are accepted", () => {
  for (const webhook of ["https://chat.test/hook?x=1", "ENKI_NOTIFY_WEBHOOK"]) {
    const { config, faults } = read(`[notify]\nwebhook = ${JSON.stringify(webhook)}\nsecret = "ENKI_NOTIFY_KEY"\n`);
    expect(faults).toEqual([]);
    expect(config.notify).toEqual({ webhook, secret: "ENKI_NOTIFY_KEY" });
  }
});
