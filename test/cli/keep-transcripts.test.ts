import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { emptyLedger } from "../../src/core/domain/ledger.ts";
import { keepTranscripts } from "../../src/cli/kept-transcripts.ts";

const open = () => {
  const root = mkdtempSync(join(tmpdir(), "enki-kept-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const repository = join(root, "own");
  for (const folder of ["own/.git", "elsewhere", "artifacts/7/enki-bundle"]) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "artifacts/7/enki-bundle/transcript.md"), "What it said.\n");
  const effectRecords = { "start-job:work/abcdef-fix/1": { at: 0, attempts: 1, notBefore: 0, refused: null, number: 7, digest: null } };
  const keep = () =>
    keepTranscripts({ repository, artifacts: join(root, "artifacts"), ledger: { ...emptyLedger, effectRecords }, execution: "abcdef" });
  return { repository, elsewhere: join(root, "elsewhere"), keep };
};

test.each([".enki", ".enki/runs", ".enki/runs/abcdef"])("a link in the place of %s is not followed", async (link) => {
  const { repository, elsewhere, keep } = open();
  mkdirSync(join(repository, link, ".."), { recursive: true });
  symlinkSync(elsewhere, join(repository, link));
  await keep();
  expect(readdirSync(elsewhere)).toEqual([]);
});

test("a link in the place of the ignored files' list is not written through", async () => {
  const { repository, elsewhere, keep } = open();
  mkdirSync(join(repository, ".enki/runs"), { recursive: true });
  writeFileSync(join(elsewhere, "profile"), "untouched\n");
  symlinkSync(join(elsewhere, "profile"), join(repository, ".enki/runs/.gitignore"));
  await keep();
  expect(readFileSync(join(elsewhere, "profile"), "utf8")).toBe("untouched\n");
});

test("a transcript is kept once, and nothing else is left beside it", async () => {
  const { repository, keep } = open();
  await keep();
  await keep();
  expect(readdirSync(join(repository, ".enki/runs/abcdef"))).toEqual(["fix-1.md"]);
});
