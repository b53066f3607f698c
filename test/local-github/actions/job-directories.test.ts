import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { removeJobDirectories } from "../../../src/local-github/actions/job-directories.ts";

const openRoot = (): string => {
  const parent = realpathSync(mkdtempSync(join(tmpdir(), "enki-directories-")));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const root = join(parent, "job");
  mkdirSync(root);
  return root;
};

test("the directories of a job are removed although nobody may enter them", async () => {
  const root = openRoot();
  mkdirSync(join(root, "closed"));
  writeFileSync(join(root, "closed", "file"), "");
  chmodSync(join(root, "closed"), 0o000);
  await removeJobDirectories(root);
  expect(existsSync(root)).toBe(false);
});

test("the directories of a job are removed although an agent made a path that is too long for the system", async () => {
  const root = openRoot();
  const name = "d".repeat(200);
  execFileSync("bash", ["-c", `for ((at = 0; at < 30; at++)); do mkdir ${name} && cd -P ${name}; done; echo x > file`], { cwd: root });
  await removeJobDirectories(root);
  expect(existsSync(root)).toBe(false);
});
