import type { GitHubComment } from "../../src/core/domain/github-facts.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedgerRebuild } from "../../src/coordinator/rebuild-ledger.ts";
import { loadLedger } from "../../src/storage/ledger/load-ledger.ts";
import { deriveExecutionId, type Sha } from "../../src/core/domain/ids.ts";
import { toBranchRef, LEDGER_REF, toTaskRef } from "../../src/core/domain/refs.ts";
import { writeMarker } from "../../src/core/messages/comment-marker.ts";
import { memoryGitHub } from "../support/memory-github.ts";
import { repository } from "../support/repository.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const ID = deriveExecutionId("comment:1", () => false);
const OVER = deriveExecutionId("comment:2", () => false);

let repo: Awaited<ReturnType<typeof repository>>;
beforeAll(async () => {
  repo = await repository();
  const base = await repo.commit("main", { "a.txt": "1" });
  const land = async (onto: Sha, execution: string, branch: string): Promise<Sha> => {
    const head = await repo.commit(`task/${execution}-fix`, { "fix.txt": execution }, { parents: [onto] });
    const clone = await repo.clone();
    await clone.fetch();
    const message = `Do fix\n\nEnki-Task: ${execution}-fix\nEnki-Execution: ${execution}\nEnki-Head: ${head}`;
    const merge = await clone.writeCommit({ tree: await clone.writeFiles(head, new Map()), parents: [onto, head], message, at: NOW });
    const from = (await clone.refs())[toBranchRef(branch)] ?? null;
    await clone.push([{ ref: toBranchRef(branch), oldSha: from, newSha: merge }]);
    return merge;
  };
  const first = await land(base, ID, "main");
  await land(first, OVER, "release");
  await repo.commit(`task/${ID}-next`, { "next.txt": "1" }, { parents: [first] });
});
afterAll(() => repo.close());

const said = (over: Partial<GitHubComment>): GitHubComment => ({
  id: 0,
  issue: 7,
  onPull: false,
  by: "maintainer",
  bot: false,
  body: "",
  created: NOW - 60_000,
  updated: NOW - 60_000,
  ...over,
});
const told = (id: string, headline: string, over: Partial<GitHubComment> = {}): GitHubComment =>
  said({ by: "enki[bot]", bot: true, body: `${writeMarker({ kind: "execution", id })}\n\n### ${headline}`, ...over });

const COMMENTS = [
  said({ id: 1, body: "/enki fix the limit", created: NOW - 90_000, updated: NOW - 90_000 }),
  said({ id: 2, body: "/enki fix the rest", issue: 8, created: NOW - 80_000, updated: NOW - 80_000 }),
  told(ID, "Running: 1 of 2 steps done", { id: 3 }),
  told(OVER, "Done: everything landed", { id: 4, issue: 8 }),
  said({ id: 5, body: "/enki fix something new", created: NOW - 1_000, updated: NOW - 1_000 }),
];

const open = async (comments: readonly GitHubComment[]) => {
  const clone = await repo.clone();
  await clone.fetch();
  const { github, state } = memoryGitHub(
    () => null,
    () => false,
  );
  state.comments = [...comments];
  const log: string[] = [];
  const rebuilding = {
    clone,
    github,
    botLogin: "enki[bot]",
    defaultBranch: "main",
    now: () => NOW,
    nonce: () => clone.directory,
    log: (line: string) => void log.push(line),
  };
  return { clone, rebuilding, state, rebuild: openLedgerRebuild(rebuilding) };
};

test("starts empty in a copy of a repository, which has landings but no comment by Enki", async () => {
  const { clone, state, rebuild } = await open(COMMENTS.filter(({ bot }) => !bot));
  expect(await rebuild(await clone.refs())).toBe(false);
  await clone.fetch();
  const refs = await clone.refs();
  expect(refs[LEDGER_REF]).toBeUndefined();
  const asked = state.sent;
  expect(await rebuild(refs)).toBe(false);
  expect(state.sent).toBe(asked);
  // Enki searches again after a ledger has appeared and disappeared.
  await rebuild({ ...refs, [LEDGER_REF]: "a".repeat(40) });
  await rebuild(refs);
  expect(state.sent).toBeGreaterThan(asked);
});

