import type { GitHubComment, IssueChange } from "../../src/core/domain/github-facts.ts";
import { expect, test } from "vitest";
import type { GitHubFailure, ListedIssue } from "../../src/github/github-ports.ts";
import type { LineComment } from "../../src/core/domain/line-comment.ts";
import { openRepositorySweep } from "../../src/coordinator/repository-sweep.ts";
import { memoryGitHub } from "../support/memory-github.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const SELF = "enki[bot]";

const issue = (number: number, over: Partial<ListedIssue> = {}): ListedIssue => ({
  issue: number,
  title: "Uploads fail",
  body: "Always.",
  by: "maintainer",
  bot: false,
  onPull: false,
  comments: 0,
  labels: [],
  assignees: [],
  open: true,
  created: NOW,
  updated: NOW,
  ...over,
});
const change = (id: number, over: Partial<IssueChange> = {}): IssueChange => ({
  id,
  issue: 7,
  onPull: false,
  action: "labeled",
  by: "maintainer",
  bot: false,
  label: "enki",
  assignee: null,
  at: NOW,
  ...over,
});

const open = (created: readonly ListedIssue[], changes: readonly IssueChange[] = []) => {
  const { github, state } = memoryGitHub(
    () => null,
    () => false,
  );
  state.created = [...created];
  state.changes = [...changes];
  const log: string[] = [];
  const sweep = openRepositorySweep({ github, botLogin: SELF, now: () => NOW, log: (line) => void log.push(line) });
  const swept = async (label = "enki") => {
    const events = await sweep({ ledger: { cursor: NOW - 60_000 }, config: { triggers: { label } } });
    return events.map((event) => ("id" in event ? event.id : event.kind));
  };
  return { github, state, log, swept };
};

test("requests of a sweep: two without news, one more for labels, two more for pull requests", async () => {
  for (const [given, requests] of [
    [[], 2],
    [[issue(7)], 2],
    [[issue(7, { labels: ["enki"] })], 3],
    [[issue(7, { updated: NOW + 60_000 })], 3],
    [[issue(8, { onPull: true })], 2],
    [[issue(8, { onPull: true, updated: NOW + 1_000 })], 4],
  ] as const) {
    const { state, swept } = open(given);
    expect(await swept()).toEqual(["swept"]);
    expect([given, state.sent]).toEqual([given, requests]);
  }
});

test("finds texts, labels and assignments, but not those of bots, pull requests or other labels", async () => {
  const { swept } = open(
    [
      issue(7, { body: "/enki fix", labels: ["Enki"], assignees: [SELF] }),
      issue(8, { body: "/enki fix", by: "ci[bot]", bot: true }),
      issue(9, { body: "/enki fix", onPull: true }),
    ],
    [
      change(1, { label: "Enki" }),
      change(1, { label: "Enki" }),
      change(2, { label: "bug" }),
      change(3, { bot: true, by: "ci[bot]" }),
      change(4, { onPull: true }),
      change(5, { action: "assigned", assignee: SELF }),
      change(6, { action: "assigned", assignee: "ann" }),
      change(7, { action: "unlabeled" }),
    ],
  );
  expect(await swept()).toEqual(["issue:7", "label:7/1", "assignment:7/5", "swept"]);
  expect(await swept("")).toEqual(["issue:7", "assignment:7/5", "swept"]);
});

test("treats an unexplained change as an edit; a label, an assignment or a comment explains a change", async () => {
  const later = NOW + 60_000;
  const { github, state } = open([issue(7, { body: "/enki fix", updated: later })]);
  const edited = async (changes: readonly IssueChange[], spoken: boolean) => {
    state.changes = [...changes];
    state.comments = spoken
      ? [{ id: 1, issue: 7, onPull: false, by: "ann", bot: false, body: "Me too.", created: later, updated: later }]
      : [];
    const events = await openRepositorySweep({ github, botLogin: SELF, now: () => NOW, log: () => undefined })({
      ledger: { cursor: NOW },
      config: { triggers: { label: "" } },
    });
    return events.flatMap((event) => (event.kind === "commanded" ? [event.edited] : []));
  };
  expect(await edited([], false)).toEqual([true]);
  expect(await edited([change(1, { at: later })], false)).toEqual([false]);
  expect(await edited([], true)).toEqual([false]);
});

test("repeats a failed listing from the same time; a repository without issues is no fault", async () => {
  const later = { ok: false, failure: { kind: "later", retryAt: 5, reason: "502", unclear: false } } as const;
  const gone = { ok: false, failure: { kind: "refused", code: "gone", reason: "Issues are disabled for this repo" } } as const;
  for (const [reply, swept] of [
    [later, []],
    [gone, ["swept"]],
  ] as const) {
    const { github, log } = open([]);
    const issues = { ...github.issues, changedSince: () => Promise.resolve(reply) };
    const sweep = openRepositorySweep({
      github: { ...github, issues },
      botLogin: SELF,
      now: () => NOW,
      log: (line) => void log.push(line),
    });
    const events = await sweep({ ledger: { cursor: NOW }, config: { triggers: { label: "enki" } } });
    expect(events.map(({ kind }) => kind)).toEqual(swept);
    expect(log).toHaveLength(1);
  }
});

