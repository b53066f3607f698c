import { afterAll, beforeAll, expect, test } from "vitest";
import { emptyLedger } from "../../../src/core/domain/ledger.ts";
import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import { toArchiveFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { readLandedArchive } from "../../../src/storage/ledger/read-landed-archive.ts";
import { plan, step } from "../../support/build.ts";
import { repository } from "../../support/repository.ts";
import { openStory } from "../../support/story.ts";

let repo: Awaited<ReturnType<typeof repository>>;
let clone: RepositoryClone;
beforeAll(async () => {
  repo = await repository();
  clone = await repo.clone();
});
afterAll(() => repo.close());

test("reads archived executions that landed work and concern a command, with their plans, oldest first, and passes over broken files", async () => {
  const it = openStory();
  for (const [issue, isLanded] of [
    [1, true],
    [2, false],
    [3, true],
  ] as const) {
    it.state.now += 1_000;
    await it.propose(plan(step("fix")), issue);
    await it.approve(issue);
    if (isLanded) await it.landed("fix");
    else await it.say(issue, { kind: "cancel", target: null });
  }
  await it.propose(plan(step("fix")), 4);
  await it.approve(4);
  await it.landed("fix");
  const [first, , third, fourth] = Object.values(it.state.ledger.executions);
  const files = [
    ...toArchiveFiles(it.state.ledger, emptyLedger),
    ["2020-01/abcdef/state.json", "{"],
    ["2020-01/abcdef/plan-1.json", "{}"],
  ] as const;
  const entries = new Map(files.map(([path = "", content = ""]) => [path, { content, mode: "100644" as const }]));
  const archive = await clone.writeCommit({ tree: await clone.writeFiles(null, entries), parents: [], message: "Archive", at: 0 });
  const names = [first, third].map((each) => each?.id.slice(0, 5) ?? "");
  const read = await readLandedArchive(clone.running, { archive, issue: 2, names });
  expect(read.map(({ execution }) => execution)).toEqual([first, third]);
  const fourths = await readLandedArchive(clone.running, { archive, issue: 4, names: [] });
  expect(fourths.map(({ execution }) => execution)).toEqual([fourth]);
  expect(read.map(({ plan: { steps } }) => steps.map(({ id }) => id))).toEqual([["fix"], ["fix"]]);
});
