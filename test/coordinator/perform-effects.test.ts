import { fc, runs } from "../support/fast-check.ts";
import { expect, test } from "vitest";
import { performEffects } from "../../src/coordinator/perform-effects.ts";
import { connectGitHub } from "../../src/github/connect-github.ts";
import { digestEffect, type Effect, type EffectOutcome } from "../../src/core/domain/effect.ts";
import type { Event } from "../../src/core/domain/event.ts";
import { type Fate, memoryGitHub, SELF } from "./memory-github.ts";

const NOW = 1_000_000;
const MARKER = "<!-- enki:execution:abc123 -->";

const startJob = (target = "abc123-one"): Effect => ({
  kind: "start-job",
  key: `start-job:work/${target}/1`,
  job: `work/${target}/1`,
  inputs: { kind: "work", execution: "abc123", step: "one", attempt: "1", target },
});
const openPull: Effect = {
  kind: "open-pull",
  key: "open-pull:abc123-one",
  task: "abc123-one",
  head: "task/abc123-one",
  baseBranch: "main",
  title: "One",
  body: "",
};
const say = (given: { body?: string; comment?: number | null } = {}): Effect => ({
  kind: "write-comment",
  key: "write-comment:execution/abc123",
  issue: 7,
  marker: MARKER,
  body: `${MARKER}\n\n${given.body ?? "It runs."}`,
  comment: given.comment ?? null,
});
const closePull = (comment: string): Effect => ({ kind: "close-pull", key: "close-pull:5", pull: 5, comment });
const editPull: Effect = { kind: "edit-pull", key: "edit-pull:abc123-one/each", pull: 5, body: "It lands in another way." };
const setStatus: Effect = { kind: "set-status", key: "set-status:c", commit: "a".repeat(40), state: "success", text: "landed" };
const react: Effect = { kind: "react", key: "react:300", target: { kind: "comment", id: 300 }, reaction: "eyes" };
const closeIssue: Effect = { kind: "close-issue", key: "close-issue:abc123", issue: 7 };
const reply = {
  kind: "reply-review-comment",
  key: "reply-review-comment:600",
  pull: 5,
  comment: 600,
  marker: "<!-- enki:reply:line600 -->",
  body: "Addressed.",
} as const;
const stopJob: Effect = { kind: "stop-job", key: "stop-job:4", run: 4 };

/** Opens a GitHub with a function that performs effects, like a process that finds another's requests. */
const open = (fate?: (route: string) => Fate) => {
  const { octokit, state } = memoryGitHub(fate);
  state.comments.push({ id: 300, issue: 70, by: "maintainer", body: "/enki fix it", updated: 0 });
  for (const id of [600, 601]) state.lines.push({ id, pull: 5, thread: id, by: "maintainer", body: "Why?", at: 0 });
  const github = connectGitHub({ octokit, owner: "octo", repo: "demo", clock: () => NOW });
  const run = async (
    effects: readonly Effect[],
    again: readonly Effect[] = [],
    lookUpFrom = Infinity,
  ): Promise<readonly EffectOutcome[]> => {
    const events = await performEffects(effects, {
      github,
      botLogin: SELF,
      defaultBranch: "main",
      repeated: new Set(again.map(({ key }) => key)),
      lookUpFrom,
      now: () => NOW,
      postNotice: () => Promise.resolve({ kind: "done", answer: null }),
    });
    return events.map((event: Event) => {
      if (event.kind !== "performed") throw new Error("not an outcome");
      return event.outcome;
    });
  };
  /** Comments on the issue or pull request, except the one with the request. */
  const said = () => state.comments.filter(({ id }) => id !== 300);
  return { run, state, said };
};

/** Loses each answer to this route once, after its effect. */
const unansweredOnce = (route: string): ((asked: string) => Fate) => {
  let left = 1;
  return (asked) => (asked.startsWith(route) && left-- > 0 ? "unanswered" : "answered");
};

test("performs urgent effects first, comments last, and each key once", async () => {
  const { run, state, said } = open();
  state.pulls.push({ number: 5, head: "task/abc123-two", state: "open", merged: false });
  const ends = await run([say(), react, openPull, setStatus, closeIssue, startJob(), stopJob, say()]);
  expect(ends.map(({ kind }) => kind)).toEqual([
    "start-job",
    "stop-job",
    "react",
    "open-pull",
    "set-status",
    "write-comment",
    "close-issue",
  ]);
  expect(ends.every(({ ending }) => ending.kind === "done")).toBe(true);
  expect(said().length).toBe(1);
});

