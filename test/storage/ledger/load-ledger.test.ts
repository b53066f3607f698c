import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadJobResults } from "../../../src/storage/ledger/load-ledger.ts";
import type { JobResult } from "../../../src/core/domain/job.ts";
import { emptyLedger } from "../../../src/core/domain/ledger.ts";
import { RESULTS_PREFIX, toResultRef } from "../../../src/core/domain/refs.ts";
import { repository } from "../../support/repository.ts";

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
});
afterAll(() => repo.close());

const result: JobResult = {
  format: 2,
  job: "work/abcdef-fix/1",
  run: 1,
  baseCommit: "1".repeat(40),
  end: "unchanged",
  reason: "",
  output: "",
  artifact: null,
  outcome: null,
  answer: "",
  replies: [],
  files: [],
  tools: [],
  spent: 0,
};

test("ignores foreign objects under result refs and reads the results beside them", async () => {
  const clone = await repo.clone();
  const put = async (files: Record<string, string>): Promise<string> => {
    const tree = await clone.writeFiles(null, new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" }])));
    return clone.writeCommit({ tree, parents: [], message: "result", at: 0 });
  };
  const good = await put({ "result.json": JSON.stringify(result) });
  const git = (input: string, ...args: string[]): string =>
    execFileSync("git", args, { cwd: clone.directory, input, encoding: "utf8" }).trim();
  const other = (attempt: number) => toResultRef(`work/abcdef-fix/${attempt}`);
  const text = JSON.stringify({ ...result, job: "work/abcdef-fix/4" });
  const commit = await put({ "result.json": text });
  const link = git(`160000 commit ${"7".repeat(40)}\tresult.json\n`, "mktree", "--missing");
  const bad: readonly [string, string][] = [
    [other(2), git("no tree at all", "hash-object", "-w", "--stdin")],
    [other(3), await clone.writeCommit({ tree: link, parents: [], message: "a submodule", at: 0 })],
    [other(4), git(`object ${commit}\ntype commit\ntag x\ntagger a <a@x> 0 +0000\n\n`, "mktag")],
    [other(5), git(`100644 blob ${git("x", "hash-object", "-w", "--stdin")}\tx\n`, "mktree")],
    [other(6), await put({ "result.json/report": text })],
    [other(7), await put({ "result.json": "{" })],
    [other(8), good],
  ];
  for (const [ref, id] of [[toResultRef(result.job), good] as const, ...bad]) {
    git("", "update-ref", ref, id);
    git("", "push", "-q", repo.url, `${id}:${ref}`);
  }
  const fresh = await repo.clone();
  await fresh.fetch();
  const refs = await fresh.refs();
  expect(Object.keys(refs)).toHaveLength(8);
  const events = await loadJobResults(fresh, refs, emptyLedger);
  expect(events.filter(({ kind }) => kind === "resulted")).toEqual([{ kind: "resulted", id: `result:${good}`, commit: good, result }]);
  expect(events.flatMap((event) => (event.kind === "misplaced" ? [[event.ref, event.commit, event.job, event.fault]] : []))).toEqual(
    ["not-a-commit", "malformed", "not-a-commit", "not-a-commit", "malformed", "malformed", "other-job"].map((fault, index) => {
      const [ref = "", id = ""] = bad[index] ?? [];
      return [ref, id, ref.slice(RESULTS_PREFIX.length), fault];
    }),
  );
});
