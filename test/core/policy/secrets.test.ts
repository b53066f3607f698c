import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { atDepth, fc, runs } from "../../support/fast-check.ts";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { SECRET_RULES } from "../../../src/core/policy/secret-rules.ts";
import { MAX_HELD_CHARS, openLineRedactor, openSecretRedactor } from "../../../src/core/policy/secret-stream.ts";
import { findSecrets, holdsValues, redactJson, redactSecrets } from "../../../src/core/policy/secrets.ts";
import { CREDENTIALS, DISGUISES } from "../../support/credentials.ts";

const ROOT = join(import.meta.dirname, "../../..");
const token = CREDENTIALS["a stateless GitHub installation token"] ?? "";
const key = CREDENTIALS["an RSA key"] ?? "";
const VALUE = "a-value-of-no-known-form";

describe("a form of credentials", () => {
  test("is a regular expression of RE2 as well, apart from looking around, so that its time is linear", () => {
    const withoutLooking = (source: string): string =>
      // RE2 repeats a part at most a thousand times.
      source.replaceAll(/\{(\d+),4000\}/g, "{$1,}").replaceAll(/\(\?<?[!=](?:\[[^\]]*\]|[^()[\]]|\((?:[^()]*)\))*\)/g, "");
    for (const { form } of SECRET_RULES) expect(() => RE2JS.compile(withoutLooking(form.source))).not.toThrow();
  });

  test("is judged within this test's time on text that is made to be slow", () => {
    for (const { keywords } of SECRET_RULES) {
      const hostile = `${keywords.map((each) => each.repeat(2_000)).join("")}${"A".repeat(5_000)}${(keywords[0] ?? "").repeat(2_000)}`;
      expect(findSecrets(hostile).length).toBeLessThanOrEqual(1);
    }
  });
});

test.each<[string, string, string[]]>([
  ["two megabytes of base64", Buffer.alloc(1_500_000, 7).toString("base64"), []],
  ["two megabytes of one header", "-----BEGIN PRIVATE KEY-----".repeat(70_000), ["a private key"]],
  ["two megabytes of quotes and blanks", `" ${" ".repeat(30)}`.repeat(60_000), []],
  ["two megabytes of line ends", "\n // ".repeat(400_000), []],
  ["two megabytes of escapes", "%67".repeat(650_000), []],
  ["two megabytes of token starts", "ghs_eyJ.".repeat(250_000), ["a GitHub token"]],
  ["megabytes of one token", `ghs_${"a".repeat(atDepth(10_000_000, 2_000_000))}`, ["a GitHub token"]],
  ["megabytes of hexadecimal", "ab".repeat(atDepth(5_000_000, 1_000_000)), []],
  ["two megabytes of a list of bytes", "ab, ".repeat(500_000), []],
])("%s are judged within this test's time", (_, text, found) => {
  expect(findSecrets(text)).toEqual(found);
});

/** The forms and the made-up credentials of the tests themselves. */
const OWN_FORMS = /gitleaks-rules\.json$|test\/support\/credentials\.ts$/;

