import { expect, test } from "vitest";
import type { Execution } from "../../../src/core/domain/execution.ts";
import { emptyLedger, type Ledger } from "../../../src/core/domain/ledger.ts";
import type { PlannedStep } from "../../../src/core/domain/plan.ts";
import type { Step } from "../../../src/core/domain/step.ts";
import { toLedgerFiles } from "../../../src/storage/ledger/ledger-files.ts";
import { step, stepIn } from "../../support/build.ts";
import { openPages } from "./stage.ts";

const PLAN_HASH = "a".repeat(64);
const MAX_LOAD_MS = 1_000;

const ledgerOf = (planned: readonly PlannedStep[], steps: readonly Step[], over: Partial<Execution> = {}): Ledger => {
  const execution = {
    id: "abc123",
    issue: 1,
    state: "running",
    request: "make <script>alert(1)</script> faster",
    requestedBy: "octo",
    createdAt: Date.parse("2026-11-20T11:00:00Z"),
    baseBranch: "main",
    plan: PLAN_HASH,
    refusal: null,
    spent: 0,
    planning: { attempt: 1, faults: 0, notBefore: 0, deadline: null },
    steps: Object.fromEntries(steps.map((each) => [each.id, each])),
    ...over,
  } as unknown as Execution;
  return { ...emptyLedger, executions: { abc123: execution }, plans: { [PLAN_HASH]: { steps: planned } } };
};

/** Pages of a repository with this ledger. */
const openWith = async (ledger: Ledger) => {
  const stage = await openPages();
  const files = [...toLedgerFiles(null, ledger)].flatMap(([path, text]) => (text === null ? [] : [[path, text] as const]));
  await stage.git("checkout", "-q", "--orphan", "ledger");
  await stage.git("rm", "-rfq", ".");
  await stage.commit(Object.fromEntries(files));
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

test("a page of a thousand steps loads within a second, with steps that nothing connects in rows", async () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => `step_${index}`);
  const planned = ids.map((id, index) => step(id, index > 900 ? { needs: [`step_${index - 1}`] } : {}));
  const { page } = await openWith(
    ledgerOf(
      planned,
      ids.map((id) => stepIn(id, "done", { attempt: 1 })),
    ),
  );
  await page("/executions");
  const begun = performance.now();
  const shown = await page("/executions/abc123");
  expect(performance.now() - begun).toBeLessThan(MAX_LOAD_MS);
  expect(shown.match(/<details class="card" id="step-/g)).toHaveLength(1_000);
  expect(shown.match(/<a href="#step-step_\d+" aria-label/g)).toHaveLength(1_000);
});
