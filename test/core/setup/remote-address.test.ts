import { expect, test } from "vitest";
import { chooseScheme, deriveApiUrl, isEnterpriseServer } from "../../../src/core/setup/remote-address.ts";

test.each([
  ["github.com", "https"],
  ["ghes.example.com", "https"],
  ["127.0.0.1.example.com", "https"],
  ["localhost.example.com:80", "https"],
  ["127.0.0.1:4000", "http"],
  ["localhost", "http"],
])("a token goes to %s over %s", (host, scheme) => {
  expect(chooseScheme(host)).toBe(scheme);
});

test("GitHub Enterprise has its API below the host, also behind an address in clear text", () => {
  expect(deriveApiUrl({ host: "ghes.example.com", owner: "o", name: "n" })).toBe("https://ghes.example.com/api/v3");
});

test.each([
  ["github.com", false],
  ["tenant.ghe.com", false],
  ["127.0.0.1:3000", false],
  ["localhost", false],
  ["ghe.example.org", true],
  ["notgithub.com", true],
])("whether %s is an Enterprise Server: %s", (host, isServer) => {
  expect(isEnterpriseServer(host)).toBe(isServer);
});