test("asks once for the landings of all branches of a copy, however many it has", async () => {
  const { clone, rebuilding } = await open(COMMENTS.filter(({ bot }) => !bot));
  const refs = await clone.refs();
  const calls: string[] = [];
  const counted = {
    ...clone,
    hasCommitWith: (start: string, tips: readonly Sha[]) => {
      calls.push(`has ${tips.length}`);
      return clone.hasCommitWith(start, tips);
    },
    commitsWith: () => Promise.reject(new Error("a branch was read")),
  };
  expect(await openLedgerRebuild({ ...rebuilding, clone: counted })(refs)).toBe(false);
  expect(calls).toEqual(["has 2"]);
  expect(await clone.hasCommitWith("Enki-Other: ", [refs[toBranchRef("main")] ?? ""])).toBe(false);
  expect(await clone.hasCommitWith("Enki-Task: ", [])).toBe(false);
});

test("writes nothing while comments are unreadable, because work could be repeated", async () => {
  const { clone, rebuilding } = await open(COMMENTS);
  const { github } = rebuilding;
  const later = { ok: false as const, failure: { kind: "later" as const, retryAt: NOW, reason: "502", unclear: true } };
  const deaf = { ...rebuilding, github: { ...github, issues: { ...github.issues, commentsSince: () => Promise.resolve(later) } } };
  await expect(openLedgerRebuild(deaf)(await clone.refs())).rejects.toThrow("502");
  await clone.fetch();
  expect((await clone.refs())[LEDGER_REF]).toBeUndefined();
});

test("knows landed work on each base, drops work in progress, and keeps requests after Enki's last comment", async () => {
  const [one, two] = [await open(COMMENTS), await open(COMMENTS)];
  // The second process finds the ledger of the first.
  const missing = await one.clone.refs();
  expect(await Promise.all([one.rebuild(missing), two.rebuild(missing)])).toEqual([true, true]);
  const read = async ({ clone }: typeof one) => {
    await clone.fetch();
    return loadLedger(clone, await clone.refs());
  };
  const { ledger, head } = await read(one);
  expect((await read(two)).head).toBe(head);

  const { [ID]: lost, [OVER]: over } = ledger.executions;
  expect(lost).toMatchObject({ state: "cancelled", issue: 7, requestedBy: "maintainer", request: "the limit", baseBranch: "main" });
  expect(lost?.steps["fix"]).toMatchObject({ state: "done", landed: { at: NOW } });
  expect(lost?.steps["next"]).toMatchObject({ state: "cancelled", landed: null });
  expect(lost?.refusal?.message).toContain(toTaskRef(`${ID}-next`).replace("refs/heads/", ""));
  expect(over).toMatchObject({ state: "done", issue: 8, baseBranch: "release", refusal: null });
  expect(Object.keys(ledger.queues).toSorted()).toEqual(["main", "release"]);
  expect(ledger.queues["main"]?.landedTip).toBe(lost?.steps["fix"]?.landed?.commit);
  expect(Object.keys(ledger.handledEvents).toSorted()).toEqual(["comment:1", "comment:2"]);
  expect(ledger.cursor).toBe(NOW - 60_000);
  expect(Object.values(ledger.outbox)).toMatchObject([{ kind: "write-comment", issue: 7 }]);
});

