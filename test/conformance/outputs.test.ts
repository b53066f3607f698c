import { afterEach, describe, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { captureOutput } from "../../src/job/agent/capture-output.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import { renderPrompt } from "../../src/core/messages/agent-prompt.ts";
import { plan, step } from "../support/build.ts";
import { config } from "../support/config.ts";
import { mail, openToolBox, researcher, view } from "../support/tools.ts";
import { openJobs } from "../job/stage.ts";
import { openStory } from "./story.ts";

const AGENT = fileURLToPath(new URL("../fixtures/agent.mjs", import.meta.url));
let jobs: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => {
  jobs?.repo.close();
  jobs = null;
});

/** Runs a job of the stage's plan with an agent that performs the acts, and opens its bundle. */
const work = async (job: string, ...acts: readonly Readonly<Record<string, unknown>>[]) => {
  jobs = await openJobs({ agent: [process.execPath, AGENT, ...acts.map((act) => JSON.stringify(act))] });
  const prepared = await jobs.prepare(job);
  const ended = await runAgentJob(prepared.host);
  const bundle = await openBundle(prepared.at.bundle);
  if (!bundle.ok) throw new Error(bundle.refusal.message);
  return { ...ended, ...bundle.value };
};

test("X-01 the text between the tags is the output, trimmed", () => {
  expect(captureOutput("Done.\n[OUTPUT] a b [/OUTPUT]\nBye.")).toBe("a b");
});

test("X-02 without tags the last 500 characters are the output, unless there are at most ten", () => {
  const text = Array.from({ length: 2_000 }, (_, at) => String(at % 10)).join("");
  expect(captureOutput(text)).toBe(text.slice(-500));
  expect(captureOutput("0123456789")).toBe("");
  expect(captureOutput("0123456789a")).toBe("0123456789a");
});

test("X-03 an empty pair of tags is ignored, and a cut does not split a character", () => {
  expect(captureOutput("[OUTPUT]  [/OUTPUT] what was found is this")).toContain("what was found is this");
  const output = captureOutput("𝄞".repeat(600));
  expect(output).toBe("𝄞".repeat(500));
});

test("X-04 the output of a worker's last message is in its dependents' prompts", async () => {
  const { output } = await work(
    "work/abcdef-fix/1",
    { run: "echo b > src/a.txt" },
    { say: "Ready.\n[OUTPUT]The limit is 10 MB.[/OUTPUT]" },
  );
  const story = openStory();
  await story.run(plan(step("fix", { title: "Fix it" }), step("test", { needs: [{ step: "fix", condition: "completed" }] })));
  await story.end("work/", { end: "unchanged", output });
  const prompt = promptOf(story.spec("work/"));
  expect(prompt).toContain("### Fix it (completed)");
  expect(prompt).toContain("The limit is 10 MB.");
});

const promptOf = (spec: ReturnType<ReturnType<typeof openStory>["spec"]>): string =>
  renderPrompt({
    kind: "work",
    nonce: "f00d",
    workflow: null,
    texts: null,
    issue: null,
    verify: [],
    timeoutMs: spec.timeoutMs,
    request: spec.request,
    brief: spec.brief,
    role: null,
    step: spec.step && { ...spec.step, task: spec.step.description },
    plan: [],
    upstream: spec.upstream,
    artifacts: spec.artifacts,
    mails: spec.mails,
    feedback: null,
    lastFailure: spec.lastFailure,
    amendment: spec.amendment,
    earlier: null,
    conflict: null,
    canEdit: true,
    canAsk: true,
    report: null,
    tools: null,
    roles: [],
    protectedPaths: [],
    maxSteps: 5,
  });

test("X-05 differs: a reporting role without a file delivers its last message; it fails only without one", async () => {
  const said = await work("work/abcdef-look/1", { say: "Uploads are limited in nginx.conf.\n[OUTPUT]One place.[/OUTPUT]" });
  expect(said).toMatchObject({ end: "artifact", artifact: "Uploads are limited in nginx.conf.\nOne place.", output: "One place." });
  jobs?.repo.close();
  expect(await work("work/abcdef-look/1", { say: "" })).toMatchObject({ end: "failed", why: "The agent left no report." });
});

test("X-06 later workers receive all reports of the execution, sorted by step", async () => {
  const roles = { researcher };
  const story = openStory({ config: config({ roles }) });
  const look = { role: "researcher", output: "artifact" as const };
  await story.run(plan(step("z_look", look), step("a_look", look), step("fix", { needs: ["z_look", "a_look"] })));
  await story.end("work/", { end: "artifact", artifact: "first" });
  await story.end("work/", { end: "artifact", artifact: "second" });
  const { artifacts } = story.spec("work/");
  expect(artifacts.map(({ step: id }) => id)).toEqual(["a_look", "z_look"]);
  const prompt = promptOf(story.spec("work/"));
  expect(prompt.indexOf("### a_look")).toBeGreaterThan(0);
  expect(prompt.indexOf("### z_look")).toBeGreaterThan(prompt.indexOf("### a_look"));
});

