import { recordedCommandSchema } from "../../../src/storage/ledger/read-job-result.ts";
import { describe, expect, test } from "vitest";
import { listTools } from "../../../src/job/tools/call-tool.ts";
import { openToolBox as open, TOOLS_OF, view } from "../../support/tools.ts";

const step = (id: string, over: Record<string, unknown> = {}) => ({ id, title: "t", description: "d", ...over });

describe("rights", () => {
  test("M-01 refuses a tool of another set and an unknown tool", async () => {
    const { call } = open({ toolSet: "worker" });
    expect(await call("enki_execution_create", { steps: [] })).toMatchObject({
      isError: true,
      text: "tool 'enki_execution_create' is not available for role 'worker'",
    });
    expect(await call("enki_nothing")).toMatchObject({ isError: true, text: "unknown tool 'enki_nothing'" });
  });
  test.each([
    ["planner", true, TOOLS_OF.P],
    ["worker", true, TOOLS_OF.W],
    ["worker", false, TOOLS_OF.N],
    ["merger", true, TOOLS_OF.M],
    ["sidecar", true, TOOLS_OF.S],
  ] as const)("M-02 %s (edits: %s)", (toolSet, canEdit, names) => {
    expect(listTools({ toolSet, canEdit }).map(({ name }) => name)).toEqual(names);
  });
});

describe("hidden characters", () => {
  test.each([
    ["enki_quick_task", { prompt: "fix\u200b it" }, "prompt has U+200B at line 1, column 4: an invisible character."],
    [
      "enki_backlog_add",
      { body: "one\n\u202etwo" },
      "body has U+202E at line 2, column 1: a character that changes the direction of text.",
    ],
    ["enki_task_create", { title: "a\nb" }, "step 'task': title has U+000A at line 1, column 2: a line end."],
    ["enki_execution_create", { steps: [step("fix\u034f")] }, "a step id has U+034F at line 1, column 4: an invisible character."],
    [
      "enki_execution_create",
      { steps: [step("fix", { verify: ["true", "npm test\u001b[2K"] })] },
      "step 'fix': verify[1] has U+001B at line 1, column 9: a control character.",
    ],
  ])("%s refuses them, and names the field, the character and its place", async (tool, args, why) => {
    const { call, recorded } = open();
    const answer = await call(tool, args);
    expect(answer).toMatchObject({ isError: true, text: `${why} Remove it, because people must see what they approve.` });
    expect(answer.structured).toMatchObject({ code: "hidden-character" });
    expect(recorded).toEqual([]);
  });
  test.each([
    ["enki_mail_send", { to: "user", subject: "a\u2066b", body: "c" }, "subject"],
    ["enki_mail_send", { to: "user", subject: "a", body: "c\u{e0063}" }, "body"],
  ])("%s refuses them in the %s", async (tool, args, field) => {
    const { call, recorded } = open({ box: {} });
    expect(await call(tool, args)).toMatchObject({ isError: true, text: expect.stringMatching(`^${field} has U\\+`) });
    expect(recorded).toEqual([]);
  });
  test("enki_worker_report refuses them in a reason and in an answer to a remark", async () => {
    const { call, recorded } = open({ toolSet: "worker" });
    const replies = [{ comment: 1, addressed: true, text: "done\u200d" }];
    expect(await call("enki_worker_report", { outcome: "failed", reason: "no\u0007" })).toMatchObject({ isError: true });
    expect(await call("enki_worker_report", { replies })).toMatchObject({ isError: true });
    expect(recorded).toEqual([]);
  });
});

describe("a command that a comment cannot show completely", () => {
  test.each([
    ["a line of 121 columns", { run: `echo ${"x".repeat(116)}` }, "step 'a': run has 121 columns in line 1; at most 120 are allowed"],
    ["many comment lines", { run: `${"# safe\n".repeat(100)}rm -rf .` }, "step 'a': run has 101 lines; at most 100 are allowed"],
    ["blank lines", { run: "true\n\n\n\n\nrm -rf ." }, "step 'a': run has more than 3 blank lines in a row"],
    ["a blank after a backslash", { verify: ["true \\ \nrm -rf ."] }, "step 'a': verify[0] has a blank at the end of line 1"],
    ["an empty command", { verify: ["\n"] }, "step 'a': verify[0] is empty"],
    ["a blank around a path", { paths: ["src/** "] }, "step 'a': paths[0] begins or ends with a blank"],
  ])("refuses %s, and names the limit", async (_, over, why) => {
    const { call, recorded } = open();
    const answer = await call("enki_execution_create", { steps: [step("a", over)] });
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining(why) });
    expect(recorded).toEqual([]);
  });
});

test.each(["enki_execution_create", "enki_execution_add_steps"])("%s refuses a plan that does not fit on ten pages", async (tool) => {
  const { call, recorded } = open({ maxSteps: 10_000, executions: [view("abc123", { old: "running" })] });
  const steps = Array.from({ length: 250 }, (_, at) => step(`s${at}`, { description: "x".repeat(20_000) }));
  const answer = await call(tool, { steps, ...(tool === "enki_execution_add_steps" && { execution_id: "abc123" }) });
  expect(answer.structured).toMatchObject({ code: "plan-too-long" });
  expect(recorded).toEqual([]);
});

