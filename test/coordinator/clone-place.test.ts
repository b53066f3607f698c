import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claimClone, holdsRepository, readCloneId, readRepositoryFacts, toClonePlace } from "../../src/coordinator/clone-place.ts";

const open = () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-place-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const place = toClonePlace(directory, "octo/demo");
  const clone = (): void => {
    mkdirSync(place.clone, { recursive: true });
    writeFileSync(join(place.clone, "HEAD"), "ref: refs/heads/main\n");
  };
  return { directory, place, clone };
};

test("a clone counts for the repository whose number was recorded, and only once it exists", async () => {
  const { place, clone } = open();
  expect(readCloneId(place)).toBeNull();
  await claimClone(place, 7);
  expect(await holdsRepository(place, 7)).toBe(false);
  clone();
  expect([await holdsRepository(place, 7), await holdsRepository(place, 8)]).toEqual([true, false]);
});

test("the clone of an earlier repository with the same name is removed before the new one is cloned", async () => {
  const { place, clone, directory } = open();
  clone();
  // A clone from a version without recorded numbers may also belong to an earlier repository.
  await claimClone(place, 7);
  expect(existsSync(join(place.clone, "HEAD"))).toBe(false);
  clone();
  await claimClone(place, 7);
  expect(existsSync(join(place.clone, "HEAD"))).toBe(true);
  await claimClone(place, 8);
  expect(readdirSync(join(directory, "octo"))).toEqual(["demo.id"]);
  expect(readCloneId(place)).toBe(8);
});

test("a damaged record counts as none", async () => {
  const { place } = open();
  await claimClone(place, 7);
  for (const text of ["", "7 ", "-1", "1e3", "9".repeat(16)]) {
    writeFileSync(place.idFile, text);
    expect([text, readCloneId(place)]).toEqual([text, null]);
  }
});

test("facts that GitHub does not show, or in another form, are none", async () => {
  const answer = (data: unknown) => ({ request: () => Promise.resolve({ status: 200, headers: {}, data }) });
  expect(await readRepositoryFacts(answer({ id: 7, default_branch: "trunk" }), "octo/demo")).toEqual({ id: 7, defaultBranch: "trunk" });
  expect(await readRepositoryFacts(answer({ message: "moved" }), "octo/demo")).toBeNull();
  expect(await readRepositoryFacts({ request: () => Promise.reject(new Error("unreachable")) }, "octo/demo")).toBeNull();
});