test("X-07 differs: no agent receives events: a command that arrives while jobs end is applied with them in one write, in order", async () => {
  const story = openStory();
  await story.run(plan(step("fix"), step("docs")));
  const writes = story.state.writes.length;
  story.finish(story.job(`work/${story.execution().id}-fix`), { end: "failed" });
  await story.say({ kind: "cancel", target: `${story.execution().id}-docs` });
  expect(story.step("fix")?.state).toBe("failed");
  expect(story.step("docs")?.state).toBe("cancelled");
  const both = story.state.writes.slice(writes).filter(({ inputs }) => inputs.events.some(({ kind }) => kind === "commanded"));
  expect(both).toHaveLength(1);
  expect(both[0]?.inputs.events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["commanded", "resulted"]));
});

test("X-08 differs: nothing waits for an idle agent: a result is applied and its dependents start immediately", async () => {
  const story = openStory();
  await story.run(plan(step("fix"), step("test", { needs: [{ step: "fix", condition: "completed" }] })));
  await story.end("work/", { end: "success" });
  expect(story.job("work/")).toContain("-test/1");
});

test("X-09 a landing after a conflict is reported in one line that names the files and the resolution", async () => {
  let first: string | null = null;
  const story = openStory({ conflicts: (head) => head === (first ??= head) });
  await story.run(plan(step("fix")));
  await story.end("work/", { end: "success" });
  const told = () => (story.state.comments.find(({ body }) => body.includes("enki:execution"))?.body ?? "").split("\n");
  await story.end("resolve/", { end: "success", files: [{ path: "a.txt", mode: "100644" }] });
  expect(told().filter((line) => line.includes("was resolved"))).toEqual([]);
  await story.end("verify/", { end: "success" });
  expect(story.step("fix")?.state).toBe("done");
  expect(told().filter((line) => line.includes("was resolved"))).toEqual([
    "- `fix` landed after a conflict in `a.txt` was resolved: review those files again.",
  ]);
});

test("X-10 differs: no tree can be dirty: every attempt starts with a fresh checkout, and ten minutes of events are reported once", async () => {
  const story = openStory();
  await story.run(plan(step("fix")));
  const comments = () => story.state.comments.length;
  const before = comments();
  for (let minute = 0; minute < 10; minute += 1) await story.later();
  expect(comments()).toBe(before);
  jobs = await openJobs();
  const dirty = await jobs.prepare("work/abcdef-fix/1");
  expect(dirty.claimed.ok).toBe(true);
  const again = await jobs.prepare("work/abcdef-fix/1");
  expect(again.host.workspace).not.toBe(dirty.host.workspace);
});

