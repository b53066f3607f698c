import { expect, test } from "vitest";
import { emptyQueue, type Queue } from "../../../src/core/domain/queue.ts";
import type { Ledger } from "../../../src/core/domain/ledger.ts";
import { step, stepIn } from "../../support/build.ts";
import { strange, wordsOf } from "./inspect.ts";
import { filesOf, ledgerOf } from "./ledgers.ts";
import { openPages } from "./stage.ts";

const [HEAD, COMMIT] = ["a".repeat(40), "b".repeat(40)];
const EVIL = "<script>alert(1)</script>";

const item = { head: HEAD, refusal: null, strikes: 0, passedBefore: false, mergedAgainst: null, failedCommit: null, log: "" };
const QUEUE: Queue = {
  ...emptyQueue,
  items: [
    { ...item, task: "abc123-proxy", state: "queued" },
    { ...item, task: "abc123-docs", state: "held", refusal: { code: "held", message: `It waits for ${EVIL}.`, next: "" } },
  ],
  candidates: [
    {
      commit: COMMIT,
      tree: HEAD,
      onto: HEAD,
      items: [{ task: "abc123-proxy", head: HEAD, merge: COMMIT }],
      runs: [{ attempt: 1, notBefore: 0, deadline: 1, verdict: null }],
      faults: 0,
      log: "",
    },
  ],
};

test("the queue has a page: order, place, reason, candidates, and links to steps and runs", async () => {
  const planned = [step("proxy", { title: `Fix ${EVIL}` }), step("docs")];
  const stage = await openPages();
  expect(wordsOf(await stage.page("/queue"))).toContain("Nothing waits to land.");
  const steps = [stepIn("proxy", "published", { pull: 2 }), stepIn("docs", "published")];
  const started = { [`start-job:verify/${COMMIT}/1`]: { digest: "d", number: 7, at: 1, refused: null } };
  const ledger = { ...ledgerOf(planned, steps), queues: { main: QUEUE }, effectRecords: started } as unknown as Ledger;
  await stage.git("checkout", "-q", "--orphan", "ledger");
  await stage.git("rm", "-rfq", ".");
  await stage.commit(filesOf(ledger));
  await stage.push("HEAD:refs/enki/ledger");
  const shown = await stage.page("/queue");
  const words = wordsOf(shown);
  expect(words).toContain(`1. Fix ${EVIL} being verified abc123-proxy · #2`);
  expect(words).toContain(`2. Do docs held abc123-docs · It waits for ${EVIL}.`);
  expect(words).toContain("bbbbbbbbbbbb being verified abc123-proxy · run 1: running");
  expect(shown).toContain('href="/octo/demo/executions/abc123#step-proxy"');
  expect(shown).toContain('href="/octo/demo/actions/runs/7"');
  expect(strange(shown)).toEqual([]);
});
