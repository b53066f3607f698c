import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { WebhookDelivery } from "../../src/local-github/api/forge-state.ts";
import { LEDGER_REF } from "../../src/core/domain/refs.ts";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage } from "./stage.ts";

const SECRET = "for-this-test-only";

test("5 a person replaces the head below a working step: the step is rebased and verified again before it lands", async () => {
  const heads: string[] = [];
  const verified: string[] = [];
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let asked: Promise<unknown> | null = null;
  const stage: OpenStage = await openStage({
    script: async (spec) => {
      const tip = (): Promise<string> => stage.git("for-each-ref", "--format=%(objectname)", `refs/heads/task/${spec.execution}-below`);
      if (spec.kind === "plan") return { plan: plan(step("below"), step("above", { needs: [{ step: "below", condition: "completed" }] })) };
      if (spec.kind === "verify") {
        verified.push(spec.baseCommit);
        await begun;
        await (asked ??= stage.push(
          `task/${spec.execution}-below`,
          { "below.txt": "2\n" },
          { onto: await stage.git("rev-parse", "main") },
        ));
        return { verdict: "green" };
      }
      if (spec.step?.id === "below") return { files: { "below.txt": "1\n" } };
      const first = await tip();
      begin();
      heads.push(first, await stage.until("a new head below", async () => (await tip()) !== first && tip()));
      return { files: { "above.txt": "1\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["below", "above"]);
  const [first = "", second = ""] = heads;
  const ground = await stage.git("rev-list", "main");
  expect(ground.split("\n")).toContain(second);
  expect(ground.split("\n")).not.toContain(first);
  // The head of the upper step brings only its own file, on top of the new lower head.
  expect(await stage.git("show", "--format=", "--name-only", "main^2")).toBe("above.txt");
  expect((await stage.git("rev-list", "main^2")).split("\n")).toContain(second);
  expect(await stage.git("show", "main:below.txt")).toBe("2");
  expect(verified).toContain(await stage.git("rev-parse", "main"));
});

test("6 a step on the newest base with a tree that was green before lands without another run", async () => {
  const verified: string[] = [];
  const stage: OpenStage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind !== "verify") return { files: { "fix.txt": "1\n" } };
      verified.push(spec.baseCommit);
      await stage.until("its pull request", async () => (await stage.maintainer.pulls()).length === 1);
      // Enki examines a candidate for landing once its pull request is no longer new.
      stage.later(31_000);
      await stage.does("PATCH", "/issues/2", { labels: ["hold"] });
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /is \*\*held\*\*/);
  await stage.until("its verdict", async () => {
    const { verifiedTrees } = JSON.parse(await stage.git("show", `${LEDGER_REF}:queues/main.json`)) as { verifiedTrees: string[] };
    return verifiedTrees.length > 0;
  });
  const branch = (await stage.maintainer.pulls())[0]?.head.ref ?? "";
  // An empty commit, such as a person pushes to run checks again: another head with the same files.
  const pushed = await stage.push(branch, {});
  await stage.does("PATCH", "/issues/2", { labels: [] });
  await stage.sweep();
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("rev-parse", "main^2")).toBe(pushed);
  expect(verified).toHaveLength(1);
  expect(await stage.git("rev-parse", "main")).not.toBe(verified[0]);
  const said = await stage.until("what is said of the commit that landed", async () => {
    const tip = await stage.git("rev-parse", "main");
    const { statuses } = (await stage.does("GET", `/commits/${tip}/status`)) as {
      statuses: { context: string; state: string; description: string }[];
    };
    return statuses[0];
  });
  expect(said).toMatchObject({
    context: "enki/refinery",
    state: "success",
    description: "Verified: a commit with the same files passed before",
    target_url: expect.stringMatching(/\/actions\/runs\/\d+$/),
  });
  expect(await stage.git("rev-parse", "main^{tree}")).toBe(await stage.git("rev-parse", `${pushed}^{tree}`));
});

/** Whether a webhook reports Enki's own push of a task branch. */
const tellsOfOwnPush = ({ event, payload }: WebhookDelivery): boolean => {
  const { ref, sender } = payload as { ref?: string; sender: { login: string } };
  return event === "push" && sender.login === "enki[bot]" && ref?.startsWith("refs/heads/task/") === true;
};

/** Sends a lost webhook again, as GitHub does on a person's request. */
const sendAgain = async (stage: OpenStage, { id, event, payload }: WebhookDelivery): Promise<void> => {
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
  const headers = {
    "content-type": "application/json",
    "x-github-delivery": id,
    "x-github-event": event,
    "x-hub-signature-256": signature,
  };
  const answer = await fetch(stage.app.url, { method: "POST", headers, body });
  expect(answer.ok).toBe(true);
};

test("29 the webhook of Enki's own push arrives after an approval and a strike: both stay", async () => {
  const late: WebhookDelivery[] = [];
  const runs: string[] = [];
  const strikes: unknown[] = [];
  const struck = async (): Promise<void> => {
    const { items } = JSON.parse(await stage.git("show", `${LEDGER_REF}:queues/main.json`)) as { items: { strikes: number }[] };
    strikes.push(items.map((item) => item.strikes));
  };
  const stage: OpenStage = await openStage({
    // The strike counts once the base is known to be green. Enki asks for the base before it verifies the step again.
    files: { ".enki/enki.toml": '[refinery]\nverify = ["true"]\nparallel = 1\n' },
    faults: { deliveries: (delivery) => (tellsOfOwnPush(delivery) ? (late.push(delivery), 0) : 1) },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix", { checkpoint: true })) };
      if (spec.kind !== "verify") return { files: { "fix.txt": "1\n" } };
      if (spec.baseCommit === (await stage.git("rev-parse", "main"))) return { verdict: "green" };
      runs.push(spec.job);
      if (runs.length === 1) return { verdict: "red", log: "flaky" };
      // Enki looks for reviews of a new pull request only later.
      stage.later(31_000);
      await stage.does("POST", "/pulls/2/reviews", { event: "APPROVE" });
      await struck();
      for (const delivery of [...late, ...late]) await sendAgain(stage, delivery);
      await stage.sweep();
      await struck();
      return { verdict: "green" };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(late.length).toBeGreaterThan(0);
  expect(strikes).toEqual([[1], [1]]);
  expect(runs).toHaveLength(2);
  expect(await stage.landed()).toEqual(["fix"]);
  const reviews = (await (await fetch(`${stage.forge.apiUrl}/repos/octo/demo/pulls/2/reviews`)).json()) as unknown[];
  expect(reviews).toHaveLength(1);
});

test("13 one more check starts 20 seconds after all were green: the quiet period covers it", async () => {
  const app = "ci";
  const stage = await openStage({
    files: { ".enki/enki.toml": '[refinery]\nverify = ["true"]\nchecks = ["*"]\nquiet_seconds = 600\n' },
    script: (spec) =>
      spec.kind === "plan" ? { plan: plan(step("fix")) } : spec.kind === "verify" ? { verdict: "green" } : { files: { "fix.txt": "1\n" } },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  const candidate = await stage.until("its candidate to be verified", async () => {
    const text = await stage.git("show", `${LEDGER_REF}:queues/main.json`).catch(() => "{}");
    const { candidates = [] } = JSON.parse(text) as { candidates?: { commit: string; runs: { verified?: true }[] }[] };
    return candidates.find(({ runs }) => runs.some(({ verified }) => verified))?.commit;
  });
  const report = async (name: string, over: object): Promise<void> => {
    await stage.appDoes(app, "/check-runs", { name, head_sha: candidate, ...over });
    await stage.sweep();
    expect(await stage.landed()).toEqual([]);
  };
  const green = { status: "completed", conclusion: "success" };
  await report("build", green);
  stage.later(20_000);
  await report("lint", { status: "in_progress" });
  stage.later(601_000);
  await stage.sweep();
  expect(await stage.landed(), "lint runs").toEqual([]);
  await report("lint", green);
  stage.later(601_000);
  await stage.sweep();
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.git("rev-parse", "main")).toBe(candidate);
});