describe("mail", () => {
  const executions = [view("abc123", { fix: "running", test: "running", docs: "running", old: "done" })];
  const worker = (over: Parameters<typeof openToolBox>[0] = {}) =>
    openToolBox({ toolSet: "worker", executions, ...over, box: { address: "worker/abc123-fix", job: "work/abc123-fix/1", ...over.box } });

  test("L-01 a request without a thread starts one and is pending; an info is completed", async () => {
    const { call, recorded } = worker();
    const request = await call("enki_mail_send", { to: "coordinator", subject: "s", body: "b", msg_type: "request" });
    const info = await call("enki_mail_send", { to: "worker/abc123-test", subject: "s", body: "b" });
    expect(request.structured).toMatchObject({ status: "pending", thread: expect.stringMatching(/^t[0-9a-f]+$/) });
    expect(info.structured).toMatchObject({ status: "completed" });
    expect(recorded).toMatchObject([
      { kind: "mail-send", type: "request" },
      { kind: "mail-send", type: "info", to: "worker/abc123-test" },
    ]);
    const { text } = await call("enki_mail_thread", { thread_id: request.structured["thread"] });
    expect(text).toContain("    > b");
  });

  test("L-03 a broadcast reaches every running worker but its sender, once each", async () => {
    const { call } = worker();
    expect(await call("enki_mail_send", { to: "@workers", subject: "s", body: "b" })).toMatchObject({
      isError: false,
      text: expect.stringMatching(/^Broadcast sent to 2 worker\(s\)/),
    });
    const story = openStory();
    await story.run(plan(step("fix"), step("test"), step("docs")));
    const { id } = story.execution();
    const sender = story.tools(`work/${id}-fix`);
    await sender.call("enki_mail_send", { to: "@workers", subject: "The file moved", body: "It is src/b.ts now." });
    await story.end(`work/${id}-fix`, { end: "unchanged", tools: sender.recorded });
    const mails = Object.values(story.ledger().mails);
    expect(mails.map(({ to }) => to).toSorted()).toEqual([`worker/${id}-docs`, `worker/${id}-test`]);
    const { text } = await story.tools(`work/${id}-test`).call("enki_mail_check");
    expect(text).toMatch(/^1 unread message\(s\):\n.*The file moved/);
  });

  const three = [mail("m1", { priority: "urgent" }), mail("m2"), mail("m3", { priority: "high" })];
  test.each([
    ["an answer", "enki_status", {}, false],
    ["an error", "enki_edit_file", {}, true],
    ["a tool of another role", "enki_stop_all", {}, true],
  ])("L-04 %s to a worker with unread mail ends with the number of unread mails", async (_, tool, args, isError) => {
    const { call } = worker({ box: { mails: three } });
    const answer = await call(tool, args);
    expect(answer.isError).toBe(isError);
    expect(answer.text).toMatch(/\n\n---\nMAIL: You have 3 unread message\(s\) \(1 urgent\)\. Use enki_mail_check to read them\.$/);
  });

  test("the most urgent mail comes first, reading marks it as read, and read mail is not announced", async () => {
    const { call, recorded } = worker({ box: { mails: three } });
    expect((await call("enki_mail_check")).structured["messages"]).toMatchObject([{ id: "m1" }, { id: "m3" }, { id: "m2" }]);
    for (const { id } of three) await call("enki_mail_read", { message_id: id });
    expect(recorded).toEqual(three.map(({ id }) => ({ kind: "mail-read", mail: id })));
    expect((await call("enki_mail_check")).text).toBe("No unread messages.");
    expect((await call("enki_mail_inbox")).text.split("\n")).toHaveLength(3);
  });

  test("refuses unknown recipients, other workers' mail, and a second answer", async () => {
    const asked = mail("q1", { type: "request", status: "pending" });
    const others = mail("q2", { type: "request", status: "pending", to: "worker/abc123-test" });
    const { call } = worker({ box: { mails: [asked, others, mail("i1")] } });
    const code = async (name: string, args: Record<string, unknown>) => (await call(name, args)).structured["code"];
    expect(await code("enki_mail_send", { to: "worker/abc123-ghost", subject: "s", body: "b" })).toBe("unknown-address");
    expect(await code("enki_mail_send", { to: "bob", subject: "s", body: "b" })).toBe("unknown-address");
    expect(await code("enki_mail_read", { message_id: "q2" })).toBe("unknown-mail");
    expect(await code("enki_mail_reply", { message_id: "q2", body: "b" })).toBe("unknown-mail");
    expect(await code("enki_mail_reply", { message_id: "i1", body: "b" })).toBe("no-reply");
    expect((await call("enki_mail_reply", { message_id: "q1", body: "yes" })).isError).toBe(false);
    expect(await code("enki_mail_reply", { message_id: "q1", body: "no" })).toBe("no-reply");
  });

  test("a job sends at most fifty mails, a mail expires after its lifetime, and new mail is announced", async () => {
    let now = 1_000;
    let fresh = [mail("m9")];
    const look = () => Promise.resolve(fresh.splice(0));
    const { call, recorded } = worker({ box: { mails: [mail("m1", { expires: 2_000 })], now: () => now, pollMails: look } });
    expect((await call("enki_mail_check")).text).toContain("2 unread");
    now = 2_000;
    expect((await call("enki_mail_check")).structured["messages"]).toMatchObject([{ id: "m9" }]);
    for (let at = 0; at < 50; at += 1) await call("enki_mail_send", { to: "coordinator", subject: "s", body: "b" });
    expect(await call("enki_mail_send", { to: "coordinator", subject: "s", body: "b" })).toMatchObject({ isError: true });
    expect(recorded).toHaveLength(50);
    expect(await call("enki_mail_send", { to: "coordinator", subject: "s", body: "b", ttl_seconds: 1 })).toMatchObject({ isError: true });
  });
});

test("expired mail leaves the ledger, and an execution keeps a bounded amount", async () => {
  const story = openStory();
  const senders = Array.from({ length: 11 }, (_, at) => `fix${at}`);
  await story.run(plan(...senders.map((each) => step(each)), step("test")));
  const { id } = story.execution();
  const send = { kind: "mail-send", to: `worker/${id}-test`, subject: "s", body: "b", priority: "normal", type: "info" } as const;
  const short = { ...send, thread: null, replyTo: null, ttl: 600 };
  const long = { ...short, ttl: null };
  for (const [at, each] of senders.entries()) {
    const tools = Array.from({ length: 50 }, (_, nth) => (at === 9 && nth === 0 ? short : long));
    await story.end(`work/${id}-${each}`, { end: "unchanged", tools });
  }
  expect(Object.keys(story.ledger().mails).length).toBe(500);
  expect(story.notes().join("\n")).toContain("an execution keeps at most 500 mails");
  for (let minute = 0; minute < 12; minute += 1) await story.later();
  await story.say({ kind: "status", target: null });
  expect(Object.keys(story.ledger().mails).length).toBe(499);
});