test("an outcome contains the new facts and the performed effects", async () => {
  const { run, state, said } = open();
  const [job, pull, comment] = await run([startJob(), openPull, say()]);
  expect(job).toEqual({
    kind: "start-job",
    key: "start-job:work/abc123-one/1",
    digest: digestEffect(startJob()),
    ending: { kind: "done", answer: { run: state.runs[0]?.id } },
  });
  expect(pull?.ending).toEqual({ kind: "done", answer: { pull: state.pulls[0]?.number } });
  expect(comment?.ending).toEqual({ kind: "done", answer: { comment: said()[0]?.id } });
});

test("finds a crashed process's comment by its marker and updates it", async () => {
  const { run, said } = open();
  await run([say()]);
  const [outcome] = await run([say({ body: "It landed." })], [say()]);
  expect(said().map(({ body }) => body)).toEqual([`${MARKER}\n\nIt landed.`]);
  expect(outcome?.ending).toEqual({ kind: "done", answer: { comment: said()[0]?.id } });
});

test("keeps the first of several comments with one marker", async () => {
  const { run, said } = open();
  await run([say()]);
  await run([say()]);
  expect(said().length).toBe(2);
  const [outcome] = await run([say()], [say()]);
  expect(said().map(({ id }) => id)).toEqual([1]);
  expect(outcome?.ending).toEqual({ kind: "done", answer: { comment: 1 } });
});

test("does not edit other authors' comments with Enki's marker, or quotations of it", async () => {
  const { run, state, said } = open();
  state.comments.push({ id: 90, issue: 7, by: "mallory", body: `${MARKER}\nmine`, updated: 0 });
  state.comments.push({ id: 91, issue: 7, by: SELF, body: `An answer.\n${MARKER}`, updated: 0 });
  await run([say()], [say()]);
  expect(said().map(({ body }) => body)).toEqual([`${MARKER}\nmine`, `An answer.\n${MARKER}`, `${MARKER}\n\nIt runs.`]);
});

test("writes the marker first, even if the text lacks it", async () => {
  const { run, said } = open();
  await run([{ ...say(), kind: "write-comment", key: "write-comment:reply/3", issue: 7, marker: MARKER, body: "No.", comment: null }]);
  expect(said()[0]?.body).toBe(`${MARKER}\nNo.`);
});

test("a known comment is edited in place", async () => {
  const { run, state, said } = open();
  await run([say()]);
  await run([say({ body: "It landed.", comment: 1 })]);
  expect(said()).toMatchObject([{ id: 1, body: `${MARKER}\n\nIt landed.` }]);
  expect(state.sent.filter((route) => route.startsWith("GET"))).toEqual([]);
});

test("rewrites a comment once after a person deleted it", async () => {
  const { run, said } = open();
  await run([say({ comment: 50 })]);
  await run([say({ body: "It landed.", comment: 50 })]);
  expect(said().map(({ body }) => body)).toEqual([`${MARKER}\n\nIt landed.`]);
});

test.each([
  ["POST /issues", say(), "comments"],
  ["POST /pulls", openPull, "pulls"],
  ["POST /actions", startJob(), "runs"],
] as const)("finds the result of %s although the answer was lost", async (route, effect, kind) => {
  const { run, state, said } = open(unansweredOnce(route));
  const [outcome] = await run([effect]);
  expect(outcome?.ending.kind).toBe("done");
  expect({ ...state, comments: said() }[kind].length).toBe(1);
});

test("finds crashed processes' jobs by name, with one listing for all", async () => {
  const { run, state } = open();
  await run([startJob("abc123-one"), startJob("abc123-two")]);
  state.sent.length = 0;
  const ends = await run(
    [startJob("abc123-one"), startJob("abc123-two"), startJob("abc123-three")],
    [startJob("abc123-one"), startJob("abc123-two")],
  );
  expect(ends.map(({ ending }) => ending.kind)).toEqual(["done", "done", "done"]);
  expect(state.runs.map(({ name }) => name)).toEqual(["work/abc123-one/1", "work/abc123-two/1", "work/abc123-three/1"]);
  expect(state.sent.filter((route) => route.startsWith("GET")).length).toBe(1);
});

