import { describe, expect, test } from "vitest";
import { decide } from "../../../src/core/decisions/decide.ts";
import type { JobKey } from "../../../src/core/domain/job.ts";
import type { QueryFacts } from "../../../src/core/domain/query.ts";
import { explainJobStart } from "../../../src/core/messages/refusals/job-starts.ts";
import { plan, step } from "../../support/build.ts";
import { openStory } from "../../support/story.ts";

const PLACEHOLDER = { file: "enki-step.yml", triggers: [], jobs: [], placeholder: "OWNER/enki@v1" } as const;

describe("GitHub's answer to a dispatch names its cause and the remedy", () => {
  // The texts and statuses come from people's reports about GitHub.
  test.each([
    ["not-found", "Not Found", "workflow-missing", "enki init"],
    ["invalid", "Workflow does not have 'workflow_dispatch' trigger", "workflow-outdated", "enki init"],
    ["invalid", 'Unexpected inputs provided: ["target"]', "workflow-outdated", "enki init"],
    ["invalid", "Required input 'task' not provided", "workflow-outdated", "enki init"],
    ["invalid", "Actions has been disabled for this repository.", "actions-disabled", "settings"],
    ["invalid", "Actions has been disabled for this user.", "actions-disabled", "settings"],
    ["invalid", "Cannot trigger a 'workflow_dispatch' on a disabled workflow", "workflow-disabled", "Actions page"],
    ["not-allowed", "Resource not accessible by integration", "actions-permission", "Actions: write"],
    ["invalid", "inputs are too large.", "job-refused", "inputs are too large."],
  ])("%s: %s", (code, reason, refused, words) => {
    const refusal = explainJobStart({ code, reason });
    expect(refusal).toMatchObject({ code: refused, message: expect.stringContaining(words), next: "/enki retry" });
  });
});

type World = ReturnType<typeof openStory>;

const endRun = async (it: World, job: JobKey | undefined, conclusion: string): Promise<void> => {
  expect(job).toBeDefined();
  it.state.runs = it.state.runs.map((run) => (run.name === job ? { ...run, state: "done", conclusion } : run));
  if (job) await it.tell({ kind: "woken", endedJob: job });
  await it.tell({ kind: "woken" });
};
const findJob = (it: World, start: string): JobKey | undefined => it.running().find((job) => job.startsWith(start));

const approved = async (): Promise<World> => {
  const it = openStory();
  await it.propose(plan(step("fix")));
  await it.approve();
  return it;
};

describe("a run that cannot start fails its job at once", () => {
  test("a step", async () => {
    const it = await approved();
    await endRun(it, findJob(it, "work/"), "startup_failure");
    expect(it.at("fix")).toMatchObject({ state: "failed", attempt: 1, refusal: { code: "startup-failure" } });
    it.replay();
  });

  test("a step whose workflow file has a placeholder", async () => {
    const it = await approved();
    it.state.workflows = [PLACEHOLDER];
    await endRun(it, findJob(it, "work/"), "failure");
    expect(it.at("fix")).toMatchObject({ state: "failed", attempt: 1, refusal: { code: "action-placeholder" } });
    expect(it.at("fix")?.refusal?.message).toContain("OWNER/enki@v1");
    it.replay();
  });

  test("the planner", async () => {
    const it = openStory();
    await it.say(1, { kind: "do", text: "make it so" });
    await endRun(it, findJob(it, "plan/"), "startup_failure");
    const [execution] = Object.values(it.state.ledger.executions);
    expect(execution).toMatchObject({ state: "failed", planning: { attempt: 1 }, refusal: { code: "startup-failure" } });
  });

  test("a verification, which freezes the queue", async () => {
    const it = await approved();
    await it.worked("fix");
    await endRun(it, findJob(it, "verify/"), "startup_failure");
    expect(it.state.ledger.queues["main"]).toMatchObject({ candidates: [], frozen: { code: "startup-failure" } });
    await it.say(1, { kind: "retry", target: null });
    expect(findJob(it, "verify/")).toBeDefined();
    it.replay();
  });

  test("no other end, which another attempt may not meet", async () => {
    for (const conclusion of ["failure", "cancelled", "timed_out"]) {
      const it = await approved();
      await endRun(it, findJob(it, "work/"), conclusion);
      expect(it.at("fix")).toMatchObject({ attempt: 2, faults: 1 });
    }
  });
});

test("a decision that an earlier version stored is decided again with the reason that it recorded", async () => {
  const ending = { code: "not-found", reason: "Not Found" };
  const it = openStory({ refuse: ({ kind, key }) => (kind === "start-job" && key.includes("work/") ? ending : null) });
  const id = await it.propose(plan(step("fix")));
  await it.approve();
  const codes = [1, 2].map((rules) => {
    const ledgers = it.state.writes.map(({ inputs: { events, snapshot }, parent }) => {
      const again = decide(events, { ...snapshot, rules, ledger: parent, facts: new Map(snapshot.facts) as QueryFacts });
      return again.kind === "act" ? again.ledger : parent;
    });
    return ledgers.map(({ executions }) => executions[id]?.steps["fix"]?.refusal?.code).findLast((code) => code !== undefined);
  });
  expect(codes).toEqual(["job-refused", "workflow-missing"]);
});
