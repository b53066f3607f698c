import { describe, expect, test } from "vitest";
import { listTools } from "../../../src/job/tools/call-tool.ts";
import type { ToolContext } from "../../../src/job/tools/mcp-tool.ts";
import { listOfferedTools } from "../../../src/job/tools/offered-tools.ts";
import { mail, openToolBox, TOOLS_OF, view } from "../../support/tools.ts";

type Over = Parameters<typeof openToolBox>[0];
const offered = (over: Over = {}): string[] => listOfferedTools(openToolBox({ box: {}, ...over }).context).map(({ name }) => name);

/** A planner's tools in a repository without other work. */
const FEW = ["enki_status", "enki_execution_create", "enki_task_create", "enki_quick_task", "enki_mail_send", "enki_backlog_add"];
const own = view("abc123", {}, { state: "planning" });
const MAILS = { mails: [mail("m1", { to: "coordinator", from: "user" })] };
const BACKLOG = [{ issue: 3, title: "t", body: "b", created: 0 }];

describe("a planner is offered", () => {
  test("a handful of tools if there is nothing else to act on", () => {
    expect(offered({ executions: [own] })).toEqual(FEW);
  });

  test.each<[what: string, over: Over, more: string[]]>([
    ["its mail", { box: MAILS }, ["check", "read", "inbox", "reply", "thread"].map((name) => `enki_mail_${name}`)],
    ["the backlog", { backlog: BACKLOG }, ["list", "update", "remove", "pick"].map((name) => `enki_backlog_${name}`)],
    [
      "the steps of its approved plan",
      { executions: [view("abc123", { fix: "running" })] },
      ["enki_task_list", "enki_dag", "enki_execution_add_steps", "enki_pause", "enki_cancel"],
    ],
    [
      "another execution",
      { executions: [own, view("def456", {}, { state: "planning" })] },
      ["enki_execution_add_steps", "enki_pause", "enki_cancel", "enki_stop_all"],
    ],
    ["an ended execution", { executions: [own, view("def456", { fix: "done" }, { state: "done" })] }, ["enki_task_list", "enki_dag"]],
    [
      "a failed one",
      { executions: [own, view("def456", { fix: "failed" }, { state: "failed" })] },
      ["enki_task_list", "enki_dag", "enki_task_retry"],
    ],
    [
      "a paused step",
      { executions: [view("abc123", { fix: "paused" })] },
      ["enki_task_list", "enki_dag", "enki_execution_add_steps", "enki_resume", "enki_pause", "enki_cancel"],
    ],
  ])("the tools for %s if they have something to act on", (_, over, more) => {
    expect(new Set(offered(over))).toEqual(new Set([...FEW, ...more]));
  });

  test("all tools in the end, in their order, and all of them outside a job", () => {
    const executions = [view("abc123", { fix: "paused", test: "failed" }), view("def456", { fix: "running" })];
    expect(offered({ executions, backlog: BACKLOG, box: MAILS })).toEqual(TOOLS_OF.P);
    expect(offered({ job: null })).toEqual(TOOLS_OF.P);
  });
});

test.each(["worker", "merger", "sidecar"] as const)("a %s is offered all of its tools, because mail may arrive", (toolSet) => {
  const names = listTools({ toolSet, canEdit: true }).map(({ name }) => name);
  expect(offered({ toolSet })).toEqual(names);
});

test.each<[tool: string, args: object]>([
  ["enki_cancel", { execution_id: "def456" }],
  ["enki_task_retry", { task_id: "def456-fix" }],
  ["enki_execution_add_steps", { execution_id: "def456", steps: [] }],
  ["enki_backlog_pick", { issue: 9 }],
  ["enki_mail_read", { mail_id: "m9" }],
])("a call of %s, which is not offered, is refused with a reason", async (tool, args) => {
  const given: Partial<ToolContext> = { executions: [own] };
  expect(offered(given)).not.toContain(tool);
  const { call, recorded } = openToolBox({ box: {}, ...given });
  expect(await call(tool, args)).toMatchObject({ isError: true, text: expect.stringMatching(/\w{3}/) as string });
  expect(recorded).toEqual([]);
});
