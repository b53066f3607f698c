import { describe, expect, test } from "vitest";
import { type BundleFile, type BundleRules, checkBundle } from "../../../src/core/policy/check-bundle.ts";
import { listProtectedGlobs } from "../../../src/core/policy/protected-paths.ts";
import { redactSecrets } from "../../../src/core/policy/secrets.ts";

const file = (path: string, over: Partial<BundleFile> = {}): BundleFile => ({
  path,
  kind: "file",
  executable: false,
  size: 10,
  text: "text\n",
  ...over,
});
const rules: BundleRules = {
  protected: ["deploy/**"],
  anyLockFiles: false,
  allowed: [],
  maxFiles: 1_000,
  maxBytes: 10_000,
  resolving: false,
};
const code = (files: BundleFile[], over: Partial<BundleRules> = {}): string => {
  const result = checkBundle(files, { ...rules, ...over });
  return result.ok ? "accepted" : result.refusal.code;
};

describe("B-19 a bundle", () => {
  test.each([
    ["a file", "src/a.ts", "accepted"],
    ["a file in a hidden folder", ".github/ISSUE_TEMPLATE/bug.md", "accepted"],
    ["a path out of the tree", "../a", "bad-path"],
    ["a path out of the tree, later", "a/../../b", "bad-path"],
    ["an absolute path", "/etc/passwd", "bad-path"],
    ["a drive", "C:/x", "bad-path"],
    ["a backslash", "a\\..\\b", "bad-path"],
    ["a NUL", "a\u0000b", "bad-path"],
    ["git's directory", ".git/config", "bad-path"],
    ["git's directory, deeper", "a/.git/hooks/pre-commit", "bad-path"],
    ["git's directory in another case", ".GIT/config", "bad-path"],
    ["git's short name", "git~1/config", "bad-path"],
    ["git's directory with a trailing dot", ".git./config", "bad-path"],
    ["git's directory with an invisible character", ".g\u200cit/config", "bad-path"],
    ["git's directory as a stream", ".git::$INDEX_ALLOCATION/config", "bad-path"],
    ["git's directory in wide letters", ".\uff47\uff49\uff54/config", "bad-path"],
    ["a line of its own", "a\nb", "bad-path"],
    ["half a character", "a\ud800", "bad-path"],
    ["more characters than a path may have", "a/".repeat(600), "bad-path"],
    ["a workflow file", ".github/workflows/ci.yml", "protected-path"],
    ["a workflow file in another case", ".GitHub/Workflows/ci.yml", "protected-path"],
    ["Enki's own configuration", ".enki/enki.toml", "protected-path"],
    ["submodules", "lib/.gitmodules", "protected-path"],
    ["a protected path", "deploy/prod/x", "protected-path"],
  ])("with %s", (_, path, expected) => {
    expect(code([file(path)])).toBe(expected);
  });

  test.each([
    ["a lock file alone", ["package-lock.json"], {}, "protected-path"],
    ["a lock file with a manifest elsewhere", ["a/Cargo.lock", "b/Cargo.toml"], {}, "protected-path"],
    ["a lock file with its manifest", ["package-lock.json", "package.json"], {}, "accepted"],
    ["a lock file with the manifest of a package below", ["pnpm-lock.yaml", "packages/a/package.json"], {}, "accepted"],
    ["a lock file alone that the configuration allows", ["go.sum"], { anyLockFiles: true }, "accepted"],
    ["a lock file alone in a resolution", ["yarn.lock"], { resolving: true }, "accepted"],
    ["a lock file in another case", ["Package-Lock.JSON"], {}, "protected-path"],
  ])("with %s", (_, paths, over, expected) => {
    expect(
      code(
        paths.map((path) => file(path)),
        over,
      ),
    ).toBe(expected);
  });

  test("of a protected file says what a person can do", () => {
    const refusedFor = (path: string) => {
      const result = checkBundle([file(path)], {
        ...rules,
        protected: [...listProtectedGlobs({ protected: ["deploy/**"], unprotected: [] })],
      });
      return result.ok ? "" : result.refusal.message;
    };
    expect(refusedFor("docs/AGENTS.md")).toBe(
      '"docs/AGENTS.md" is protected: no step may change it. To allow it, set `unprotected = ["agents"]` in `[policy]` of `.enki/enki.toml`.',
    );
    expect(refusedFor("deploy/x")).toBe(
      '"deploy/x" is protected: no step may change it. To allow it, remove `deploy/**` from `[policy] protected`.',
    );
    expect(refusedFor(".github/workflows/ci.yml")).toBe('".github/workflows/ci.yml" is protected: no step may change it.');
  });

  test.each([
    ["a symbolic link", [file("a", { kind: "link" })], {}, "not-a-file"],
    ["a submodule", [file("a", { kind: "other" })], {}, "not-a-file"],
    ["10,000 files", Array.from({ length: 10_000 }, (_, at) => file(`f${at}`)), {}, "too-many-files"],
    ["too many bytes", [file("a", { size: 10_001 })], {}, "too-large"],
    ["two names that differ in case", [file("Readme"), file("README")], {}, "same-path"],
    ["a deleted workflow file", [file(".github/workflows/ci.yml", { kind: "deleted", text: null })], {}, "protected-path"],
    ["a path that its step may not change", [file("src/a")], { allowed: ["docs/**"] }, "outside-paths"],
    ["a path that its step may change", [file("docs/a/b.md")], { allowed: ["docs/**"] }, "accepted"],
    ["a private key", [file("a", { text: ["-----BEGIN", "RSA PRIVATE KEY-----"].join(" ") })], {}, "secret"],
    ["a conflict marker in a resolution", [file("a", { text: "x\n<<<<<<< ours\ny\n" })], { resolving: true }, "conflict-marker"],
    ["a heading that looks like one elsewhere", [file("a.md", { text: "Title\n=======\n" })], {}, "accepted"],
  ])("with %s", (_, files, over, expected) => {
    expect(code(files, over)).toBe(expected);
  });
});

test("credentials and known values are redacted", () => {
  expect(redactSecrets(`token ghp_${"a".repeat(36)} and hunter2hunter2`, ["hunter2hunter2"])).toBe("token [redacted] and [redacted]");
});

describe("a refusal does not repeat a credential that is in the name of a file", () => {
  const token = ["gh", "p_", "a1B2".repeat(9)].join("");
  const path = `notes/${token}.md`;
  test.each<[string, BundleFile[], Partial<BundleRules>]>([
    ["of a path outside", [file(`../${path}`)], {}],
    ["of a protected path", [file(`deploy/${path}`)], {}],
    ["of a path that its step may not change", [file(path)], { allowed: ["docs/**"] }],
    ["of a link", [file(path, { kind: "link" })], {}],
    ["of a doubled path", [file(path), file(path)], {}],
    ["of a file and a folder", [file(path), file(`${path}/a`)], {}],
    ["of conflict markers", [file(path, { text: "<<<<<<< a\n" })], { resolving: true, pathsWithMarkers: [path] }],
    ["of a lone lock file", [file(`${token}/package-lock.json`)], {}],
    ["of a credential behind a long folder", [file(`../${"a/".repeat(90)}${token}`)], {}],
  ])("%s", (_, files, over) => {
    const result = checkBundle(files, { ...rules, ...over });
    expect(result.ok ? "accepted" : result.refusal.message).not.toContain(token.slice(0, 12));
    expect(result.ok).toBe(false);
  });
});
