import { expect, test } from "vitest";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import { toArchiveFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { step, stepIn } from "../../support/build.ts";
import { filesOf, ledgerOf } from "./ledgers.ts";
import { openPages } from "./stage.ts";

/** Pages of a repository with this ledger. */
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
  expect(shown).toMatch(/<details class="card" id="step-docs">[^]*Not started\./);
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
  expect(await stage.page("/executions")).toMatch(/executions\/abc123"[^]*executions\/def456">an old one<[^]*1 of 1 steps done/);
  expect(await stage.page("/executions/def456")).toMatch(/an old one[^]*id="graph"[^]*id="step-proxy"/);
  expect(await stage.page("/executions?page=2")).toContain("No more entries.");
});
