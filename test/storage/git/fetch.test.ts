import { expect, onTestFinished, test } from "vitest";
import { ARCHIVE_REF, ATTEMPTS_REF, toBranchRef, LEDGER_REF } from "../../../src/core/domain/refs.ts";
import { repository } from "../../support/repository.ts";

/** Creates a repository whose Enki refs have two commits each. */
const withLedger = async () => {
  const it = await repository();
  onTestFinished(it.close);
  const first = await it.commit("main", { "a.txt": "1\n" });
  const tip = await it.commit("main", { "a.txt": "2\n" });
  for (const ref of [LEDGER_REF, ARCHIVE_REF, ATTEMPTS_REF]) it.git("update-ref", ref, tip);
  it.git(
    "update-ref",
    LEDGER_REF,
    await it.commit("other", { "state.json": "1\n" }, { parents: [await it.commit("other", { "state.json": "0\n" })] }),
  );
  return { it, first, tip };
};

test("a job fetches branches with history, the current ledger only, and no archive", async () => {
  const { it, first, tip } = await withLedger();
  it.git("update-ref", "-d", toBranchRef("other"));
  const job = await it.clone();
  await job.fetchLedger();
  await job.fetchForJob([toBranchRef("main"), toBranchRef("absent"), ATTEMPTS_REF, "refs/enki/candidates/main/*"]);
  const refs = await job.refs();
  expect(Object.keys(refs).toSorted()).toEqual([ATTEMPTS_REF, LEDGER_REF, toBranchRef("main")].toSorted());
  const ledger = refs[LEDGER_REF] ?? "";
  expect(await job.history(ledger)).toHaveLength(1);
  expect((await job.readFiles(ledger)).get("state.json")?.toString()).toBe("1\n");
  expect(await job.isAncestor(first, tip)).toBe(true);
  expect(await job.history(tip)).toHaveLength(2);
});

test("a job pushes from its clone, and fetches branches without a ledger", async () => {
  const { it, tip } = await withLedger();
  const job = await it.clone();
  await job.fetchLedger();
  await job.fetchForJob([toBranchRef("main"), toBranchRef("absent"), ATTEMPTS_REF, "refs/enki/candidates/main/*"]);
  const made = await job.writeCommit({ tree: await job.writeFiles(null, new Map()), parents: [], message: "a result", at: 0 });
  expect(await job.push([{ ref: "refs/enki/results/work/abcdef-a/1", oldSha: null, newSha: made }])).toEqual({ kind: "pushed" });
  expect(it.git("rev-parse", "refs/enki/results/work/abcdef-a/1")).toBe(made);
  it.git("update-ref", "-d", LEDGER_REF);
  const other = await it.clone();
  await other.fetchLedger();
  await other.fetchForJob([toBranchRef("main")]);
  expect(await other.refs()).toMatchObject({ [toBranchRef("main")]: tip });
});
