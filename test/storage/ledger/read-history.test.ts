import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { toArchiveFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { readHistory } from "../../../src/storage/ledger/read-history.ts";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { plan, step } from "../../support/build.ts";
import { config } from "../../support/config.ts";
import { repository } from "../../support/repository.ts";
import { openStory } from "../../support/story.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

/** Creates the ledger of a request whose only step landed. */
const landed = async (): Promise<Ledger> => {
  const it = openStory({ config: config({ policy: { ...config().policy, tests: "checkpoint" } }) });
  await it.propose(plan(step("fix")));
  await it.approve();
  await it.landed("fix");
  return it.state.ledger;
};

const archive = async (files: ReadonlyMap<string, string>): Promise<string> => {
  const entries = new Map([...files].map(([path, content]) => [path, { content, mode: "100644" as const }]));
  return clone.writeCommit({ tree: await clone.writeFiles(null, entries), parents: [], message: "Archive", at: 0 });
};

test("reads how long finished steps took from the archive that Enki writes", async () => {
  const commit = await archive(toArchiveFiles(await landed(), emptyLedger));
  const { "/standard": standard, landing, ...others } = await readHistory(clone.running, commit);
  expect(standard?.ms.map((ms) => Math.round(ms / 1_000))).toEqual([30]);
  expect(standard?.usd).toEqual([]);
  expect(landing?.ms).toHaveLength(1);
  expect(others).toEqual({});
});

test("reads only the hundred newest executions, and passes over broken files", async () => {
  const files = [...toArchiveFiles(await landed(), emptyLedger)].map(([path, text]) => [path.split("/").at(-1) ?? "", text] as const);
  const many = Array.from(
    { length: 120 },
    (_, at) => `20${10 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}/abc${100 + at}`,
  );
  const all = many.flatMap((folder, at) =>
    files.map(([file, text]) => [`${folder}/${file}`, at < 20 ? text : file === "state.json" ? "{" : text] as const),
  );
  expect(await readHistory(clone.running, await archive(new Map(all)))).toEqual({});
});

test("finds nothing in an empty archive", async () => {
  expect(await readHistory(clone.running, await archive(new Map([["README.md", "x"]])))).toEqual({});
});