test("does not answer again what people said about lost work after Enki's last comment", async () => {
  const late = { created: NOW - 500, updated: NOW - 500 };
  const one = await open([
    ...COMMENTS,
    said({ id: 6, body: `/enki approve ${"a".repeat(12)}`, ...late }),
    said({ id: 7, body: "/enki retry\n\n/enki fix one more thing", ...late }),
    said({ id: 8, body: "/enki status", ...late }),
  ]);
  const known = (await one.clone.refs())[LEDGER_REF];
  if (known !== undefined) await one.clone.push([{ ref: LEDGER_REF, oldSha: known, newSha: null }]);
  expect(await one.rebuild(await one.clone.refs())).toBe(true);
  await one.clone.fetch();
  const { ledger } = await loadLedger(one.clone, await one.clone.refs());
  expect(Object.keys(ledger.handledEvents).toSorted()).toEqual(["comment:1", "comment:2", "comment:6"]);
});

test("recognises requests by issue text, label or assignment and does not repeat them", async () => {
  const by = { issue: 7, by: "maintainer", bot: false, onPull: false };
  const text = {
    ...by,
    labels: [],
    assignees: [],
    open: true,
    title: "Uploads fail",
    body: "/enki fix",
    comments: 1,
    created: NOW - 90_000,
    updated: NOW - 90_000,
  };
  const change = { ...by, label: null, assignee: null, at: NOW - 90_000 };
  const changes = [
    { ...change, id: 11, action: "labeled", label: "enki" },
    { ...change, id: 12, action: "assigned", assignee: "enki[bot]" },
    { ...change, id: 13, action: "closed" },
  ];
  for (const event of ["issue:7", "label:7/11", "assignment:7/12"]) {
    const id = deriveExecutionId(event, () => false);
    const { clone, state, rebuild } = await open([told(id, "Running: 1 of 2 steps done", { id: 3 })]);
    state.created = [text];
    state.changes = changes;
    const known = (await clone.refs())[LEDGER_REF];
    if (known !== undefined) await clone.push([{ ref: LEDGER_REF, oldSha: known, newSha: null }]);
    expect(await rebuild(await clone.refs())).toBe(true);
    await clone.fetch();
    const { ledger } = await loadLedger(clone, await clone.refs());
    expect(ledger.executions[id]).toMatchObject({ requestedBy: "maintainer", request: "Fix this issue", state: "cancelled" });
    expect(Object.keys(ledger.handledEvents).sort()).toEqual(["assignment:7/12", "issue:7", "label:7/11"]);
  }
});

test("recognises squashed work by its trailers and rebased work by a worker's commit on the base's first-parent line", async () => {
  const own = await repository();
  try {
    const base = await own.commit("main", { "a.txt": "1" });
    const clone = await own.clone();
    await clone.fetch();
    const write = async (onto: Sha, path: string, message: string): Promise<Sha> => {
      const tree = await clone.writeFiles(onto, new Map([[path, { content: path, mode: "100644" as const }]]));
      return clone.writeCommit({ tree, parents: [onto], message, at: NOW });
    };
    const head = "b".repeat(40);
    const trailers = `Enki-Task: ${ID}-fix\nEnki-Execution: ${ID}\nEnki-Head: ${head}\n\nCo-authored-by: Ada <ada@example.invalid>`;
    const squash = await write(base, "fix.txt", `Do fix (#7)\n\n${trailers}`);
    const rebase = await write(squash, "more.txt", `Do more\n\nEnki-Task: ${ID}-more`);
    await clone.push([{ ref: toBranchRef("main"), oldSha: base, newSha: rebase }]);
    const { rebuilding } = await open([told(ID, "Running: 1 of 2 steps done", { id: 3 })]);
    await clone.fetch();
    expect(await openLedgerRebuild({ ...rebuilding, clone })(await clone.refs())).toBe(true);
    await clone.fetch();
    const { ledger } = await loadLedger(clone, await clone.refs());
    const steps = ledger.executions[ID]?.steps;
    expect(steps?.["fix"]).toMatchObject({ state: "done", landed: { commit: squash }, head: { sha: head } });
    expect(steps?.["more"]).toMatchObject({ state: "done", landed: { commit: rebase } });
    const plan = ledger.plans[ledger.executions[ID]?.plan ?? ""];
    expect(plan?.steps.map(({ title }) => title)).toEqual(["Do fix", "Do more"]);
  } finally {
    own.close();
  }
});
