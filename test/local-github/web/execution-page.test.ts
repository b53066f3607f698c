import { expect, test } from "vitest";
import type { Resolution } from "../../../src/core/domain/conflict.ts";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { emptyQueue, type Queue } from "../../../src/core/domain/queue.ts";
import { refuseUntilAnswer } from "../../../src/core/messages/refusals/questions.ts";
import type { Step } from "../../../src/core/domain/step.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { toArchiveFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { step, stepIn } from "../../support/build.ts";
import { filesOf, ledgerOf } from "./ledgers.ts";
import { ask, openPages } from "./stage.ts";

/** Opens the pages of a repository with this ledger. */
const openWith = async (ledger: Ledger) => {
  const stage = await openPages();
  await stage.git("checkout", "-q", "--orphan", "ledger");
  await stage.git("rm", "-rfq", ".");
  await stage.commit(filesOf(ledger));
  await stage.push("HEAD:refs/enki/ledger");
  return stage;
};

test("an execution has a page: what waits, the graph with links, the timeline in words, and each step", async () => {
  const planned = [step("proxy", { checkpoint: true }), step("docs", { needs: ["proxy"] })];
  const { page } = await openWith(ledgerOf(planned, [stepIn("proxy", "waiting", { attempt: 1, pull: 2 }), stepIn("docs", "pending")]));
  const shown = await page("/executions/abc123");
  expect(shown).toContain("make &lt;script&gt;alert(1)&lt;/script&gt; faster");
  expect(shown).toContain('<a href="#step-proxy" aria-label="Do proxy: checkpoint · waiting">');
  expect(shown).toMatch(/id="waiting"[^]*Review #2/);
  expect(shown).toMatch(/id="timeline"[^]*waits for your review/);
  expect(shown).toMatch(/<details class="card" id="step-docs" >[^]*Not started\./);
  expect(await page("/executions")).toMatch(/href="\/octo\/demo\/executions\/abc123"[^]*0 of 2 steps done/);
  expect(await page("/executions/constructor")).toContain("Page not found");
});

test("a page of a thousand steps has a link and a card for each, with steps that nothing connects in rows", async () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => `step_${index}`);
  const planned = ids.map((id, index) => step(id, index > 900 ? { needs: [`step_${index - 1}`] } : {}));
  const { page } = await openWith(
    ledgerOf(
      planned,
      ids.map((id) => stepIn(id, "done", { attempt: 1 })),
    ),
  );
  const shown = await page("/executions/abc123");
  expect(shown.match(/<details class="card" id="step-/g)).toHaveLength(1_000);
  expect(shown.match(/<a href="#step-step_\d+" aria-label/g)).toHaveLength(1_000);
});

test("each step shows what its attempts cost, its result, and what it reported; the state has a sign without fonts", async () => {
  const usage = { inputTokens: 1_200, outputTokens: 300, cachedTokens: null, costUsd: 0.5 };
  const steps = [stepIn("proxy", "done", { attempt: 1, result: "c".repeat(40), output: "Both <b>limits</b> are equal." })];
  const over = { usage: { "work/abc123-proxy/1": usage } };
  const { page } = await openWith(ledgerOf([step("proxy")], steps, over));
  const shown = await page("/executions/abc123");
  expect(shown).toMatch(/id="head"[^]*Usage: 1,200 tokens in, 300 out, \$0\.50/);
  expect(shown).toMatch(/Attempt 1[^]* · 1,200 tokens in, 300 out, \$0\.50/);
  expect(shown).toMatch(/last result\s*<a class="mono" href="\/octo\/demo\/commit\/c{40}"/);
  expect(shown).toContain("Both &lt;b&gt;limits&lt;/b&gt; are equal.");
  expect(shown).toMatch(/<g class="sign" transform="translate\(36 10\)" aria-hidden="true"><circle r="8"\/><path d="M-3\.5,0\.5/);
  expect(shown).toContain('<a href="#step-proxy" aria-label="Do proxy: done">');
});

test("an archived execution stays in the list, and keeps its page", async () => {
  const old = ledgerOf([step("proxy")], [stepIn("proxy", "done", { attempt: 1 })], { state: "done", request: "an old one" });
  const recent = ledgerOf([step("docs")], [stepIn("docs", "running", { attempt: 1 })]);
  const stage = await openWith(recent);
  const rename = (text: string): string => text.replaceAll("abc123", "def456");
  const archive = [...toArchiveFiles(old, emptyLedger)].map(([path, text]) => [rename(path), rename(text)] as const);
  await stage.git("checkout", "-q", "--orphan", "archive");
  await stage.git("rm", "-rfq", ".");
  await stage.commit(Object.fromEntries(archive));
  await stage.push("HEAD:refs/enki/archive");
  expect(await stage.page("/executions")).toMatch(/executions\/abc123"[^]*executions\/def456">an old one<[^]*1 of 1 step done/);
  expect(await stage.page("/executions/def456")).toMatch(/an old one[^]*id="graph"[^]*id="step-proxy"/);
  expect(await stage.page("/executions?page=2")).toContain("No more entries.");
});

/** Opens the execution's page as its owner; `post` submits a form of the page. */
const openForms = async (ledger: Ledger) => {
  const { forge, owner, api, issue } = await openWith(ledger);
  await issue("Uploads fail");
  const signed = await fetch(forge.signIn(owner, "/octo/demo/executions/abc123"), { redirect: "manual" });
  const cookie = (signed.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const page = await (await fetch(`${forge.url}/octo/demo/executions/abc123`, { headers: { cookie } })).text();
  const [, token = ""] = /name="token" value="([0-9a-f]+)"/.exec(page) ?? [];
  return {
    page,
    post: (fields: Record<string, string>): Promise<Response> =>
      fetch(`${forge.url}/octo/demo/act/comment/1`, {
        method: "POST",
        redirect: "manual",
        headers: { cookie, origin: forge.url },
        body: new URLSearchParams({ token, back: "/octo/demo/executions/abc123", ...fields }),
      }),
    said: async () => (await api.issues.listComments({ owner: "octo", repo: "demo", issue_number: 1 })).data.map(({ body }) => body),
    stranger: async () => (await ask(`${forge.url}/octo/demo/executions/abc123`)).text,
  };
};

/** The commands of the buttons on a page. */
const buttonsOf = (page: string): string[] => [...page.matchAll(/<button name="body" value="([^"]+)"/g)].map(([, text = ""]) => text);

test("a comment from the page of an execution, and a question, lead to where the reply appears", async () => {
  const failed = { ...stepIn("fix", "failed", { attempt: 1 }), refusal: { code: "work-failed", message: "It broke.", next: "" } } as Step;
  const { page, post } = await openForms(ledgerOf([step("fix")], [failed]));
  const shown =
    /<input type="hidden" name="next" value="comment" \/><(?:label for="comment-text"|button name="body" value="\/enki explain)/g;
  expect(page.match(shown)).toHaveLength(2);
  expect(page).toContain('id="step-fix" >');
  const answer = await post({ body: "/enki retri fix", next: "comment" });
  expect(answer.headers.get("location")).toMatch(/^\/octo\/demo\/issues\/1#issuecomment-\d+$/);
});

test("an agent's question is answered on the page, in one line", async () => {
  const refusal = refuseUntilAnswer({ id: "m1-question", subject: "Which limit?" }, 0);
  const asking = { ...stepIn("fix", "waiting", { attempt: 1 }), refusal, deadline: 1 } as Step;
  const { page, post, said } = await openForms(ledgerOf([step("fix")], [asking]));
  expect(page).toMatch(/name="command" value="\/enki reply m1-question"[^]*Your answer[^]*name="text" required[^]*Answer<\/button>/);
  const answer = await post({ command: "/enki reply m1-question", text: "The one of\r\n nginx.conf " });
  expect([answer.status, await said()]).toEqual([303, ["/enki reply m1-question The one of nginx.conf"]]);
});

test("a plan is approved on the page, or another one requested in words", async () => {
  const { page, post, said, stranger } = await openForms(ledgerOf([step("fix")], [], { state: "proposed" }));
  expect(buttonsOf(page)).toContain("/enki approve aaaaaaaaaaaa");
  expect(page).toMatch(/name="command" value="\/enki revise"[^]*Ask for another plan<\/button>/);
  expect(page).toContain('<details class="card" id="step-fix" open>');
  const answer = await post({ command: "/enki revise", text: "leave the docs alone" });
  expect(answer.headers.get("location")).toBe("/octo/demo/executions/abc123");
  expect(await said()).toEqual(["/enki revise leave the docs alone"]);
  expect(await stranger()).not.toContain("<form");
});

test("each step and the execution have the commands that their states allow, folded", async () => {
  const planned = ["runs", "stopped", "failed", "landed"].map((id) => step(id));
  const steps = [
    stepIn("runs", "running", { attempt: 1 }),
    stepIn("stopped", "paused"),
    stepIn("failed", "failed", { attempt: 1 }),
    stepIn("landed", "done", { attempt: 1 }),
  ];
  const { page } = await openForms(ledgerOf(planned, steps));
  const commands = buttonsOf(page).map((text) => text.replace("/enki ", ""));
  expect(commands.filter((text) => text.endsWith("abc123"))).toEqual(["pause abc123", "cancel abc123", "retry abc123"]);
  const of = (id: string) => commands.filter((text) => text.endsWith(`abc123-${id}`)).map((text) => text.split(" ")[0]);
  expect([of("runs"), of("stopped"), of("landed")]).toEqual([
    ["explain", "pause", "skip", "cancel"],
    ["explain", "resume", "skip", "cancel"],
    [],
  ]);
  expect(of("failed")).toEqual(expect.arrayContaining(["explain", "retry", "skip", "cancel"]));
  expect(page).toMatch(/<summary>More commands<\/summary>\s*<div class="buttons">[^]*Cancel runs/);
});

test("the graph names a cancelled, a skipped and a paused step as the card of the step does", async () => {
  const planned = [step("one"), step("two"), step("three")];
  const steps = [stepIn("one", "cancelled"), stepIn("two", "skipped"), stepIn("three", "paused", { attempt: 1 })];
  const { page } = await openForms(ledgerOf(planned, steps));
  for (const state of ["cancelled", "skipped", "paused"]) expect(page).toMatch(new RegExp(`aria-label="[^"]*: ${state}"`));
  expect(page).not.toContain(": blocked");
});

test("what landed can be undone, and the archive has no buttons", async () => {
  const landed = { commit: "c".repeat(40), at: 1 };
  const over = { state: "done" as const };
  expect(buttonsOf((await openForms(ledgerOf([step("fix")], [stepIn("fix", "done", { attempt: 1, landed })], over))).page)).toEqual([
    "/enki undo abc123",
  ]);
});

test("the runs of the planner, of a conflict, and of the verification are linked", async () => {
  const resolution = { head: "b".repeat(40), attempt: 2, conflicts: [] } as unknown as Resolution;
  const ledger = ledgerOf([step("fix")], [stepIn("fix", "published", { attempt: 1, resolution })], {
    planning: { attempt: 2, faults: 0, notBefore: 0, deadline: null } as unknown as Execution["planning"],
  });
  const record = (number: number) => ({ at: 1, attempts: 1, notBefore: 1, refused: null, number, digest: null });
  const candidate = {
    commit: "d".repeat(40),
    items: [{ task: "abc123-fix", head: "b".repeat(40) }],
    runs: [{ attempt: 1, verdict: null }],
  };
  const { page } = await openWith({
    ...ledger,
    queues: { main: { ...emptyQueue, candidates: [candidate] } as unknown as Queue },
    effectRecords: {
      "start-job:plan/abc123/1": record(11),
      "start-job:plan/abc123/2": record(12),
      "start-job:resolve/abc123-fix/2": record(13),
      [`start-job:verify/${candidate.commit}/1`]: record(14),
    },
  });
  const shown = await page("/executions/abc123");
  for (const [run, text] of [
    [11, "attempt 1"],
    [12, "attempt 2"],
    [13, "attempt 2"],
    [14, "dddddddddddd: running"],
  ])
    expect(shown).toContain(`<a href="/octo/demo/actions/runs/${run}">${text}</a>`);
});
