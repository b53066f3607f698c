import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { prepareAgentEnv, mayEdit } from "../../src/job/job-environment.ts";
import { serveStdio } from "../../src/job/tools/serve-streams.ts";
import { listTools } from "../../src/job/tools/call-tool.ts";
import { readJobResult } from "../../src/storage/ledger/read-job-result.ts";
import type { PersonCommand, RecordedCommand } from "../../src/core/domain/command.ts";
import { plan, step } from "../support/build.ts";
import { config } from "../support/config.ts";
import { openToolBox, researcher, TOOLS_OF, view } from "../support/tools.ts";
import { openStory } from "./story.ts";

const planned = (id: string, over: Record<string, unknown> = {}) => ({ id, title: `Do ${id}`, description: "d", ...over });
const create = async (steps: unknown[]) => {
  const box = openToolBox();
  return { ...(await box.call("enki_execution_create", { steps })), recorded: box.recorded };
};
const refused = (text: string) => ({ isError: true, text, recorded: [] });

test("M-01 enki_task_create is not available to a worker; a missing tool is unknown", async () => {
  const { call, recorded } = openToolBox({ toolSet: "worker" });
  expect(await call("enki_task_create", { title: "t" })).toMatchObject({
    isError: true,
    text: "tool 'enki_task_create' is not available for role 'worker'",
    structured: { code: "not-available" },
  });
  expect(await call("enki_nothing")).toMatchObject({
    isError: true,
    text: "unknown tool 'enki_nothing'",
    structured: { code: "unknown-tool" },
  });
  expect(recorded).toEqual([]);
});

test("M-02 a read-only worker has ten tools without enki_edit_file", () => {
  const names = listTools({ toolSet: "worker", canEdit: false }).map(({ name }) => name);
  expect(names).toEqual(TOOLS_OF.N);
  expect(names).toHaveLength(10);
  expect(names).not.toContain("enki_edit_file");
});

test("M-04 a planner has every planning tool of the seed, including enki_resume and enki_execution_add_steps", () => {
  const names = listTools({ toolSet: "planner", canEdit: false }).map(({ name }) => name);
  expect(names).toEqual(TOOLS_OF.P);
  expect(names).toEqual(expect.arrayContaining(["enki_resume", "enki_execution_add_steps"]));
});

test("M-05 an unknown method with an id is answered with -32601, a notification with nothing", async () => {
  const { context } = openToolBox();
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  const served = serveStdio({ context, stdin, stdout });
  for (const message of [{ method: "enki/nothing" }, { id: 1, method: "enki/nothing" }, { id: 2, method: "ping" }])
    stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  stdin.end();
  await served;
  const answers = String(stdout.read())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id?: number; error?: { code: number } });
  expect(answers.toSorted((a, b) => Number(a.id) - Number(b.id))).toMatchObject([
    { id: 1, error: { code: -32601 } },
    { id: 2, result: {} },
  ]);
});

describe("a plan is refused with the reason, and nothing is recorded", () => {
  test("M-06 without a step", async () => {
    expect(await create([])).toMatchObject(refused("steps array must not be empty"));
  });
  test("M-07 with two steps of one id", async () => {
    expect(await create([planned("a"), planned("a")])).toMatchObject(refused("duplicate step id: a"));
  });
  test("M-08 with a need that is neither a step nor a task", async () => {
    expect(await create([planned("a", { needs: ["ghost"] })])).toMatchObject(refused("step 'a' depends on unknown step 'ghost'"));
    const task = { task: "abc123-ghost" };
    expect(await create([planned("a", { needs: [task] })])).toMatchObject(refused("step 'a' depends on unknown task 'abc123-ghost'"));
  });
  test("M-09 with a step that needs itself", async () => {
    expect(await create([planned("a", { needs: ["a"] })])).toMatchObject(refused("step 'a' cannot depend on itself"));
  });
  test("M-12 with a step without a description; a task without one is accepted", async () => {
    expect(await create([{ id: "a", title: "t" }])).toMatchObject(refused("each step must have a 'description'"));
    const { call, recorded } = openToolBox();
    expect(await call("enki_task_create", { title: "Rename it" })).toMatchObject({ isError: false });
    expect(recorded).toMatchObject([{ kind: "create-task", step: { title: "Rename it", description: "Rename it" } }]);
  });
  test("M-13 with a cycle", async () => {
    const cycle = [planned("a", { needs: ["b"] }), planned("b", { needs: ["a"] })];
    expect(await create(cycle)).toMatchObject(refused("steps form a cycle: a -> b -> a"));
  });
  test.each([[{ foo: 1 }], [{ step: "a", condition: "later" }], [{ task: "abc123-a", condition: "later" }], [7], [null]])(
    "M-14 with a need of the form %j",
    async (need) => {
      const answer = await create([planned("a"), planned("b", { needs: [need] })]);
      expect(answer).toMatchObject({ isError: true, structured: { code: "bad-need" }, recorded: [] });
    },
  );
  test("M-19 with an unknown role: the answer lists the known ones", async () => {
    const answer = await create([planned("a", { role: "no_such_role" })]);
    expect(answer).toMatchObject(refused("step 'a' has unknown role 'no_such_role'; roles: researcher"));
    const { call } = openToolBox();
    expect(await call("enki_task_create", { title: "t", role: "no_such_role" })).toMatchObject({
      isError: true,
      structured: { code: "unknown-role" },
    });
  });
  test("M-23 with a path as an id", async () => {
    expect(await create([planned("../x")])).toMatchObject(refused("step id '../x' must match [a-z0-9][a-z0-9_-]{0,62}"));
  });
});

