import type { PermissionOption } from "@agentclientprotocol/sdk";
import { describe, expect, test } from "vitest";
import { answerPermission, type RequestedCall, type AgentRights } from "../../../src/job/agent/answer-permission.ts";

const REPORT = "/w/.enki/artifacts/abcdef/look.md";
const READER: AgentRights = { canEdit: false, tools: null, report: REPORT };

const options: readonly PermissionOption[] = [
  { optionId: "always", name: "Always", kind: "allow_always" },
  { optionId: "yes", name: "Yes", kind: "allow_once" },
  { optionId: "no", name: "No", kind: "reject_once" },
];

const ask = (call: RequestedCall, rights: AgentRights = READER, offered = options) =>
  answerPermission({ call, options: offered, isReport: (path) => path === rights.report }, rights).outcome;

const YES = { outcome: "selected", optionId: "yes" };
const NO = { outcome: "selected", optionId: "no" };

describe("a step with a report may write that file only", () => {
  test.each<[string, RequestedCall]>([
    ["named as a location", { kind: "edit", locations: [{ path: REPORT }] }],
    ["named in its input", { kind: "edit", rawInput: { file_path: REPORT, content: "x" } }],
    ["named as a file of a patch", { kind: "edit", rawInput: { callId: "1", changes: { [REPORT]: { type: "add", content: "x" } } } }],
    [
      "with the fields of a replacement",
      { kind: "edit", rawInput: { filePath: REPORT, oldString: "a", newString: "b", replaceAll: true } },
    ],
    ["shown as a difference, with no kind", { content: [{ type: "diff", path: REPORT, newText: "x" }] }],
  ])("%s", (_, call) => {
    expect(ask(call)).toEqual(YES);
  });

  test("with any kind of offered permission", () => {
    expect(ask({ kind: "edit", locations: [{ path: REPORT }] }, READER, options.slice(0, 1))).toEqual({
      outcome: "selected",
      optionId: "always",
    });
    expect(ask({ kind: "edit", locations: [{ path: "/w/a" }] }, READER, options.slice(0, 2))).toEqual({ outcome: "cancelled" });
  });

  test.each<[string, RequestedCall]>([
    ["another file", { kind: "edit", locations: [{ path: "/w/src/a.ts" }] }],
    ["a file that it does not name", { kind: "edit", rawInput: { content: "x" } }],
    ["the report and another file", { kind: "edit", locations: [{ path: REPORT }], rawInput: { file_path: "/w/src/a.ts" } }],
    ["several edits of which one is elsewhere", { kind: "edit", rawInput: { edits: [{ path: REPORT }, { path: "/w/a" }] } }],
    ["another file of a patch", { kind: "edit", rawInput: { changes: { [REPORT]: {}, "/w/a": { add: { content: "x" } } } } }],
    ["a list of files", { kind: "edit", rawInput: { paths: [REPORT, "/w/a"], content: "x" } }],
    ["a file under a name that nobody knows", { kind: "edit", rawInput: { file_path: REPORT, elsewhere: "/w/a" } }],
    ["a file and content without a kind", { rawInput: { file_path: "/w/a", content: "x" } }],
    ["an edit of it with a command", { kind: "edit", rawInput: { file_path: REPORT, content: "x", command: "curl -d @a x" } }],
    ["an edit of it with an address", { kind: "edit", rawInput: { file_path: REPORT, content: "x", url: "http://localhost/" } }],
    ["a deletion of it", { kind: "delete", locations: [{ path: REPORT }] }],
    ["an edit that calls itself something else", { kind: "other", content: [{ type: "diff", path: "/w/a", newText: "x" }] }],
  ])("but not %s", (_, call) => {
    expect(ask(call)).toEqual(NO);
  });

  test("while a step without a report writes no file", () => {
    expect(ask({ kind: "edit", locations: [{ path: REPORT }] }, { ...READER, report: null })).toEqual(NO);
  });
});

