import type { PermissionOption } from "@agentclientprotocol/sdk";
import { describe, expect, test } from "vitest";
import { answerPermission, type AskedCall, type Rights } from "../../src/agent/permission.ts";

const REPORT = "/w/.enki/artifacts/abcdef/look.md";
const READER: Rights = { canEdit: false, tools: null, report: REPORT };

const options: readonly PermissionOption[] = [
  { optionId: "always", name: "Always", kind: "allow_always" },
  { optionId: "yes", name: "Yes", kind: "allow_once" },
  { optionId: "no", name: "No", kind: "reject_once" },
];

const ask = (call: AskedCall, rights: Rights = READER, offered = options) =>
  answerPermission({ call, options: offered, isReport: (path) => path === rights.report }, rights).outcome;

const YES = { outcome: "selected", optionId: "yes" };
const NO = { outcome: "selected", optionId: "no" };

describe("a step that leaves a report may write exactly that file", () => {
  test.each<[string, AskedCall]>([
    ["named as a location", { kind: "edit", locations: [{ path: REPORT }] }],
    ["named in its input", { kind: "edit", rawInput: { file_path: REPORT, content: "x" } }],
    ["shown as a difference, with no kind", { content: [{ type: "diff", path: REPORT, newText: "x" }] }],
  ])("%s", (_, call) => {
    expect(ask(call)).toEqual(YES);
  });

  test("whatever kind of permission is offered", () => {
    expect(ask({ kind: "edit", locations: [{ path: REPORT }] }, READER, options.slice(0, 1))).toEqual({
      outcome: "selected",
      optionId: "always",
    });
    expect(ask({ kind: "edit", locations: [{ path: "/w/a" }] }, READER, options.slice(0, 2))).toEqual({ outcome: "cancelled" });
  });

  test.each<[string, AskedCall]>([
    ["another file", { kind: "edit", locations: [{ path: "/w/src/a.ts" }] }],
    ["a file that it does not name", { kind: "edit", rawInput: { content: "x" } }],
    ["the report and another file", { kind: "edit", locations: [{ path: REPORT }], rawInput: { file_path: "/w/src/a.ts" } }],
    ["several edits of which one is elsewhere", { kind: "edit", rawInput: { edits: [{ path: REPORT }, { path: "/w/a" }] } }],
    ["a deletion of it", { kind: "delete", locations: [{ path: REPORT }] }],
    ["an edit that calls itself something else", { kind: "other", content: [{ type: "diff", path: "/w/a", newText: "x" }] }],
  ])("and not %s", (_, call) => {
    expect(ask(call)).toEqual(NO);
  });

  test("and a step without one writes no file", () => {
    expect(ask({ kind: "edit", locations: [{ path: REPORT }] }, { ...READER, report: null })).toEqual(NO);
  });
});

describe("a role with a list of tools", () => {
  const limited: Rights = { canEdit: true, tools: ["read", "write"], report: null };
  test.each<[string, AskedCall]>([
    ["fetches nothing", { kind: "fetch" }],
    ["fetches nothing under another name", { kind: "other", rawInput: { url: "http://localhost/" } }],
    ["runs nothing without a kind", { rawInput: { command: "rm -rf /" } }],
    ["does not change its mode", { kind: "switch_mode" }],
  ])("%s", (_, call) => {
    expect(ask(call, limited)).toEqual(NO);
  });

  test("calls Enki's own tools", () => {
    expect(ask({ kind: "other", rawInput: { status: "reading" } }, limited)).toEqual(YES);
  });
});

test("a step with all tools may fetch", () => {
  expect(ask({ kind: "fetch" }, { canEdit: true, tools: null, report: null })).toEqual(YES);
});