const line = (id: number, over: Partial<LineComment> = {}): LineComment => ({
  id,
  nodeId: `PRRC_${id}`,
  review: null,
  pull: 9,
  thread: id,
  by: "maintainer",
  bot: false,
  body: "/enki retry",
  created: NOW,
  updated: NOW,
  path: "a.txt",
  line: 1,
  startLine: null,
  side: "new",
  hunk: "",
  commit: "c",
  outdated: false,
  ...over,
});

test("does not treat a line comment as edited because its review was submitted later", async () => {
  const days = 3 * 24 * 60 * 60_000;
  const updated = NOW + 1_000;
  const { state, github } = open([issue(9, { onPull: true, updated })]);
  const lines = async () => {
    const sweep = openRepositorySweep({ github, botLogin: SELF, now: () => NOW, log: () => undefined });
    const events = await sweep({ ledger: { cursor: NOW }, config: { triggers: { label: "" } } });
    return events.flatMap((event) => (event.kind === "commanded" ? [[event.id, event.at, event.edited]] : []));
  };
  state.lines = [
    line(1, { created: NOW - days, updated }),
    line(2, { created: NOW - days, updated }),
    line(3, { created: updated, updated }),
    line(4, { created: NOW - days, updated, body: "No command." }),
    line(5, { created: NOW - days, updated }),
  ];
  state.histories = [
    { id: 1, submitted: updated, edited: false },
    { id: 2, submitted: NOW - days, edited: true },
  ];
  const before = state.sent;
  expect(await lines()).toEqual([
    ["review-comment:1", updated, false],
    ["review-comment:2", NOW - days, true],
    ["review-comment:3", updated, false],
    ["review-comment:5", NOW - days, true],
  ]);
  expect(state.sent - before, "one request for all of them").toBe(5);
  const failing = (failure: GitHubFailure) => {
    github.pulls.lineHistories = () => Promise.resolve({ ok: false, failure });
    return lines();
  };
  expect(await failing({ kind: "refused", code: "not-allowed", reason: "no" }), "nobody knows who wrote them").toMatchObject([
    ["review-comment:1", NOW - days, true],
    {},
    ["review-comment:3", updated, false],
    {},
  ]);
  expect(await failing({ kind: "later", retryAt: 5, reason: "502", unclear: false }), "they are listed again").toEqual([]);
});

test("a new command is listed with an edit within the second of its creation, for one more request an issue", async () => {
  const { github, state } = memoryGitHub(
    () => null,
    () => false,
  );
  const comment = (id: number, over: Partial<GitHubComment> = {}): GitHubComment => {
    const body = "/enki fix it";
    return { id, issue: 7, onPull: false, by: "maintainer", bot: false, body, created: NOW, updated: NOW, ...over };
  };
  state.comments = [comment(1), comment(2), comment(3, { body: "No command." }), comment(4, { updated: NOW + 5_000 }), comment(5)];
  state.editedComments.add(2);
  const sweep = openRepositorySweep({ github, botLogin: SELF, now: () => NOW, log: () => undefined });
  const read = async () => {
    const handledEvents = { "comment:5": NOW };
    const events = await sweep({ ledger: { cursor: NOW - 60_000, handledEvents }, config: { triggers: { label: "enki" } } });
    return events.flatMap((event): unknown[] => (event.kind === "commanded" ? [[event.id, event.edited]] : [event.kind]));
  };
  const before = state.sent;
  const all = [["comment:1", false], ["comment:2", true], ["comment:4", true], ["comment:5", false], "swept"];
  expect(await read()).toEqual(all);
  expect(state.sent - before).toBe(3);
  const failing = (failure: GitHubFailure) => {
    github.issues.commentEdits = () => Promise.resolve({ ok: false, failure });
    return read();
  };
  expect(await failing({ kind: "refused", code: "not-allowed", reason: "no" }), "nobody knows who wrote them").toEqual([
    ["comment:1", true],
    ...all.slice(1),
  ]);
  expect(await failing({ kind: "later", retryAt: 5, reason: "502", unclear: false }), "they are listed again").toEqual([]);
  state.comments = state.comments.filter(({ id }) => id === 5);
  const quiet = state.sent;
  expect(await read()).toEqual([["comment:5", false], "swept"]);
  expect(state.sent - quiet, "a handled command costs nothing").toBe(2);
});
