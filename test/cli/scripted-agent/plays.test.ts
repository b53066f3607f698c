import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { EXAMPLE, openExample } from "./stage.ts";

const opened: { close(): void }[] = [];
const open = async (name: string) => {
  const it = await openExample(join(EXAMPLE, "plays", `${name}.toml`));
  opened.push(it);
  return it;
};
afterEach(() => {
  for (const it of opened.splice(0)) it.close();
});

test("every play has a test here", () => {
  expect(readdirSync(join(EXAMPLE, "plays")).toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    // Covered by test/cli/break-out.test.ts, because the play needs a server.
    "break-out.toml",
    "crash.toml",
    "cycle.toml",
    "failing-verification.toml",
    "hang.toml",
    "renamed.toml",
    "silent.toml",
    "unchanged.toml",
  ]);
});

describe("renamed: other names and one more step", () => {
  test("each step builds on its needs, and the tests pass at each", async () => {
    const it = await open("renamed");
    const { plan, work } = await it.steps();
    expect(plan.steps.map(({ id, checkpoint }) => [id, checkpoint])).toEqual([
      ["survey", false],
      ["raise_cap", true],
      ["try_big_file", false],
      ["describe_cap", false],
      ["announce", false],
    ]);
    const survey = await work("survey", it.start);
    expect(survey).toMatchObject({ end: "artifact", paths: [] });
    expect(survey.artifact).toContain("client_max_body_size 1m");
    expect(survey.artifact).not.toContain("OUTPUT");
    const cap = await work("raise_cap", it.start);
    const [tried, described] = [await work("try_big_file", cap.commit), await work("describe_cap", cap.commit)];
    const both = await it.merge(tried.commit, described.commit);
    const announced = await work("announce", both);
    for (const { end } of [cap, tried, described, announced]) expect(end).toBe("success");
    for (const commit of [cap.commit, tried.commit, described.commit, both, announced.commit]) {
      expect(await it.verify(commit)).toMatchObject({ code: 0 });
    }
    // The step reads the results of its needs.
    expect(announced.calls.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
    expect(it.show(announced.commit, "CHANGELOG.md")).toContain("20 MB");
  });
});

describe("failing verification", () => {
  test("the worker is satisfied but the tests fail; the second attempt passes", async () => {
    const it = await open("failing-verification");
    const { work } = await it.steps();
    const first = await work("fix_upload_limit", it.start);
    expect(first).toMatchObject({ end: "success", paths: ["config.json"] });
    const red = await it.verify(first.commit);
    expect(red.code).toBe(1);
    expect(red.text).toContain("nginx lets through exactly what the service takes");
    // The attempt may start from the base or build on its earlier work.
    for (const base of [it.start, first.commit]) {
      const second = await work("fix_upload_limit", base, { attempt: 2, lastFailure: red.text });
      expect(second.end).toBe("success");
      expect(await it.verify(second.commit)).toMatchObject({ code: 0 });
    }
  });
});

describe("a plan with a cycle", () => {
  test("B-05 is refused to the planner, which gives up and delivers nothing", async () => {
    const it = await open("cycle");
    const { end, plan, calls, output } = await it.plan();
    expect(calls).toEqual([
      {
        title: "call enki_execution_create",
        status: "failed",
        text: "steps form a cycle: fix_upload_limit -> document_limit -> test_upload -> fix_upload_limit",
      },
    ]);
    expect({ end, plan }).toEqual({ end: "failed", plan: null });
    expect(output).toContain("I cannot find an order");
  });
});

describe("faults and failures of a worker", () => {
  test("B-11 it crashes three times with its exit code and without delivering changes; the fourth attempt works", async () => {
    const it = await open("crash");
    const { work } = await it.steps();
    for (const attempt of [1, 2, 3]) {
      expect(await work("fix_upload_limit", it.start, { attempt })).toMatchObject({
        end: "crashed",
        why: `the agent exited with ${10 + attempt}. The end of its transcript may say why; test the agent with enki doctor --agent.`,
        paths: [],
        kept: ["nginx.conf"],
      });
    }
    const fourth = await work("fix_upload_limit", it.start, { attempt: 4 });
    expect(fourth).toMatchObject({ end: "success", paths: ["config.json", "nginx.conf"] });
    expect(await it.verify(fourth.commit)).toMatchObject({ code: 0 });
  });

  test("B-12 it hangs until its time limit", async () => {
    const it = await open("hang");
    const { work } = await it.steps();
    // The limit expires before the agent's start; test/job/agent covers the end of a running session.
    expect(await work("fix_upload_limit", it.start, { timeoutMs: 0 })).toMatchObject({ end: "timed-out", paths: [] });
  });

  test("B-13 it reports nothing and changes nothing", async () => {
    const it = await open("silent");
    const { work } = await it.steps();
    expect(await work("fix_upload_limit", it.start)).toMatchObject({
      end: "failed",
      why: "The agent ended without a change and without saying why.",
      said: "",
      calls: [],
    });
  });

  test("B-14 it reports nothing-to-do with a reason, and later steps can run", async () => {
    const it = await open("unchanged");
    const { work } = await it.steps();
    const unchanged = await work("fix_upload_limit", it.start);
    expect(unchanged).toMatchObject({
      end: "unchanged",
      paths: [],
      outcome: { kind: "nothing-to-do", reason: "The limit is as it should be." },
    });
    expect(await work("document_limit", unchanged.commit)).toMatchObject({ end: "success", paths: ["docs/operations.md"] });
  });
});
