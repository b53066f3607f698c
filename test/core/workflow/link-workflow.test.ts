import { expect, test } from "vitest";
import { collectWorkflowFiles, linkWorkflow } from "../../../src/core/workflow/link-workflow.ts";
import { listStepsBefore } from "../../../src/core/workflow/node-step.ts";
import { fanWorkflow } from "../../support/fan-workflow.ts";

const open = (text: string) => {
  const files = collectWorkflowFiles("fan", { fan: { text } }, []);
  const flow = linkWorkflow(files);
  if (!flow.ok) throw new Error(flow.refusal.message);
  return { files, flow: flow.value };
};

test("a run that has come further is the same workflow, which is not read again", () => {
  const { files } = open(fanWorkflow(3));
  const first = linkWorkflow(files);
  expect(linkWorkflow({ ...files, state: { round: 2 } } as never)).toBe(first);
  // Loaded again, its texts are the same and the record that holds them is another.
  expect(linkWorkflow({ ...structuredClone(files), state: { round: 3 } } as never)).toBe(first);
});

test("the same texts by another name are another workflow", () => {
  const { files } = open(fanWorkflow(3));
  const both = { ...files.files, other: fanWorkflow(1) };
  const names = (name: string) => {
    const flow = linkWorkflow({ ...files, name, files: both });
    return flow.ok ? flow.value.main.roles.length : 0;
  };
  expect([names("fan"), names("other"), names("fan")]).toEqual([4, 2, 4]);
});

test("who joins builds on all that came before, who begins on nothing", () => {
  const { flow } = open(fanWorkflow(3));
  const path = (role: string) => [{ role, run: 1, item: null }];
  const pieces = Object.fromEntries(["part-1", "part-2", "part-3", "join"].map((role) => [role, path(role)]));
  const before = (role: string, loops: boolean) => listStepsBefore(flow, { nodes: pieces }, { path: path(role), loops });
  expect(before("join", false)).toEqual(["part-1", "part-2", "part-3"]);
  expect(before("part-1", false)).toEqual([]);
  expect(before("part-1", true)).toEqual(["part-1"]);
  expect(before("unknown", true)).toEqual([]);
});
