import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listHomeDirectories } from "../../src/isolation/home-directories.ts";

test("the homes of all people are hidden, not only that of HOME, which sudo changes", () => {
  const people = mkdtempSync(join(tmpdir(), "enki-homes-"));
  onTestFinished(() => rmSync(people, { recursive: true, force: true }));
  for (const name of ["ada", "runner"]) mkdirSync(join(people, name));
  writeFileSync(join(people, "file"), "");
  symlinkSync("/usr", join(people, "link"));
  const homes = listHomeDirectories({ HOME: "/somewhere" }, people);
  expect(homes).toEqual(expect.arrayContaining(["/somewhere", "/root", join(people, "ada"), join(people, "runner")]));
  expect(homes.filter((home) => home.startsWith(people))).toHaveLength(2);
  for (const none of ["", "/"]) expect(listHomeDirectories({ HOME: none }, join(people, "missing"))).not.toContain(none);
});