test("uses the active one of two runs of a job", async () => {
  const { run, state } = open();
  state.runs.push(
    { id: 20, name: "work/abc123-one/1", status: "in_progress", conclusion: null },
    { id: 21, name: "work/abc123-one/1", status: "completed", conclusion: "success" },
  );
  const [outcome] = await run([startJob()], [startJob()]);
  expect(outcome?.ending).toEqual({ kind: "done", answer: { run: 20 } });
});

test("starts no job while the list of runs is unreadable, because it may already run", async () => {
  const { run, state } = open((route) => (route.endsWith("/runs") ? "lost" : "answered"));
  const [outcome] = await run([startJob()], [startJob()]);
  expect(outcome?.ending).toMatchObject({ kind: "later", reason: "socket hang up" });
  expect(state.runs).toEqual([]);
});

test("writes no comment while comments are unreadable, because it may already exist", async () => {
  const { run, said } = open((route) => (route.startsWith("GET") ? "lost" : "answered"));
  const [outcome] = await run([say()], [say()]);
  expect(outcome?.ending).toMatchObject({ kind: "later", reason: "socket hang up" });
  expect(said()).toEqual([]);
});

test("does not reopen a pull request that was merged in the meantime", async () => {
  const { run, state } = open();
  state.pulls.push({ number: 30, head: "task/abc123-one", state: "closed", merged: true });
  const [outcome] = await run([openPull], [openPull]);
  expect(outcome?.ending).toEqual({ kind: "done", answer: { pull: 30 } });
});

test("closes a pull request and states the reason once", async () => {
  const { run, state, said } = open();
  state.pulls.push({ number: 5, head: "task/abc123-one", state: "open", merged: false });
  await run([closePull("Cancelled by @ann.")]);
  await run([closePull("Cancelled by @ann.")]);
  expect(said().map(({ issue, body }) => [issue, body])).toEqual([[5, "Cancelled by @ann."]]);
  expect(state.pulls[0]?.state).toBe("closed");
});

test("updates a pull request's text and leaves it open", async () => {
  const { run, state } = open();
  state.pulls.push({ number: 5, head: "task/abc123-one", state: "open", merged: false });
  const [outcome] = await run([editPull]);
  expect(outcome).toMatchObject({ kind: "edit-pull", ending: { kind: "done", answer: null } });
  expect(state.pulls).toMatchObject([{ state: "open", body: "It lands in another way." }]);
});

test("reports a temporary failure with its retry time and performs the other effects", async () => {
  const { run } = open((route) => (route.startsWith("POST /statuses") ? "lost" : "answered"));
  const ends = await run([setStatus, react]);
  expect(ends.map(({ kind, ending }) => [kind, ending.kind])).toEqual([
    ["react", "done"],
    ["set-status", "later"],
  ]);
  expect(ends[1]?.ending).toEqual({ kind: "later", retryAt: NOW + 5_000, reason: "socket hang up" });
});

test("reports a refusal with its code and GitHub's message", async () => {
  const { run, state } = open(() => "refused");
  const [outcome] = await run([startJob()]);
  expect(outcome?.ending).toEqual({ kind: "refused", code: "not-allowed", reason: "Resource not accessible by integration" });
  expect(state.runs).toEqual([]);
});

test("closes a pull request with a locked conversation without a comment", async () => {
  const { run, state } = open((route) => (route.startsWith("POST") ? "refused" : "answered"));
  state.pulls.push({ number: 5, head: "task/abc123-one", state: "open", merged: false });
  const [outcome] = await run([closePull("Cancelled.")]);
  expect(outcome?.ending).toEqual({ kind: "done", answer: null });
  expect(state.pulls[0]?.state).toBe("closed");
});

