import { expect, test } from "vitest";
import { readPullDiscussion } from "../../src/coordinator/pull-discussion.ts";
import type { LineComment } from "../../src/core/domain/line-comment.ts";
import { memoryGitHub } from "../support/memory-github.ts";

const PULL = 10;
const line = (id: number, over: Partial<LineComment> = {}): LineComment => ({
  id,
  nodeId: `PRRC_${id}`,
  review: null,
  pull: PULL,
  thread: id,
  by: "maintainer",
  bot: false,
  body: "Why?",
  created: id,
  updated: id,
  path: "a.txt",
  line: 1,
  startLine: null,
  side: "new",
  hunk: "@@ -0,0 +1 @@\n+1",
  commit: "c",
  outdated: false,
  ...over,
});

const open = () => {
  const { github, state } = memoryGitHub(
    () => null,
    () => false,
  );
  state.permissions["stranger"] = "read";
  return { state, read: () => readPullDiscussion(PULL, { github, self: "enki[bot]" }) };
};

test("costs one request each for reviews, line comments, comments and resolved threads, and one per person", async () => {
  const { state, read } = open();
  state.lines = [line(1), line(2, { by: "stranger" }), line(3), line(4, { by: "lint[bot]", bot: true })];
  state.reviews.set(PULL, [{ id: 5, by: "maintainer", bot: false, verdict: "commented", head: "h", at: 5, text: "Hm." }]);
  state.comments = [{ id: 6, issue: PULL, onPull: true, by: "maintainer", bot: false, body: "Hello.", created: 6, updated: 6 }];
  const before = state.sent;
  expect(await read()).toMatchObject({ ok: true });
  expect(state.sent - before).toBe(4 + 2);
  state.lines = [];
  const then = state.sent;
  await read();
  expect(state.sent - then, "without lines there is nothing to resolve, and what a person may do has not changed").toBe(3);
});

test("omits commands, hidden text and Enki's comments; keeps bots' comments inside threads", async () => {
  const { state, read } = open();
  state.comments = [
    {
      id: 6,
      issue: PULL,
      onPull: true,
      by: "maintainer",
      bot: false,
      body: "Rename it.<!-- not this -->\n\n/enki retry",
      created: 6,
      updated: 6,
    },
    { id: 7, issue: PULL, onPull: true, by: "enki[bot]", bot: true, body: "Ours.", created: 7, updated: 7 },
  ];
  state.lines = [line(1, { by: "lint[bot]", bot: true, body: "Lint." }), line(2, { thread: 1, body: "Do that." })];
  expect(await read()).toMatchObject({
    value: {
      remarks: [{ id: "comment:6", by: "maintainer", permission: "write", text: "Rename it." }],
      lineComments: [
        { id: "review-comment:1", permission: "none", byPerson: false, text: "Lint." },
        { id: "review-comment:2", thread: 1, permission: "write", byPerson: true, text: "Do that." },
      ],
    },
  });
});

test("keeps visible text and code that names a command; keeps a hidden text if there is no other", async () => {
  const { state, read } = open();
  state.lines = [
    line(1, { body: "Write `<!--` here and `-->` there.\n\n```\n/enki fix it\n```" }),
    line(2, { body: "<!-- Re\u200bname it. -->" }),
    line(3, { body: "Keep it.\n\n<p>\n<!--\n\nDrop it.\n\n<p>\n-->" }),
  ];
  expect(await read()).toMatchObject({
    value: {
      lineComments: [
        { text: "Write `<!--` here and `-->` there.\n\n```\n/enki fix it\n```" },
        { text: "<!-- Rename it. -->" },
        { text: "Keep it.\n\n<p>" },
      ],
    },
  });
});

test("looks up reviewers before other people, whoever wrote last", async () => {
  const { state, read } = open();
  const crowd = Array.from({ length: 30 }, (_, index) => `passer${index}`);
  state.comments = crowd.map((by, index) => ({
    id: 100 + index,
    issue: PULL,
    onPull: true,
    by,
    bot: false,
    body: "Me too.",
    created: 1_000 + index,
    updated: 1_000 + index,
  }));
  const review = { bot: false, head: "h", text: "Hm." } as const;
  state.permissions["reviewer"] = "write";
  state.reviews.set(PULL, [
    { ...review, id: 5, by: "reviewer", verdict: "changes-requested", at: 5 },
    { ...review, id: 6, by: "maintainer", verdict: "commented", at: 1_020 },
  ]);
  const before = state.sent;
  const talk = await read();
  expect(state.sent - before).toBe(3 + 20);
  expect(talk).toMatchObject({ value: { reviews: [{ permission: "write" }, { permission: "write" }] } });
  const known = talk.ok ? talk.value.remarks.filter(({ permission }) => permission !== "unknown").map(({ by }) => by) : [];
  expect(known, "of the others the latest").toEqual(crowd.slice(-18));
});

test("dates a comment by the submission of its review", async () => {
  const { state, read } = open();
  state.reviews.set(PULL, [{ id: 5, by: "maintainer", bot: false, verdict: "commented", head: "h", at: 900, text: "" }]);
  state.lines = [line(1, { review: 5 }), line(2)];
  expect(await read()).toMatchObject({ value: { lineComments: [{ at: 900 }, { at: 2 }] } });
});
