import { expect, test } from "vitest";
import { createWorkflowLinker } from "../../../src/core/workflow/workflow-linker.ts";
import { collectWorkflowFiles, linkWorkflow } from "../../../src/core/workflow/link-workflow.ts";
import { listStepsBefore } from "../../../src/core/workflow/node-step.ts";
import { fanWorkflow } from "../../support/fan-workflow.ts";

const open = (text: string) => {
  const files = collectWorkflowFiles("fan", { fan: { text } }, []);
  const flow = linkWorkflow(files);
  if (!flow.ok) throw new Error(flow.refusal.message);
  return { files, flow: flow.value };
};

test("does not read a workflow again when its run has advanced", () => {
  const { files } = open(fanWorkflow(3));
  const link = createWorkflowLinker();
  const first = link(files);
  expect(link({ ...files, state: { round: 2 } } as never)).toBe(first);
  // After a reload, the texts are equal but in another record.
  expect(link({ ...structuredClone(files), state: { round: 3 } } as never)).toBe(first);
});

test("treats equal texts with another name as another workflow", () => {
  const { files } = open(fanWorkflow(3));
  const both = { ...files.files, other: fanWorkflow(1) };
  const link = createWorkflowLinker();
  const names = (name: string) => {
    const flow = link({ ...files, name, files: both });
    return flow.ok ? flow.value.main.roles.length : 0;
  };
  expect([names("fan"), names("other"), names("fan")]).toEqual([4, 2, 4]);
});

test("a joining role builds on all roles before it, a starting role on none", () => {
  const { flow } = open(fanWorkflow(3));
  const path = (role: string) => [{ role, run: 1, item: null }];
  const pieces = Object.fromEntries(["part-1", "part-2", "part-3", "join"].map((role) => [role, path(role)]));
  const before = (role: string, loops: boolean) => listStepsBefore(flow, { nodes: pieces }, { path: path(role), loops });
  expect(before("join", false)).toEqual(["part-1", "part-2", "part-3"]);
  expect(before("part-1", false)).toEqual([]);
  expect(before("part-1", true)).toEqual(["part-1"]);
  expect(before("unknown", true)).toEqual([]);
});