const two = plan(step("fix"), step("test", { needs: ["fix"] }));

test("M-15 pause, cancel, resume, dag and add_steps accept the id of enki_execution_create verbatim", async () => {
  const story = openStory();
  await story.say({ kind: "do", text: "make it so" });
  const planner = story.tools("plan/");
  const { structured } = await planner.call("enki_execution_create", { steps: [planned("a")] });
  const id = structured["execution"] as string;
  expect(id).toBe(story.execution().id);
  await story.end("plan/", { end: "success", tools: planner.recorded });
  await story.say({ kind: "approve-plan", plan: story.execution().plan ?? "" });
  const next = openToolBox({ executions: story.views() });
  for (const tool of ["pause", "cancel", "resume"]) {
    expect([tool, (await next.call(`enki_${tool}`, { execution_id: id })).isError]).toEqual([tool, false]);
  }
  expect((await next.call("enki_dag", { execution_id: id })).text).toContain("a [");
  expect((await next.call("enki_execution_add_steps", { execution_id: id, steps: [planned("b", { needs: ["a"] })] })).isError).toBe(false);
  expect(next.recorded.map(({ kind }) => kind)).toEqual(["pause", "cancel", "resume", "add-steps"]);
});

test.each(["pause", "cancel", "resume"])("M-16 enki_%s of an unknown target is an error, and nothing is recorded", async (tool) => {
  const { call, recorded } = openToolBox({ executions: [view("abc123", { fix: "running" })] });
  expect(await call(`enki_${tool}`, { execution_id: "ffffff" })).toMatchObject({ isError: true, structured: { code: "unknown-target" } });
  expect(await call(`enki_${tool}`, { execution_id: "abc123", step_id: "ghost" })).toMatchObject({ isError: true });
  expect(await call(`enki_${tool}`, {})).toMatchObject({ isError: true, text: "missing required parameter: execution_id" });
  expect(recorded).toEqual([]);
});

test("M-17 a running task cannot be retried, with the same message as the command's", async () => {
  const story = openStory();
  await story.run(two);
  const task = `${story.execution().id}-fix`;
  const { call, recorded } = openToolBox({ executions: story.views() });
  const { text, isError } = await call("enki_task_retry", { task_id: task });
  expect({ text, isError }).toEqual({ text: `\`${task}\` is 'running', not 'failed' — can only retry failed tasks`, isError: true });
  expect(recorded).toEqual([]);
  await story.say({ kind: "retry", target: task });
  expect(story.replies().at(-1)).toContain("is 'running', not 'failed' — can only retry failed tasks");
});

test("M-18 an ambiguous prefix of a task id lists the matches, an unknown one is not found", async () => {
  const executions = [view("abc123", { test_a: "failed", test_b: "failed", fix: "failed" }), view("abc999", {})];
  const { call, recorded } = openToolBox({ executions });
  const ambiguous = await call("enki_task_retry", { task_id: "abc123-test" });
  expect(ambiguous).toMatchObject({ isError: true, structured: { code: "ambiguous-target" } });
  expect(ambiguous.text).toMatch(/abc123-test_a.*abc123-test_b/);
  const unknown = await call("enki_task_retry", { task_id: "abc123-nothing" });
  expect(unknown).toMatchObject({ isError: true, structured: { code: "unknown-target" } });
  expect(unknown.text).toContain("not found");
  expect(recorded).toEqual([]);
  expect((await call("enki_task_retry", { task_id: "abc123-fi" })).isError).toBe(false);
  expect(recorded).toEqual([{ kind: "retry", target: "abc123-fix" }]);
});

