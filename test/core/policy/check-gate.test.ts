import { expect, test } from "vitest";
import { readActionsWorkflowFile } from "../../../src/core/policy/check-reporters.ts";
import { chooseCheckGate } from "../../../src/core/policy/check-gate.ts";

const ci = (trigger: string) => [readActionsWorkflowFile("ci.yml", `on: ${trigger}\njobs: { build: {} }\n`)].flatMap((file) => file ?? []);
const BUILD = { name: "build", app: null };
const gate = (trigger: string, over: Partial<Parameters<typeof chooseCheckGate>[0]> = {}) =>
  chooseCheckGate({ base: "main", mode: "exact", rules: [BUILD], configured: [], files: ci(trigger), ...over });

test("a push-triggered check is awaited on the candidate, once even if required twice", () => {
  expect(gate("push", { configured: [BUILD] })).toEqual({ ok: true, value: { checks: [BUILD] } });
});

test("`enki/refinery` is never awaited, and is reported if a rule requires it", () => {
  const ours = { name: "enki/refinery", app: "15368" };
  expect(gate("push", { rules: [ours], configured: [{ ...ours, app: null }] })).toEqual({
    ok: true,
    value: { checks: [], ownChecks: ["enki/refinery"] },
  });
  expect(gate("push", { rules: [], configured: [ours] })).toEqual({ ok: true, value: { checks: [] } });
});

test("a check on pull requests only is awaited on heads in mode each, and refused with three remedies in other modes", () => {
  expect(gate("pull_request", { mode: "each" })).toEqual({ ok: true, value: { checks: [], headChecks: [BUILD] } });
  const refused = gate("pull_request");
  expect(refused).toMatchObject({ refusal: { code: "unreported-check", message: expect.stringContaining("`ci.yml`") } });
  expect(refused.ok || refused.refusal.next).toBe(
    'let `ci.yml` run on pushes to `enki/candidate/**`, or give it the trigger `workflow_dispatch`, or set [refinery] landing = "each"',
  );
});

test("a dispatchable check is started on the candidate and repeated as a status for a rule, unless the rule requires the Actions app", () => {
  expect(gate("workflow_dispatch")).toEqual({
    ok: true,
    value: { checks: [BUILD], dispatchedWorkflows: ["ci.yml"], ownChecks: ["build"] },
  });
  expect(gate("workflow_dispatch", { rules: [], configured: [BUILD] })).toEqual({
    ok: true,
    value: { checks: [BUILD], dispatchedWorkflows: ["ci.yml"] },
  });
  const refused = gate("workflow_dispatch", { rules: [{ name: "build", app: "15368" }] });
  expect(refused).toMatchObject({ refusal: { code: "unreported-check" } });
  expect(refused.ok || refused.refusal.next).not.toContain("workflow_dispatch");
});

test("a required Actions check without a job is refused; checks of other apps are accepted", () => {
  const other = { name: "deploy", app: "15368" };
  expect(gate("push", { rules: [other] })).toMatchObject({
    refusal: { code: "unreported-check", message: expect.stringContaining("has a job of that name") },
  });
  expect(
    gate("push", {
      rules: [
        { ...other, app: null },
        { ...other, app: "circleci" },
      ],
    }),
  ).toMatchObject({ ok: true });
});

test("with a merge queue, a rule's check is awaited on the head and must also run on merge groups", () => {
  expect(gate("[pull_request, merge_group]", { mode: "queue" })).toEqual({ ok: true, value: { checks: [], headChecks: [BUILD] } });
  for (const trigger of ["pull_request", "merge_group"])
    expect(gate(trigger, { mode: "queue" })).toMatchObject({
      refusal: { code: "unreported-check", next: expect.stringContaining("merge_group") },
    });
  expect(gate("push", { mode: "queue", rules: [], configured: [BUILD] })).toEqual({ ok: true, value: { checks: [BUILD] } });
  expect(gate("push", { mode: "queue", rules: [{ name: "others", app: null }] })).toMatchObject({
    value: { headChecks: [{ name: "others" }] },
  });
});