test("performs everything once, whichever answers are lost", async () => {
  const effects = [startJob("abc123-one"), startJob("abc123-two"), openPull, say(), closePull("Cancelled."), setStatus, closeIssue, reply];
  const fates = fc.array(fc.constantFrom<Fate>("answered", "lost", "unanswered"), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fates, async (fates) => {
      const left = [...fates];
      const { run, state, said } = open(() => left.shift() ?? "answered");
      state.pulls.push({ number: 5, head: "task/abc123-two", state: "open", merged: false });
      let open_ = effects;
      let asked: readonly Effect[] = [];
      for (let round = 0; open_.length > 0; round += 1) {
        if (round > 60) throw new Error("it never ends");
        const ends = await run(open_, asked);
        asked = open_;
        open_ = open_.filter((effect) => ends.find(({ key }) => key === effect.key)?.ending.kind !== "done");
      }
      expect(state.runs.map(({ name }) => name).sort()).toEqual(["work/abc123-one/1", "work/abc123-two/1"]);
      expect(state.pulls.map(({ head }) => head).sort()).toEqual(["task/abc123-one", "task/abc123-two"]);
      expect(
        said()
          .map(({ issue }) => issue)
          .sort((a, b) => a - b),
      ).toEqual([5, 7]);
      expect(state.lines.filter(({ by }) => by === SELF).map(({ thread }) => thread)).toEqual([600]);
    }),
    { numRuns: runs(300) },
  );
});

const openIssue = {
  kind: "open-issue",
  key: "open-issue:abc",
  marker: "<!-- enki:backlog:abc -->",
  title: "Later",
  body: "Words.",
} as const;

test("opens a backlog issue once, despite a lost answer or another process", async () => {
  const { run, state } = open(unansweredOnce("POST /issues"));
  expect((await run([openIssue]))[0]?.ending).toEqual({ kind: "done", answer: { issue: state.issues[0]?.number } });
  expect((await run([openIssue], [openIssue]))[0]?.ending).toEqual({ kind: "done", answer: { issue: state.issues[0]?.number } });
  expect(state.issues).toMatchObject([{ title: "Later", body: "<!-- enki:backlog:abc -->\nWords.", labels: ["enki:backlog"] }]);
});

test("changes a backlog issue and closes it with the given reason", async () => {
  const { run, state } = open();
  await run([openIssue]);
  const issue = state.issues[0]?.number ?? 0;
  await run([
    { kind: "edit-issue", key: "edit-issue:1", issue, title: "Sooner", body: "Other words." },
    { kind: "close-backlog-issue", key: "close-backlog-issue:1", issue, reason: "not_planned" },
  ]);
  expect(state.issues).toMatchObject([{ title: "Sooner", body: "Other words.", state: "closed", reason: "not_planned" }]);
});

test("answers a thread once, despite a lost answer or another process", async () => {
  const { run, state } = open(unansweredOnce("POST /pulls/{pull_number}/comments"));
  // The same line in another thread, or quoted by another person, is no answer by Enki.
  state.lines.push({ id: 700, pull: 5, thread: 601, by: SELF, body: `${reply.marker}\nElsewhere.`, at: 0 });
  state.lines.push({ id: 701, pull: 5, thread: 600, by: "mallory", body: `${reply.marker}\nMine.`, at: 0 });
  const [outcome] = await run([reply]);
  const [again] = await run([reply], [reply]);
  const ours = state.lines.filter(({ by, thread }) => by === SELF && thread === 600);
  expect(ours.map(({ body }) => body)).toEqual([`${reply.marker}\nAddressed.`]);
  expect([outcome?.ending, again?.ending]).toEqual([
    { kind: "done", answer: { comment: ours[0]?.id } },
    { kind: "done", answer: { comment: ours[0]?.id } },
  ]);
});

test("does not answer a thread while comments are unreadable, because the answer may exist", async () => {
  const { run, state } = open((route) => (route.startsWith("GET /pulls") ? "lost" : "answered"));
  const [outcome] = await run([reply], [reply]);
  expect(outcome?.ending.kind).toBe("later");
  expect(state.lines.some(({ by }) => by === SELF)).toBe(false);
});

test("a process that was suspended before an effect looks first whether another process performed it", async () => {
  const { run, said, state } = open();
  const [first] = await run([say()]);
  const [second] = await run([say()], [], NOW);
  expect(said()).toHaveLength(1);
  expect(second?.ending).toEqual(first?.ending);
  await run([startJob()]);
  await run([startJob()], [], NOW);
  expect(state.runs).toHaveLength(1);
});