test("M-20 the role of a step reaches its worker: that role's prompt, rights and tools", async () => {
  const roles = { researcher: { ...researcher, systemPrompt: "You read and report." } };
  const story = openStory({ config: config({ roles }) });
  await story.say({ kind: "do", text: "look" });
  const planner = story.tools("plan/");
  await planner.call("enki_execution_create", { steps: [planned("look", { role: "researcher" })] });
  await story.end("plan/", { end: "success", tools: planner.recorded });
  await story.say({ kind: "approve-plan", plan: story.execution().plan ?? "" });
  const spec = story.spec("work/");
  expect(spec).toMatchObject({ role: { name: "researcher", systemPrompt: "You read and report." }, toolSet: "worker" });
  expect(mayEdit(spec)).toBe(false);
  expect(listTools({ toolSet: "worker", canEdit: mayEdit(spec) }).map(({ name }) => name)).toEqual(TOOLS_OF.N);
  const texts = { directory: "/job/texts", report: "/job/texts/look.md", workspaceRoot: "/job" };
  const env = prepareAgentEnv({}, spec, { variables: {}, home: "/job/home", texts });
  expect(env).toMatchObject({ ENKI_ROLE: "researcher", ENKI_ARTIFACT: "/job/texts/look.md", ENKI_INPUTS: "/job/texts" });
});

describe("a recorded command", () => {
  test("takes effect when the result is accepted: a task and a quick task, under the printed ids", async () => {
    const story = openStory();
    await story.say({ kind: "do", text: "make it so" });
    const planner = story.tools("plan/");
    const task = await planner.call("enki_task_create", { title: "Rename it", tier: "light" });
    const quick = await planner.call("enki_quick_task", { prompt: "Fix the typo" });
    expect(task.text).toContain("recorded, takes effect when this job's result is accepted");
    expect(story.executions()).toHaveLength(1);
    await story.end("plan/", { end: "success", tools: planner.recorded });
    expect(story.execution().state).toBe("done");
    expect(story.executions().slice(1)).toMatchObject([
      { id: task.structured["execution"], state: "proposed", request: "Rename it" },
      { id: quick.structured["execution"], state: "proposed", request: "Fix the typo", quick: true },
    ]);
    expect(story.state.closed.size).toBe(0);
    await story.say({ kind: "approve-plan", plan: story.executions()[2]?.plan ?? "" });
    expect(story.spec(`work/${String(quick.structured["task"])}`)).toMatchObject({ toolSet: "sidecar", step: { tier: "light" } });
  });

  test("retry and cancel of a planner are checked again when its result is accepted", async () => {
    const story = openStory();
    await story.run(two);
    const { id } = story.execution();
    await story.end("work/", { end: "failed" });
    expect(story.step("fix")?.state).toBe("failed");
    await story.say({ kind: "do", text: "again" });
    // The first request has ended, so the new request starts a second execution, whose planner sees both.
    const planner = story.tools("plan/");
    expect((await planner.call("enki_task_retry", { task_id: `${id}-fix` })).isError).toBe(false);
    await story.say({ kind: "cancel", target: `${id}-fix` });
    await story.end("plan/", { end: "success", tools: [...planner.recorded, { kind: "propose", plan: plan(step("other")) }] });
    expect(story.step("fix")?.state).toBe("cancelled");
    expect(story.notes().join("\n")).toContain("recorded 'retry' without effect");
  });

  test.each<[string, RecordedCommand]>([
    ["cancels", { kind: "cancel", target: null }],
    ["proposes", { kind: "propose", plan: two }],
    ["stops", { kind: "stop" }],
    ["makes a task", { kind: "create-task", step: step("task") }],
    ["closes what is kept for later", { kind: "backlog-pick", issue: 7 }],
    // A bundle made by hand may contain commands that no tool records.
    ["approves", { kind: "approve-plan", plan: "f".repeat(64) } satisfies PersonCommand as never],
  ])("has no effect if a worker's bundle %s, which is noted", async (_, command) => {
    const story = openStory();
    story.state.backlog.push({ issue: 7, title: "t", body: "b", created: 1, open: true, reason: "" });
    await story.run(two);
    await story.end("work/", { end: "success", tools: [command] });
    expect(story.executions()).toHaveLength(1);
    expect(story.execution().state).toBe("running");
    expect(story.step("fix")?.state).not.toBe("cancelled");
    expect(story.state.backlog[0]?.open).toBe(true);
    expect(story.notes().join("\n")).toContain(`recorded '${command.kind}' without effect: its tools may not record '${command.kind}'`);
  });

  test("every recordable command is read back from a result, and no other", async () => {
    const worker = openToolBox({
      toolSet: "worker",
      box: { address: "worker/abc123-fix" },
      executions: [view("abc123", { fix: "running" })],
    });
    await worker.call("enki_mail_send", { to: "coordinator", subject: "s", body: "b" });
    await worker.call("enki_worker_report", { status: "reading" });
    const planner = openToolBox({
      executions: [view("abc123", { fix: "failed" }, { state: "failed" }), view("def456", { go: "running" })],
    });
    await planner.call("enki_execution_create", { steps: [planned("a")] });
    await planner.call("enki_execution_add_steps", { execution_id: "def456", steps: [planned("b", { needs: ["go"] })] });
    await planner.call("enki_task_create", { title: "t", needs: ["def456-go"] });
    await planner.call("enki_task_retry", { task_id: "abc123-fix" });
    for (const tool of ["pause", "resume", "cancel"]) await planner.call(`enki_${tool}`, { execution_id: "def456" });
    await planner.call("enki_stop_all");
    await planner.call("enki_quick_task", { prompt: "p" });
    await planner.call("enki_backlog_add", { body: "later" });
    expect(planner.recorded).toHaveLength(10);
    const result = (tools: unknown) =>
      readJobResult(
        JSON.stringify({
          format: 2,
          job: "plan/abc123/1",
          run: 1,
          baseCommit: "a".repeat(40),
          end: "success",
          reason: "",
          output: "",
          artifact: null,
          files: [],
          spent: 0,
          tools,
        }),
      );
    expect(result([...planner.recorded, ...worker.recorded])?.tools).toEqual([...planner.recorded, ...worker.recorded]);
    expect(result([{ kind: "approve-plan", plan: "f".repeat(64) }])).toBeNull();
    expect(result([{ kind: "reply", mail: "abcdef", text: "yes" }])).toBeNull();
  });
});