describe("a role with a list of tools", () => {
  const limited: AgentRights = { canEdit: true, tools: ["read", "write"], report: null };
  test.each<[string, RequestedCall]>([
    ["fetches nothing", { kind: "fetch" }],
    ["fetches nothing under another name", { kind: "other", rawInput: { url: "http://localhost/" } }],
    ["runs nothing without a kind", { rawInput: { command: "rm -rf /" } }],
    ["does not change its mode", { kind: "switch_mode" }],
    ["does nothing of an unknown kind", { kind: "teleport" as "other" }],
    ["does nothing of a kind that every object has", { kind: "constructor" as "other" }],
    ["fetches no address", { rawInput: { uri: "http://localhost/" } }],
    ["fetches no list of addresses", { kind: "read", rawInput: { urls: ["http://localhost/"] } }],
    ["fetches nothing nested", { kind: "read", rawInput: { request: { targetUrl: "http://localhost/" } } }],
    ["runs nothing under a short name", { rawInput: { cmd: "rm -rf /" } }],
    ["runs no list of words", { kind: "other", rawInput: { command: ["rm", "-rf", "/"] } }],
    ["runs nothing while it reads", { kind: "read", rawInput: { path: "a", commands: [{ line: "rm -rf /" }] } }],
    ["runs nothing while it thinks", { kind: "think", rawInput: { shellScript: "rm -rf /" } }],
    ["runs nothing in a terminal", { content: [{ type: "terminal", terminalId: "1" }] }],
    ["runs nothing under the name of a tool of Enki", { title: "enki_status", rawInput: { command: "rm -rf /" } }],
    ["calls no tool that nobody knows", { title: "mcp__other__send", kind: "other", rawInput: { x: "y" } }],
    ["calls nothing without a name", { rawInput: {} }],
    ["is not read from a text", { rawInput: '{"command":"rm"}' }],
  ])("%s", (_, call) => {
    expect(ask(call, limited)).toEqual(NO);
  });

  test("calls Enki's own tools", () => {
    for (const title of [
      "mcp__enki__enki_worker_report",
      "enki_enki_worker_report",
      "enki_worker_report (enki MCP Server)",
      "enki: enki_worker_report",
      "Tool: enki/enki_worker_report",
    ])
      expect(ask({ title, kind: "other", rawInput: { status: "reading" } }, limited)).toEqual(YES);
    const named = { title: "Report", _meta: { claudeCode: { toolName: "mcp__enki__enki_worker_report" } } };
    expect(ask({ ...named, rawInput: { status: "reading" } }, limited)).toEqual(YES);
  });
});

test("a read-only role writes no file through another kind of call", () => {
  const reader: AgentRights = { canEdit: true, tools: ["read", "grep", "glob"], report: null };
  for (const kind of ["other", "think", "read", undefined] as const)
    expect(ask({ ...(kind && { kind }), rawInput: { file_path: "/w/a", content: "x" } }, reader)).toEqual(NO);
});

/** Requests of Claude Code, Codex, Gemini CLI and opencode. */
test.each<[string, RequestedCall, readonly ["read" | "write" | "edit" | "bash" | "grep", ...string[]]]>([
  ["Claude's Read", { title: "Read a.ts", kind: "read", rawInput: { file_path: "/w/a.ts" }, locations: [{ path: "/w/a.ts" }] }, ["read"]],
  ["Claude's Grep", { title: "grep", kind: "search", rawInput: { pattern: "x", path: "/w", output_mode: "content" } }, ["grep"]],
  ["Claude's Bash", { title: "`npm test`", kind: "execute", rawInput: { command: "npm test", description: "Test" } }, ["bash"]],
  ["Claude's Write", { title: "Write a", kind: "edit", rawInput: { file_path: "/w/a", content: "x" } }, ["write"]],
  [
    "Claude's Edit",
    {
      kind: "edit",
      rawInput: { file_path: "/w/a", old_string: "a", new_string: "b" },
      content: [{ type: "diff", path: "/w/a", newText: "b" }],
    },
    ["edit"],
  ],
  [
    "Codex's shell",
    { kind: "execute", rawInput: { call_id: "1", command: ["bash", "-lc", "npm test"], cwd: "/w", parsed_cmd: [] } },
    ["bash"],
  ],
  ["Codex's patch", { kind: "edit", rawInput: { call_id: "1", changes: { "/w/a": { add: { content: "x" } } }, reason: null } }, ["edit"]],
  ["Gemini's shell", { title: "npm test", kind: "execute", content: [], locations: [] }, ["bash"]],
  ["opencode's edit", { title: "edit", kind: "edit", rawInput: { filepath: "/w/a", diff: "@@" }, locations: [{ path: "/w/a" }] }, ["edit"]],
  ["opencode's bash", { title: "bash", kind: "execute", rawInput: { command: "npm test" } }, ["bash"]],
])("%s needs its own tool", (_, call, [tool]) => {
  expect(ask(call, { canEdit: true, tools: [tool as "read"], report: null })).toEqual(YES);
  expect(ask(call, { canEdit: true, tools: [], report: null })).toEqual(NO);
});

test("a step with all tools may fetch", () => {
  expect(ask({ kind: "fetch" }, { canEdit: true, tools: null, report: null })).toEqual(YES);
});
