import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { toMountWords } from "../../src/isolation/mount-plan.ts";
import { MOUNT_FUNCTIONS } from "../../src/isolation/mount-script.ts";

const isRoot = process.getuid?.() === 0;
const unshare = (user: boolean): string[] => [
  ...(user ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []),
  "unshare",
  ...(user || !isRoot ? ["--user", "--map-current-user", "--keep-caps"] : []),
  ..."--mount --pid --fork --kill-child --mount-proc".split(" "),
];
const hasNamespaces = spawnSync("unshare", [...unshare(false).slice(1), "true"]).status === 0;

/** Files with difficult names, and a plan that covers, shows and replaces some of them. */
const open = () => {
  // Not below /tmp, where a new directory is closed to other users.
  const root = mkdtempSync("/var/tmp/enki-mounts-");
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  const at = (name: string): string => join(root, name);
  for (const each of ["own", "hidden/other", "seen/deep", "we ird\\x\ty#"]) mkdirSync(at(each), { recursive: true });
  for (const each of ["hidden/program", "seen/deep/file", "passwd"]) writeFileSync(at(each), each);
  const plan = [
    { kind: "cover", mode: "1777", path: "/tmp" },
    { kind: "cover", mode: "0755", path: "/run" },
    { kind: "cover", mode: "1777", path: "/dev/shm" },
    { kind: "cover", mode: "0755", path: at("hidden") },
    { kind: "cover", mode: "0755", path: at("missing") },
    { kind: "ro", from: at("passwd"), path: "/etc/passwd" },
    { kind: "rw", from: at("own"), path: at("own") },
    { kind: "ro", from: at("we ird\\x\ty#"), path: at("we ird\\x\ty#") },
    { kind: "cover", mode: "0755", path: at("hidden/other") },
    { kind: "ro", from: at("hidden/program"), path: at("hidden/program") },
    { kind: "ro", from: at("seen/deep"), path: "/tmp/new/place" },
    { kind: "ro", from: at("seen/deep/file"), path: "/tmp/new/place/file" },
  ] as const;
  const run = (before: string, after: string, user = false, env: NodeJS.ProcessEnv = process.env): string => {
    const script = `${MOUNT_FUNCTIONS}\n${before}\napply_mounts "$@"\nshift $((consumed + 1))\nseal_machine all\necho "ready \${sealed:-fully} $*"\n${after}`;
    const words = [...unshare(user), "bash", "--norc", "-c", script, "test", ...toMountWords(plan), "rest"];
    const ran = spawnSync(words[0] ?? "", words.slice(1), { cwd: "/", encoding: "utf8", env });
    return ran.stdout + ran.stderr;
  };
  return { at, run };
};

/** The paths and options of all mounts, and what is in the covered directories; without the numbers of a namespace. */
const LOOK = `
while read -r _ _ _ from at options rest; do echo "$from $at $options \${rest##*- }"; done < /proc/self/mountinfo | sed 's/enki[0-9]* rw/none rw/' | sort
find /tmp /run /var/tmp/enki-mounts-* 2> /dev/null | sort
cat /etc/passwd`;
const ONE_BY_ONE = "apply_at_once() { return 1; }";

test.skipIf(!hasNamespaces)("mounts made at once are those made one by one", () => {
  const { run } = open();
  const seen = run("", LOOK);
  expect(seen).toMatch(/^ready fully rest\n/);
  expect(seen).toBe(run(ONE_BY_ONE, LOOK));
  expect(seen).toContain("/tmp/new/place/file");
  expect(seen).not.toContain("hidden/other");
});

test.skipIf(!hasNamespaces || !isRoot)("mounts of a user without rights are the same too", () => {
  const { run } = open();
  const seen = run("", LOOK, true);
  expect(seen).toMatch(/^ready \w+ rest\n/);
  expect(seen).toBe(run(ONE_BY_ONE, LOOK, true));
});

test.skipIf(!hasNamespaces)("a mount program that makes fewer mounts than asked is asked again for each", () => {
  const { at, run } = open();
  mkdirSync(at("bin"));
  // Claims success for everything at once, but makes only the first mount.
  writeFileSync(at("bin/mount"), `#!/bin/bash\ncase " $* " in *" -a "*) exit 0 ;; esac\nexec ${MOUNT} "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${at("bin")}:${process.env["PATH"] ?? ""}` };
  const without = (text: string): string => text.replaceAll(/^.*\/bin(?:\/mount)?\n/gm, "");
  expect(without(run("", LOOK, false, env))).toBe(without(run(ONE_BY_ONE, LOOK)));
});

const MOUNT = spawnSync("bash", ["-c", "command -v mount"], { encoding: "utf8" }).stdout.trim();

test.skipIf(!hasNamespaces)("nothing else is writable, and all mounts take three processes", () => {
  const { at, run } = open();
  const tries = ["/etc/x", "/tmp/new/place/x", at("hidden/program"), at("seen/x")].map(
    (path) => `(: >> '${path}') 2> /dev/null && echo "wrote ${path}"`,
  );
  const seen = run('mount() { echo "mount"; command mount "$@"; }', `${tries.join("\n")}\n: > '${at("own/x")}' && echo "wrote own"`);
  expect(seen.split("\n").filter((line) => line.startsWith("wrote"))).toEqual(["wrote own"]);
  expect(seen.split("\n").filter((line) => line === "mount").length).toBeLessThanOrEqual(3);
});