describe("enki_execution_create", () => {
  test.each([
    ["M-06 B-09 no step", [], "steps array must not be empty"],
    ["M-07 B-08 a doubled id", [step("a"), step("a")], "duplicate step id: a"],
    ["M-08 B-06 an unknown need", [step("a", { needs: ["ghost"] })], "step 'a' depends on unknown step 'ghost'"],
    ["M-09 B-07 its own need", [step("a", { needs: ["a"] })], "step 'a' cannot depend on itself"],
    ["M-12 no description", [{ id: "a", title: "t" }], "each step must have a 'description'"],
    ["M-13 B-05 a cycle", [step("a", { needs: ["b"] }), step("b", { needs: ["a"] })], "steps form a cycle: a -> b -> a"],
    ["M-19 an unknown role", [step("a", { role: "no_such_role" })], "step 'a' has unknown role 'no_such_role'; roles: researcher"],
    ["M-23 an id that is a path", [step("../x")], "step id '../x' must match [a-z0-9][a-z0-9_-]{0,62}"],
    ["B-10 too many steps", Array.from({ length: 6 }, (_, at) => step(`s${at}`)), "a plan has at most 5 steps, but this plan has 6"],
    ["an unknown tier", [step("a", { tier: "huge" })], "invalid tier: huge"],
    ["a mistyped tier", [step("a", { tier: "hevy" })], "invalid tier: hevy; did you mean heavy?"],
    ["a model", [step("a", { model: "opus" })], "a step cannot set a model; its tier chooses one: light, standard, heavy"],
  ])("refuses %s with the reason and records nothing", async (_, steps, why) => {
    const { call, recorded } = open();
    expect(await call("enki_execution_create", { steps })).toMatchObject({ isError: true, text: why });
    expect(recorded).toEqual([]);
  });
  test.each([[{ foo: 1 }], [{ step: "a", condition: "later" }], [7]])(
    "M-14 refuses a need of the form %j instead of dropping it",
    async (need) => {
      const { call, recorded } = open();
      const answer = await call("enki_execution_create", { steps: [step("a"), step("b", { needs: [need] })] });
      expect(answer).toMatchObject({ isError: true, structured: { code: "bad-need" } });
      expect(recorded).toEqual([]);
    },
  );
  test("records the plan, with defaults and the role's output", async () => {
    const { call, recorded } = open();
    const answer = await call("enki_execution_create", {
      steps: [step("look", { role: "researcher" }), step("do", { needs: ["look"], tier: "light" })],
    });
    expect(answer).toMatchObject({ isError: false, structured: { steps: ["look", "do"] } });
    expect(recorded).toMatchObject([
      {
        kind: "propose",
        plan: {
          steps: [
            { id: "look", tier: "standard", output: "artifact" },
            { id: "do", needs: [{ step: "look", condition: "merged" }] },
          ],
        },
      },
    ]);
  });
  test("accepts the seed's example as a plan", async () => {
    const { call, recorded } = open();
    await call("enki_execution_create", {
      steps: [
        { id: "fix_upload_limit", title: "Increase upload size limit", description: "Update nginx.conf.", tier: "light", needs: [] },
        {
          id: "test_upload",
          title: "Test large file upload",
          description: "Write integration test.",
          tier: "standard",
          needs: ["fix_upload_limit"],
        },
      ],
    });
    expect(recorded).toHaveLength(1);
  });
});

describe("a worker reports its outcome", () => {
  const worker = () => open({ toolSet: "worker" });
  const reply = { comment: 7, addressed: false, text: "The name is public." };

  test("as an outcome with a reason, with answers to review comments, or as progress", async () => {
    const { call, recorded } = worker();
    expect((await call("enki_worker_report", { status: "reading" })).text).toBe("Status reported: reading");
    expect((await call("enki_worker_report", { outcome: "failed", reason: "No network." })).text).toContain("Outcome recorded: failed.");
    expect((await call("enki_worker_report", { outcome: "done", replies: [reply] })).isError).toBe(false);
    expect(recorded).toEqual([
      { kind: "report", status: "reading" },
      { kind: "report", status: "", outcome: "failed", reason: "No network." },
      { kind: "report", status: "", outcome: "done", replies: [reply] },
    ]);
    expect(recordedCommandSchema.array().safeParse(JSON.parse(JSON.stringify(recorded))).success).toBe(true);
  });

  test.each([
    [{}, "missing required parameter: status"],
    [{ reason: "x" }, "missing required parameter: status"],
    [{ outcome: "nothing-to-do" }, "missing required parameter: reason (why is it nothing-to-do?)"],
    [{ outcome: "blocked", reason: "  " }, "missing required parameter: reason (why is it blocked?)"],
    [{ outcome: "finished" }, "outcome"],
    [{ outcome: "done", replies: [{ ...reply, comment: 0 }] }, "comment"],
  ])("but not as %j", async (args, why) => {
    const { call, recorded } = worker();
    const answer = await call("enki_worker_report", args);
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain(why);
    expect(recorded).toEqual([]);
  });
});