describe("a question to a person", () => {
  const ask = async () => {
    const story = openStory();
    await story.run(plan(step("fix"), step("test", { needs: ["fix"] })));
    const worker = story.tools("work/");
    const { structured, text } = await worker.call("enki_mail_send", {
      to: "user",
      subject: "Which limit?",
      body: "1. 10 MB (recommended)\n2. 100 MB @everybody",
      msg_type: "request",
    });
    expect(text).toContain("End your turn now");
    await story.end("work/", { end: "asked", tools: worker.recorded });
    return { story, id: structured["id"] as string };
  };

  test("becomes a comment with the line that answers it; the step waits, and its job is started again with the answer", async () => {
    const { story, id } = await ask();
    expect(story.step("fix")).toMatchObject({ state: "waiting", refusal: { code: "asked", next: `/enki reply ${id} <your answer>` } });
    const [asked] = story.state.comments.filter(({ body }) => body.startsWith(`<!-- enki:mail:${id} -->`));
    expect(asked?.body).toContain(`/enki reply ${id} <your answer>`);
    expect(asked?.body).toContain("100 MB");
    expect(asked?.body).not.toContain("@everybody");
    expect(story.state.comments.find(({ body }) => body.includes("enki:execution"))?.body).toContain(`/enki reply ${id}`);
    for (let at = 0; at < 3; at += 1) await story.later();
    expect(story.running()).toEqual([]);
    await story.say({ kind: "reply", mail: id, text: "10 MB, please" });
    expect(story.job("work/")).toMatch(/-fix\/2$/);
    const prompt = promptOf(story.spec("work/"));
    expect(prompt).toContain("Which limit?");
    expect(prompt).toContain("10 MB, please");
    expect(story.replies()).toEqual([]);
  });

  test("is answered once by its id, not by an approval, and times out into a named state", async () => {
    const { story, id } = await ask();
    const task = `${story.execution().id}-fix`;
    await story.say({ kind: "approve-step", task, head: (story.step("fix")?.result ?? "").slice(0, 12) });
    expect(story.replies().at(-1)).toContain("waits for an answer, not for an approval");
    await story.say({ kind: "reply", mail: "ffffff", text: "x" });
    expect(story.replies().at(-1)).toContain("unknown-mail");
    expect(story.step("fix")?.state).toBe("waiting");
    story.state.now += 31 * 24 * 60 * 60_000;
    await story.later();
    expect(story.step("fix")).toMatchObject({ state: "failed", refusal: { code: "no-answer" } });
    await story.say({ kind: "retry", target: task });
    await story.say({ kind: "reply", mail: id, text: "late" });
    await story.say({ kind: "reply", mail: id, text: "again" });
    expect(story.replies().at(-1)).toContain("already-answered");
  });

  test("of a planner delays the plan until the answer", async () => {
    const story = openStory();
    await story.say({ kind: "do", text: "make it so" });
    const planner = story.tools("plan/");
    const { structured } = await planner.call("enki_mail_send", { to: "user", subject: "A or B?", body: "A or B?", msg_type: "request" });
    await story.end("plan/", { end: "asked", tools: planner.recorded });
    expect(story.execution()).toMatchObject({ state: "asking", refusal: { code: "asked" } });
    await story.say({ kind: "do", text: "something else" });
    expect(story.replies().at(-1)).toContain("already-running");
    await story.say({ kind: "reply", mail: structured["id"] as string, text: "B" });
    expect(story.execution()).toMatchObject({ state: "planning", planning: { attempt: 2 } });
    expect(story.job("plan/")).toMatch(/\/2$/);
    expect(promptOf(story.spec("plan/"))).toContain("B");
  });

  test("fails the step if a bundle only claims it", async () => {
    const story = openStory();
    await story.run(plan(step("fix")));
    await story.end("work/", { end: "asked" });
    expect(story.step("fix")).toMatchObject({ state: "failed", refusal: { code: "work-asked" } });
  });

  test("asked by the tool ends the agent's job, whatever else it did", async () => {
    const arguments_ = { to: "user", subject: "Which?", body: "A or B?", msg_type: "request" };
    const asked = await work("work/abcdef-fix/1", { tool: "enki_mail_send", arguments: arguments_ }, { run: "echo b > src/a.txt" });
    expect(asked).toMatchObject({ end: "asked", report: { files: [], tools: [{ kind: "mail-send", to: "user" }] } });
  });
});
