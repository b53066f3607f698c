import { expect, test } from "vitest";
import { toArchiveFiles, toLedgerFiles, readLedger } from "../../../src/storage/ledger/ledger-files.ts";
import { emptyLedger } from "../../../src/core/domain/ledger.ts";
import { brief, plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const executions = (story: ReturnType<typeof openStory>) => Object.values(story.state.ledger.executions);

test.each(["do", "plan"] as const)("a bare command %s means the issue: its title is the request", async (kind) => {
  const story = openStory({ briefs: () => ({ kind: "read", brief: brief({ title: "Uploads fail" }) }) });
  await story.say(1, { kind, text: "" });
  expect(executions(story)).toMatchObject([{ request: "Uploads fail", state: "planning" }]);
  story.replay();
});

test("reads the brief once, when the command is accepted, and never changes it", async () => {
  let reads = 0;
  const story = openStory({
    briefs: () => ({ kind: "read", brief: brief({ body: `as read ${(reads += 1)} times` }) }),
  });
  const id = await story.propose(plan(step("fix")));
  await story.approve();
  await story.say(1, { kind: "add", text: "a note" });
  await story.landed("fix");
  expect(reads).toBe(1);
  expect(story.state.ledger.briefs[id]?.body).toBe("as read 1 times");
  expect(story.comment()).toContain("Based on this issue as of");
  story.replay();
});

test("the details of a request by a job of CI are in the brief, as a text by somebody without rights", async () => {
  const story = openStory({ briefs: () => ({ kind: "read", brief: brief({ title: "Uploads fail" }) }) });
  const commit = "c".repeat(40);
  const details = "FAIL upload.test.js";
  await story.tell({
    kind: "commanded",
    id: `request:${commit}`,
    at: story.state.now,
    issue: 1,
    onPullRequest: false,
    source: { kind: "request", commit, details },
    by: "github-actions[bot]",
    edited: false,
    requests: [{ ok: true, command: { kind: "do", text: "fix it" } }],
  });
  const [execution] = executions(story);
  expect(story.state.ledger.briefs[execution?.id ?? ""]?.comments).toEqual([
    { id: 0, by: "github-actions[bot]", permission: "none", at: expect.any(Number), text: details },
  ]);
  story.replay();
});

test("reads no brief for a person without permission", async () => {
  const story = openStory({ briefs: () => expect.unreachable("nobody may ask") });
  await story.tell({
    kind: "commanded",
    id: "comment:9",
    at: story.state.now,
    issue: 1,
    onPullRequest: false,
    source: { kind: "comment", id: 9 },
    by: "stranger",
    edited: false,
    requests: [{ ok: true, command: { kind: "do", text: "" } }],
  });
  expect(executions(story)).toEqual([]);
  expect(story.lastReply()).toContain("needs write permission");
});

test("refuses the command with GitHub's message if GitHub does not show the issue", async () => {
  const story = openStory({ briefs: () => ({ kind: "refused", reason: "This issue was deleted" }) });
  for (const command of [
    { kind: "do", text: "fix it" },
    { kind: "quick", prompt: "fix it" },
  ] as const) {
    await story.say(1, command);
    expect(story.lastReply()).toContain("This issue was deleted");
  }
  expect(executions(story)).toEqual([]);
});

test("stores a brief for every command that starts work, including tasks that agents create", async () => {
  const story = openStory();
  await story.say(2, { kind: "quick", prompt: "fix the typo" });
  await story.propose(plan(step("fix")));
  await story.approve();
  await story.end(`work/${story.task("fix")}/`, {
    end: "unchanged",
    tools: [{ kind: "create-task", step: step("more") }],
  });
  expect(executions(story).map(({ id }) => story.state.ledger.briefs[id]?.title)).toEqual(executions(story).map(() => "Uploads fail"));
});

test("stores the brief beside its execution, archives both, and loads ledgers without briefs", async () => {
  const story = openStory();
  const id = await story.propose(plan(step("fix")));
  const files = toLedgerFiles(null, story.state.ledger);
  expect(JSON.parse(files.get(`executions/${id}/brief.json`) ?? "")).toEqual(story.state.ledger.briefs[id]);
  const read = readLedger(new Map([...files].map(([path, text]) => [path, Buffer.from(text ?? "")])));
  expect(read).toMatchObject({ ok: true, value: { briefs: story.state.ledger.briefs } });
  const executions = {};
  const archived = toArchiveFiles(story.state.ledger, { ...story.state.ledger, executions, briefs: {} });
  expect([...archived.keys()].filter((path) => path.endsWith(`${id}/brief.json`))).toHaveLength(1);
  expect(
    toLedgerFiles(story.state.ledger, { ...story.state.ledger, executions, briefs: {} }).get(`executions/${id}/brief.json`),
  ).toBeNull();
  expect(readLedger(new Map([["format", Buffer.from("2\n")]]))).toEqual({ ok: true, value: emptyLedger });
});
