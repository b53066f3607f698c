import { expect, test } from "vitest";
import { toArchiveFiles, toLedgerFiles, readLedger } from "../../../src/storage/ledger/ledger-files.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../conformance/story.ts";

const read = (files: ReadonlyMap<string, string | null>): Ledger => {
  const there = [...files].flatMap(([path, text]) => (text === null ? [] : [[path, Buffer.from(text)] as const]));
  const ledger = readLedger(new Map(there));
  if (!ledger.ok) throw new Error(ledger.refusal.message);
  return ledger.value;
};

const withAnswer = async () => {
  const story = openStory();
  await story.run(plan(step("fix"), step("docs", { optional: true })));
  await story.end(`work/${story.execution().id}-fix`, { end: "success", answer: "All of it.\n\n[OUTPUT]\nIt is 10.\n[/OUTPUT]" });
  return story;
};

test("stores an agent's answer as a file and archives it with its execution", async () => {
  const story = await withAnswer();
  const { id } = story.execution();
  const files = toLedgerFiles(null, story.ledger());
  expect(files.get(`answers/${id}/fix.md`)).toBe("All of it.\n\n[OUTPUT]\nIt is 10.\n[/OUTPUT]");
  expect(read(files)).toEqual(story.ledger());
  const archived = [...toArchiveFiles(story.ledger(), emptyLedger)].filter(([path]) => path.endsWith(`${id}/answers/fix.md`));
  expect(archived).toHaveLength(1);
});

test("reads an earlier ledger without answers and optional steps", async () => {
  const story = await withAnswer();
  const files = new Map(
    [...toLedgerFiles(null, story.ledger())]
      .filter(([path]) => !path.startsWith("answers/"))
      .map(
        ([path, text]) => [path, /plan-/.test(path) ? (text?.replaceAll(/,\s*"optional": (?:true|false)/g, "") ?? null) : text] as const,
      ),
  );
  const old = read(files);
  expect(old.answers).toEqual({});
  expect(Object.values(old.plans).flatMap(({ steps }) => steps.map(({ optional }) => optional))).toEqual([false, false]);
});
