import { expect, test } from "vitest";
import { connectGitHub } from "../../src/github/connect-github.ts";
import { type Query, toQueryKey } from "../../src/core/domain/query.ts";
import { answerQueries, type CommitQueries } from "../../src/coordinator/answer-queries.ts";
import { ownRun } from "../support/build.ts";
import { type Fate, memoryGitHub } from "./memory-github.ts";

const NOW = 1_000_000;
const [one, two] = ["1".repeat(40), "2".repeat(40)];

/** Git as arithmetic; test/storage/git covers the results of a real clone. */
const git: CommitQueries = {
  textAt: () => Promise.resolve(null),
  work: ({ result }) => Promise.resolve({ kind: "commit", commit: result }),
  resultFiles: () => Promise.resolve(null),
  history: () => Promise.resolve({ command: { ms: [1], usd: [] } }),
  landedArchive: () => Promise.resolve([]),
  tampering: () => Promise.resolve([{ path: "a.test.js", kind: "deleted" }]),
  trial: ({ head, onto }) => Promise.resolve({ kind: "commit", commit: head, onto: onto[0] ?? head }),
  rebase: ({ head }) => Promise.resolve({ kind: "commit", commit: head }),
  newestBase: ({ tip }) => Promise.resolve(tip),
  mergeChain: ({ merges }) => Promise.resolve(merges.map(({ head }) => ({ kind: "merged" as const, commit: head, tree: head }))),
  conflicts: () => Promise.resolve([{ path: "a.txt", kind: "contents" }]),
  resolution: ({ result }) => Promise.resolve({ kind: "commit", commit: result }),
  archived: (execution) => Promise.resolve(execution === "abcdef" ? { fix: "done" } : null),
  workflowFiles: () => Promise.resolve([]),
  mergeOf: () => Promise.resolve(null),
  reattach: ({ head }) => Promise.resolve({ kind: "commit", commit: head }),
  revert: () => Promise.resolve(null),
  landingRevert: ({ onto }) => Promise.resolve({ kind: "commit", commit: "3333", parent: onto }),
  isAncestor: (commit, tip) => Promise.resolve(commit < tip),
  pullHead: (pull) => Promise.resolve(pull === 7 ? "7777" : null),
};

const open = (fate?: (route: string) => Fate) => {
  const { octokit, state } = memoryGitHub(fate);
  const github = connectGitHub({ octokit, owner: "octo", repo: "demo", clock: () => NOW });
  const told: [Query, string][] = [];
  const refused = (query: Query, why: string): void => void told.push([query, why]);
  return {
    state,
    told,
    read: (queries: readonly Query[]) => answerQueries(queries, { github, git, botLogin: "enki[bot]", reportRefused: refused }),
  };
};

const facts = async (reading: ReturnType<ReturnType<typeof open>["read"]>): Promise<ReadonlyMap<string, { readonly answer: unknown }>> => {
  const read = await reading;
  if ("kind" in read) throw new Error(`not read: ${read.reason}`);
  return read;
};

test("stores the answer to each query under its key", async () => {
  const { state, read } = open();
  state.runs.push({ id: 3, name: "plan/abc123/1", status: "completed", conclusion: "success" });
  state.permissions["ann"] = "maintain";
  const queries: readonly Query[] = [
    { kind: "permission", login: "ann" },
    { kind: "reviews", pull: 9 },
    { kind: "pulls" },
    { kind: "runs" },
    { kind: "work", result: one, baseCommit: two, onto: two, message: "" },
    { kind: "rebase-commits", head: one, forkPoint: two, onto: two, message: "" },
    { kind: "newest-base", head: one, tip: two, abandonedTips: [] },
    { kind: "tampering", head: one, onto: [two] },
    { kind: "trial", head: one, onto: [two], paths: ["a.test.js"], message: "try" },
    { kind: "history", archive: one },
    { kind: "landed-archive", archive: one, issue: 1, names: [] },
    { kind: "merge-chain", onto: one, merges: [{ task: "abc123-one", head: two, message: "", needs: [] }] },
    { kind: "conflicts", onto: one, head: two },
    { kind: "resolution", result: one, onto: one, head: two, regenerated: [], message: "" },
    { kind: "archived", execution: "abcdef" },
    { kind: "contains", commit: two, tip: one },
  ];
  const read_ = await facts(read(queries));
  expect(queries.map((query) => read_.get(toQueryKey(query))?.answer)).toEqual([
    "write",
    [],
    [],
    [ownRun(3, "plan/abc123/1", { state: "done", conclusion: "success" })],
    { kind: "commit", commit: one },
    { kind: "commit", commit: one },
    two,
    [{ path: "a.test.js", kind: "deleted" }],
    { kind: "commit", commit: one, onto: two },
    { command: { ms: [1], usd: [] } },
    [],
    [{ kind: "merged", commit: two, tree: two }],
    [{ path: "a.txt", kind: "contents" }],
    { kind: "commit", commit: one },
    { fix: "done" },
    false,
  ]);
});

test("reads a repeated query once", async () => {
  const { state, read } = open();
  await facts(read([{ kind: "pulls" }, { kind: "pulls" }, { kind: "runs" }]));
  expect(state.sent.length).toBe(2);
});

test("returns a retry time for a temporary failure", async () => {
  const { read } = open((route) => (route.endsWith("/pulls") ? "lost" : "answered"));
  expect(await read([{ kind: "runs" }, { kind: "pulls" }])).toMatchObject({
    kind: "later",
    retryAt: NOW + 5_000,
    reason: "socket hang up",
  });
});

test("returns GitHub's message for a refused query and still answers the others", async () => {
  const { state, read, told } = open((route) => (/reviews|permission|pulls$/.test(route) ? "refused" : "answered"));
  state.runs.push({ id: 3, name: "plan/abc123/1", status: "completed", conclusion: "success" });
  const queries: readonly Query[] = [
    { kind: "reviews", pull: 9 },
    { kind: "permission", login: "ann" },
    { kind: "pulls" },
    { kind: "runs" },
  ];
  const read_ = await facts(read(queries));
  expect(queries.map((query) => read_.get(toQueryKey(query))?.answer)).toEqual([[], "none", [], [expect.objectContaining({ id: 3 })]]);
  expect(told).toEqual(queries.slice(0, 3).map((query) => [query, "Resource not accessible by integration"]));
});

test("asks GitHub nothing more after a failure", async () => {
  const { state, read } = open(() => "lost");
  await read([{ kind: "runs" }, { kind: "pulls" }, { kind: "permission", login: "ann" }]);
  expect(state.sent.length).toBe(1);
});

test("throws on an error of git instead of answering", async () => {
  const { octokit } = memoryGitHub();
  const github = connectGitHub({ octokit, owner: "octo", repo: "demo", clock: () => NOW });
  const broken: CommitQueries = { ...git, isAncestor: () => Promise.reject(new Error("bad object")) };
  await expect(
    answerQueries([{ kind: "contains", commit: one, tip: two }], {
      github,
      git: broken,
      botLogin: "enki[bot]",
      reportRefused: () => undefined,
    }),
  ).rejects.toThrow("bad object");
});
