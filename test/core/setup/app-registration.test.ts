import { expect, test } from "vitest";
import { composeAppManifest, readConversion, toPublicOrigin } from "../../../src/core/setup/app-registration.ts";

test.each([
  ["https://enki.example/api/github/webhooks", "https://enki.example"],
  ["https://enki.example:443/api/github/webhooks", "https://enki.example"],
  ["http://127.0.0.1:3000/api/github/webhooks", "http://127.0.0.1:3000"],
  ["https://example.org/enki/api/github/webhooks", null],
  ["https://smee.io/abc", null],
  ["ftp://enki.example/api/github/webhooks", null],
  ["", null],
])("webhooks at %s mean pages at %s", (hook, origin) => {
  expect(toPublicOrigin(hook)).toBe(origin);
});

test("the manifest names the address to which viewers return", () => {
  const template = { name: "Enki", description: "", url: "https://a.example", public: false, default_events: [], default_permissions: {} };
  const choice = { name: "Enki", organisation: null, publicUrl: "https://enki.example" };
  expect(JSON.parse(composeAppManifest(template, choice, "https://enki.example/setup/callback"))).toMatchObject({
    callback_urls: ["https://enki.example/login/callback"],
  });
});

test("an App has the keys for its pages only together", () => {
  const keys = { id: 1, slug: "enki", pem: "k", webhook_secret: "s", html_url: "https://github.com/apps/enki" };
  expect(readConversion(keys)?.client).toBeNull();
  expect(readConversion({ ...keys, client_id: "Iv1" })?.client).toBeNull();
  expect(readConversion({ ...keys, client_id: "Iv1", client_secret: "c" })?.client).toEqual({ id: "Iv1", secret: "c" });
});