describe("steps that are added", () => {
  const executions = [view("abc123", { fix: "running" }), view("def456", { old: "done" }, { state: "done" })];
  test.each([
    ["that are there already", "abc123", [planned("fix")], "step id 'fix' already exists in this execution"],
    ["none", "abc123", [], "steps array must not be empty"],
    ["that need nobody", "abc123", [planned("b", { needs: ["ghost"] })], "step 'b' depends on unknown step 'ghost'"],
    ["to what is over", "def456", [planned("b")], "execution def456 is done: no steps can be added to it"],
  ])("%s are refused", async (_, execution, steps, text) => {
    const { call, recorded } = openToolBox({ executions });
    expect(await call("enki_execution_add_steps", { execution_id: execution, steps })).toMatchObject({ isError: true, text });
    expect(recorded).toEqual([]);
  });
});

describe("the backlog", () => {
  const item = { issue: 7, title: "Old thing", body: "Words", created: 1, open: true, reason: "" };
  test("consists of the labelled issues: added, changed, removed and picked when the planner's result is accepted", async () => {
    const story = openStory();
    story.state.backlog.push(item, { ...item, issue: 8 }, { ...item, issue: 9 });
    await story.say({ kind: "do", text: "make it so" });
    const { call, recorded } = story.tools("plan/");
    expect((await call("enki_backlog_list")).text.split("\n")[0]).toMatch(/^7 \| Old thing \| 1970-01-01/);
    expect(await call("enki_backlog_pick", { id: "#7" })).toMatchObject({ isError: false, text: "Words" });
    await call("enki_backlog_remove", { id: "8" });
    await call("enki_backlog_update", { id: "9", body: "Other words\n@someone" });
    await call("enki_backlog_add", { body: "New thing\nwith more" });
    expect(await call("enki_backlog_pick", { id: "77" })).toMatchObject({ isError: true, text: "not found: backlog item 77" });
    expect(story.state.backlog.filter(({ open }) => open)).toHaveLength(3);
    await story.end("plan/", { end: "success", tools: [...recorded, { kind: "propose", plan: two }] });
    expect(story.state.backlog).toMatchObject([
      { issue: 7, open: false, reason: "completed" },
      { issue: 8, open: false, reason: "not_planned" },
      { issue: 9, open: true, title: "Other words", body: "> Other words\n> @\u200bsomeone" },
      { issue: 503, open: true, title: "New thing" },
    ]);
  });

  test("loses the pick of a crashed job: the item stays open for the next planner", async () => {
    const story = openStory();
    story.state.backlog.push({ ...item });
    await story.say({ kind: "do", text: "make it so" });
    const { call, recorded } = story.tools("plan/");
    await call("enki_backlog_pick", { id: "7" });
    await story.end("plan/", { end: "crashed", tools: recorded });
    await story.later();
    expect(story.state.backlog[0]?.open).toBe(true);
    expect((await story.tools("plan/").call("enki_backlog_pick", { id: "7" })).text).toBe("Words");
  });

  test("never touches an issue without the label, whatever a bundle says", async () => {
    const story = openStory();
    await story.say({ kind: "do", text: "make it so" });
    story.state.backlog.push({ ...item });
    await story.end("plan/", {
      end: "success",
      tools: [
        { kind: "backlog-remove", issue: 7 },
        { kind: "propose", plan: two },
      ],
    });
    expect(story.state.backlog[0]?.open).toBe(true);
    expect(story.notes().join("\n")).toContain("recorded 'backlog-remove' without effect: not found: backlog item 7");
  });
});
