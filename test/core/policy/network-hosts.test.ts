import { describe, expect, test } from "vitest";
import {
  isAllowedTarget,
  listLoopbackTargets,
  readAddressTarget,
  readHostPattern,
  readNetworkTarget,
  toCanonicalHost,
} from "../../../src/core/policy/network-hosts.ts";
import { readConfig } from "../../../src/core/config/read-config.ts";
import { fc, runs } from "../../support/fast-check.ts";

const allows = (policy: readonly string[], asked: string): boolean => {
  const target = readNetworkTarget(asked);
  return (
    target !== null &&
    isAllowedTarget(
      target,
      policy.flatMap((text) => readHostPattern(text) ?? []),
    )
  );
};

describe("a host has one form for all its spellings", () => {
  test.each([
    ["EXAMPLE.com", "example.com"],
    ["example.com.", "example.com"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["ｅxample.com", "example.com"],
    ["0x7f.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0177.0.0.1", "127.0.0.1"],
    ["[::0001]", "[::1]"],
    ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]"],
  ])("%s is %s", (text, host) => {
    expect(toCanonicalHost(text)).toBe(host);
  });

  test.each([
    "",
    ".",
    "..",
    "a b",
    "user@example.com",
    "example.com/x",
    "a\\b",
    "a#b",
    "a?b",
    "%65xample.com",
    "*",
    "[::1",
    "a:1",
    "x".repeat(300),
  ])("%j is none", (text) => {
    expect(toCanonicalHost(text)).toBeNull();
  });

  test("and that form is its own", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const host = toCanonicalHost(text);
        if (host !== null) expect(toCanonicalHost(host)).toBe(host);
      }),
      { numRuns: runs(5_000) },
    );
  });
});

describe("a policy allows", () => {
  test.each([
    [["example.com"], "example.com:443"],
    [["example.com"], "EXAMPLE.COM.:80"],
    [["*.example.com"], "a.b.example.com:443"],
    [["example.com:8443"], "example.com:8443"],
    [["10.1.2.3:8080"], "10.1.2.3:8080"],
    [["[fd00::1]"], "[fd00:0::1]:443"],
    [["localhost:4000"], "localhost:4000"],
  ])("%j: %s", (policy, asked) => {
    expect(allows(policy, asked)).toBe(true);
  });

  test.each([
    [["example.com"], "example.com:22"],
    [["example.com"], "sub.example.com:443"],
    [["example.com"], "notexample.com:443"],
    [["example.com"], "example.com.evil.test:443"],
    [["example.com"], "example.com@evil.test:443"],
    [["*.example.com"], "example.com:443"],
    [["*.example.com"], "evilexample.com:443"],
    [["example.com:8443"], "example.com:443"],
    [["10.1.2.3"], "10.1.2.30:443"],
    [["*.1.2.3"], "10.1.2.3:443"],
    [["example.com"], "example.com"],
    [["example.com"], "example.com:0443443"],
    [[], "example.com:443"],
  ])("%j does not include %s", (policy, asked) => {
    expect(allows(policy, asked)).toBe(false);
  });

  test("only ports of one's own machine that it names", () => {
    const patterns = ["localhost", "localhost:4000", "127.0.0.1:5000", "10.0.0.1:6000"].flatMap((text) => readHostPattern(text) ?? []);
    expect(listLoopbackTargets(patterns)).toEqual([
      { host: "localhost", port: 4_000 },
      { host: "127.0.0.1", port: 5_000 },
    ]);
  });
});

test("an address names its host and its port, unless it is of another protocol", () => {
  expect(readAddressTarget("https://u:p@Example.com/x?y")).toEqual({ host: "example.com", port: 443 });
  expect(readAddressTarget("http://[::1]:80/")).toEqual({ host: "[::1]", port: 80 });
  expect(readAddressTarget("ssh://example.com")).toBeNull();
  expect(readAddressTarget("example.com")).toBeNull();
});

describe("`[policy] network`", () => {
  const read = (value: string) => readConfig([{ path: ".enki/enki.toml", text: `[policy]\nnetwork = ${value}\n` }]);

  test.each(['["packages", "node"]', "[]", '["*"]', '["*.example.com", "example.com:8443", "10.0.0.1", "[fd00::1]:80"]'])(
    "is %s",
    (value) => {
      const { config, faults } = read(value);
      expect(faults).toEqual([]);
      expect(config.policy.network).toEqual(JSON.parse(value));
    },
  );

  test.each(['["https://example.com"]', '["*.com"]', '["**.example.com"]', '["example.com:0"]', '["u@example.com"]', '["a b"]'])(
    "is not %s, and the fault says what to write",
    (value) => {
      const { faults } = read(value);
      expect(faults).toEqual([
        expect.objectContaining({ line: 2, code: "bad-value", why: expect.stringContaining("a host such as example.com, *.example.com") }),
      ]);
    },
  );

  test("is absent by default", () => {
    expect(readConfig([]).config.policy.network).toBeUndefined();
  });
});