test("no file of this repository seems to hold a credential: not its sources, lock file, documents, snapshots", () => {
  const files = ["src", "test", "docs", "scripts", "workflows", "roles", ".github"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  files.push(join(ROOT, "package-lock.json"), join(ROOT, "README.md"));
  const hits = files
    .filter((path) => !OWN_FORMS.test(path))
    .flatMap((path) => (findSecrets(readFileSync(path, "utf8")).length > 0 ? [path.slice(ROOT.length + 1)] : []));
  expect(hits).toEqual([]);
});

test.each([
  ["integrity hashes", `"integrity": "sha512-${Buffer.from(Array.from({ length: 64 }, (_, at) => (at * 37) % 256)).toString("base64")}"`],
  [
    "an image in base64",
    `<img src="data:image/png;base64,${Buffer.from(Array.from({ length: 30_000 }, (_, at) => (at * at * 7 + at * 131) % 256)).toString("base64")}">`,
  ],
  ["a documented header", 'const begin = "-----BEGIN RSA PRIVATE KEY-----";'],
  ["AWS's own example", ["AK", "IAIOSFODNN7EXAMPLE"].join("")],
  ["names with dashes", "risk-assessment-of-long-and-winding-roads-in-the-mountains task-queue-worker-pool-settings"],
  ["commit ids", "0123456789abcdef0123456789abcdef01234567 v1.2.3 v1.0"],
  ["a public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl person@example.com"],
])("%s are no credential", (_, text) => {
  expect(findSecrets(text)).toEqual([]);
  expect(redactSecrets(text)).toBe(text);
});

test("redaction replaces the credential and nothing around it, in every disguise", () => {
  for (const [name, disguise] of Object.entries(DISGUISES)) {
    const redacted = redactSecrets(`Before. ${disguise(token)} After.`);
    expect([name, redacted]).toEqual([name, expect.stringMatching(/^Before\. .{0,30}\[redacted\].{0,30} After\.$/)]);
    expect(findSecrets(redacted)).toEqual([]);
  }
});

test("bytes of a credential are found whatever blank separates them, and whatever is around them", () => {
  const blanks = Array.from({ length: 0x1_0000 }, (_, code) => String.fromCharCode(code)).filter((char) => /\s/.test(char));
  expect(blanks).toHaveLength(25);
  const bytes = Array.from(Buffer.from(token), (byte) => byte.toString(16));
  for (const blank of blanks)
    for (const [before, after] of ["", "g", "-"].map((around) => [around, around === "g" ? " g" : around] as const))
      expect([blank, findSecrets(`${before}${bytes.join(blank)}${after}`)]).toEqual([blank, ["a GitHub token"]]);
});

test("a value that is not ASCII is found where its UTF-8 is encoded", () => {
  const value = "ein-pässwörd-пароль";
  const bytes = Buffer.from(value);
  for (const text of [value, bytes.toString("base64"), bytes.toString("hex"), encodeURIComponent(value), [...bytes].join(", ")]) {
    expect([text, holdsValues(`x ${text} y`, [value])]).toEqual([text, true]);
    expect(holdsValues(redactSecrets(`x ${text} y`, [value]), [value])).toBe(false);
  }
});

test("a value of the job is found in every disguise, and redacted with the keys of an object", () => {
  for (const [name, disguise] of Object.entries(DISGUISES)) {
    expect([name, holdsValues(`x ${disguise(VALUE)} y`, [VALUE])]).toEqual([name, true]);
    expect(holdsValues(redactSecrets(`x ${disguise(VALUE)} y`, [VALUE]), [VALUE])).toBe(false);
  }
  expect(holdsValues("nothing", [VALUE])).toBe(false);
  expect(redactJson({ [VALUE]: [token], list: [{ a: `${VALUE}\n` }] }, [VALUE])).toBe(
    '{"[redacted]":["[redacted]"],"list":[{"a":"[redacted]\\n"}]}',
  );
});

describe("a stream", () => {
  const pieces = (text: string, cuts: readonly number[]): string[] => {
    const at = [0, ...new Set(cuts.map((cut) => cut % (text.length + 1)))].toSorted((a, b) => a - b);
    return at.map((from, index) => text.slice(from, at[index + 1]));
  };

  test("is redacted as a whole, wherever its pieces end", () => {
    const text = `one ${token} two\n${VALUE}\n${key}\nthree ${CREDENTIALS["an npm token"]}`;
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (cuts) => {
        const redactor = openSecretRedactor([VALUE]);
        const shown =
          pieces(text, cuts)
            .map((piece) => redactor.write(piece))
            .join("") + redactor.end();
        expect(shown).toBe("one [redacted] two\n[redacted]\n[redacted]\nthree [redacted]");
      }),
      { numRuns: runs(300, 60) },
    );
  });

  test("is held back no longer than the limit, and nothing of it is lost", () => {
    const redactor = openSecretRedactor();
    const word = "w".repeat(MAX_HELD_CHARS * 3);
    const shown = redactor.write(word);
    expect(shown.length).toBeGreaterThanOrEqual(word.length - MAX_HELD_CHARS);
    expect(shown + redactor.end()).toBe(word);
    expect(redactor.write(`${["-----BEGIN", "RSA PRIVATE KEY-----"].join(" ")}\n${"kkkk\n".repeat(MAX_HELD_CHARS)}`)).not.toBe("");
  });

  test("of one endless word shows no credential, wherever it is and its pieces end", () => {
    for (const length of [700, MAX_HELD_CHARS / 4, 100_000])
      for (const at of [1, 3, 4, 5, 8].map((quarters) => (quarters * MAX_HELD_CHARS) / 4 - 20)) {
        const text = `${"xyz~".repeat(at / 4)}${token}${"~xyz".repeat(MAX_HELD_CHARS / 2)}`;
        const redactor = openSecretRedactor();
        let shown = "";
        for (let from = 0; from < text.length; from += length) shown += redactor.write(text.slice(from, from + length));
        shown += redactor.end();
        expect(shown.replaceAll(/(?:xyz~)+|(?:~xyz)+/g, "…")).toBe("…[redacted]…");
      }
  });

  test("of one endless word shows nothing of a credential that has a value of the job in it", () => {
    const value = "theValueOfTheJob0123";
    const credential = `${["gh", "p_"].join("")}${"a1".repeat(50)}${value}${"b2".repeat(50)}`;
    // The text is released up to the middle of the value.
    const text = `${"xyz~".repeat(MAX_HELD_CHARS / 8 - 28)}${credential}${"~xyz".repeat(MAX_HELD_CHARS / 2)}`;
    const redactor = openSecretRedactor([value]);
    const shown = redactor.write(text) + redactor.end();
    expect(shown.replaceAll(/(?:xyz~)+|(?:~xyz)+/g, "…").replaceAll(/(?:\[redacted\])+/g, "[redacted]")).toBe("…[redacted]…");
  });

  test.each(Object.entries(DISGUISES))("shows no credential %s, wherever its pieces end", (_, disguise) => {
    const text = `first line\n${disguise(token)}\nlast line\n`;
    for (const length of [1, 7, 64]) {
      const redactor = openSecretRedactor();
      let shown = "";
      for (let at = 0; at < text.length; at += length) shown += redactor.write(text.slice(at, at + length));
      shown += redactor.end();
      expect(shown).toMatch(/^first [^]{0,60}\[redacted\][^]{0,60}line\n$/);
      expect(findSecrets(shown)).toEqual([]);
    }
  });

  test("of lines shows each line at once, and a private key as one", () => {
    const lines: string[] = [];
    const redactor = openLineRedactor([], (line) => void lines.push(line));
    redactor.write(["first"]);
    expect(lines).toEqual(["first"]);
    for (const line of key.split("\n")) redactor.write([line]);
    redactor.write(["last"]);
    redactor.end();
    expect(lines).toEqual(["first", "[redacted]", "last"]);
  });

  test("of lines shows the same whether they come one at a time or together", () => {
    const text = ["first", ...key.split("\n"), "", `token ${["gh", "p_"].join("")}${"a1".repeat(18)} and more`, "last"];
    const play = (pieces: readonly (readonly string[])[]): string[] => {
      const lines: string[] = [];
      const redactor = openLineRedactor([], (line) => void lines.push(line));
      for (const piece of pieces) redactor.write(piece);
      redactor.end();
      return lines;
    };
    expect(play([text])).toEqual(["first", "[redacted]", "", "token [redacted] and more", "last"]);
    expect(play(text.map((line) => [line]))).toEqual(play([text]));
  });
});
