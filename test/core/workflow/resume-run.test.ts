import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { advanceRun } from "../../../src/core/workflow/advance-run.ts";
import { recordResults, type NodeResult } from "../../../src/core/workflow/record-results.ts";
import { resumeRun } from "../../../src/core/workflow/resume-run.ts";
import type { NodePath } from "../../../src/core/domain/workflow-run.ts";
import type { RunState } from "../../../src/core/workflow/run-state.ts";
import type { Workflow } from "../../../src/core/workflow/workflow.ts";
import { workflow } from "./build.ts";
import { output, play } from "./play.ts";

type Answer = (id: string) => string;

const resultOf = (text: string): NodeResult =>
  text.startsWith("!") ? { state: "failed", error: text.slice(1) } : { state: "done", output: output(text, ["verdict", "items"]) };

/** Resumes a failed run to its end. Returns the repeated nodes, the nodes after them, and the end. */
const goOn = (of: Workflow, state: RunState, answer: Answer, over: { only?: NodePath; others?: readonly Workflow[] } = {}) => {
  const workflows = new Map([of, ...(over.others ?? [])].map((each) => [each.name, each]));
  const resumed = resumeRun({ workflow: of, state, workflows, callPath: [] }, over.only);
  const waves: string[][] = [resumed.nodeRuns.map(({ id }) => id)];
  let at = recordResults(resumed.state, new Map(resumed.nodeRuns.map(({ id }) => [id, resultOf(answer(id))])));
  for (let turn = 0; turn < 100; turn += 1) {
    const next = advanceRun(of, at, workflows);
    if (next.end) return { changed: resumed.changed, waves: waves.filter(({ length }) => length > 0), ended: next.end, state: next.state };
    waves.push(next.readyNodes.map(({ id }) => id));
    at = recordResults(
      JSON.parse(JSON.stringify(next.state)) as RunState,
      new Map(next.readyNodes.map(({ id }) => [id, resultOf(answer(id))])),
    );
  }
  throw new Error("it does not end");
};

const fails =
  (...ids: string[]): Answer =>
  (id) =>
    ids.includes(id) ? "!broken" : `${id} done`;
const works: Answer = (id) => `${id} done`;

describe("a failed run resumes", () => {
  test("with the failed role and the roles skipped because of it; successful roles stay", () => {
    const line = workflow({ roles: ["a", "b", "c", "side"], edges: ["a -> b", "b -> c", "a -> side"] });
    const before = play(line, fails("b"));
    expect(before.ended).toMatchObject({ outcome: "failed", skippedRoles: ["c"] });
    const after = goOn(line, before.state, works);
    expect(after.waves).toEqual([["b"], ["c"]]);
    expect(after.ended).toMatchObject({ outcome: "done", output: { text: "c done" } });
  });

  test("and fails again each time the role fails", () => {
    const line = workflow({ roles: ["a", "b"], edges: ["a -> b"] });
    const first = play(line, fails("a"));
    const second = goOn(line, first.state, fails("b"));
    expect(second.ended.failedRoles).toEqual([{ role: "b", reason: "broken" }]);
    expect(goOn(line, second.state, works).waves).toEqual([["b"]]);
  });

  test("without roles that their own condition skipped", () => {
    const of = workflow({
      roles: ["a", "yes", "no", "end"],
      of: { a: { fields: ["verdict"] }, end: { join: "any" } },
      edges: [`a -> yes if '{{ eq .a.verdict "go" }}'`, "a -> no else", "yes -> end", "no -> end"],
    });
    const answer = (bad: string) => (id: string) => (id === "a" ? "verdict: go" : id === bad ? "!broken" : `${id} done`);
    const before = play(of, answer("yes"));
    const after = goOn(of, before.state, answer(""));
    expect(after.waves).toEqual([["yes"], ["end"]]);
    expect(after.ended.skippedRoles).toEqual(["no"]);
  });

  test("and keeps a failure that an `on: failure` edge handled", () => {
    const of = workflow({ roles: ["a", "mend", "b", "c"], edges: ["a -> mend on: failure", "b -> c"] });
    const before = play(of, fails("a", "c"));
    expect(before.ended.failedRoles.map(({ role }) => role)).toEqual(["c"]);
    expect(goOn(of, before.state, works).waves).toEqual([["c"]]);
    expect(
      resumeRun({ workflow: of, state: before.state, workflows: new Map(), callPath: [] }, [{ role: "a", run: 1, item: null }]).changed,
    ).toBe(false);
  });

  test("in the round of its loop", () => {
    const of = workflow({
      roles: ["code", "check", "end"],
      of: { check: { fields: ["verdict"] } },
      edges: ["code -> check", `check -> code until '{{ eq .check.verdict "LGTM" }}' max 3`, "check -> end"],
    });
    let checks = 0;
    const before = play(of, (id) => (id.startsWith("check") ? "verdict: reject" : id === "code--2r" ? "!broken" : `${id} done`));
    // The failure in the loop's second round ends the loop.
    expect(before.ended.outcome).toBe("failed");
    const after = goOn(of, before.state, (id) =>
      id.startsWith("check") ? `verdict: ${(checks += 1) > 1 ? "LGTM" : "reject"}` : `${id} done`,
    );
    expect(after.waves).toEqual([["code--2r"], ["check--2r"], ["code--3r"], ["check--3r"], ["end"]]);
    expect(after.ended.outcome).toBe("done");
  });

  test("with one more last round if a loop reached its limit", () => {
    const of = workflow({
      roles: ["code", "check", "end"],
      of: { check: { fields: ["verdict"] } },
      edges: ["code -> check", `check -> code until '{{ eq .check.verdict "LGTM" }}' max 2`, "check -> end"],
    });
    const before = play(of, () => "verdict: reject");
    expect(before.ended.failedRoles[0]?.reason).toMatch(/after 2 rounds/);
    const again = goOn(of, before.state, () => "verdict: reject");
    expect(again.waves).toEqual([["code--3r"], ["check--3r"]]);
    expect(again.ended.failedRoles[0]?.reason).toMatch(/after 2 rounds/);
    expect(goOn(of, again.state, () => "verdict: LGTM").waves).toEqual([["code--4r"], ["check--4r"], ["end"]]);
  });

  test("with the failed items of a list only", () => {
    const of = workflow({
      roles: ["plan", "work", "end"],
      of: { plan: { fields: ["items"] }, work: { foreach: "plan.items" } },
      edges: ["plan -> work", "work -> end"],
    });
    const answer = (bad: readonly string[]) => (id: string) =>
      id === "plan" ? 'items: ["x","y","z"]' : bad.includes(id) ? "!broken" : `${id} done`;
    const before = play(of, answer(["work--2i"]));
    expect(before.ended.skippedRoles).toEqual(["end"]);
    const after = goOn(of, before.state, answer([]));
    expect(after.waves).toEqual([["work--2i"], ["end"]]);
    expect(after.state.roles["work"]?.nodeRuns.map((unit) => unit.output.text)).toEqual([
      "work--1i done",
      "work--2i done",
      "work--3i done",
    ]);
    const two = play(of, answer(["work--1i", "work--3i"]));
    const one = goOn(of, two.state, answer([]), { only: [{ role: "work", run: 1, item: 2 }] });
    expect(one.waves).toEqual([["work--3i"]]);
    expect(one.ended.outcome).toBe("failed");
    expect(goOn(of, one.state, answer([])).waves).toEqual([["work--1i"], ["end"]]);
  });

  test("inside of a called workflow", () => {
    const ship = workflow({ name: "ship", roles: ["build", "push", "tell"], edges: ["build -> push", "push -> tell"] });
    const of = workflow({ roles: ["a", "call", "b"], of: { call: { workflow: "ship" } }, edges: ["a -> call", "call -> b"] });
    const before = play(of, fails("call--push"), { others: [ship] });
    expect(before.ended.failedRoles[0]?.role).toBe("call");
    const after = goOn(of, before.state, works, { others: [ship] });
    expect(after.waves).toEqual([["call--push"], ["call--tell"], ["b"]]);
    expect(after.ended.outcome).toBe("done");
    const only = [
      { role: "call", run: 1, item: null },
      { role: "push", run: 1, item: null },
    ];
    expect(goOn(of, before.state, works, { others: [ship], only }).waves).toEqual([["call--push"], ["call--tell"], ["b"]]);
  });

  test("not at all if nothing failed", () => {
    const of = workflow({ roles: ["a", "b"], edges: ["a -> b"] });
    const { state } = play(of, works);
    const resumed = resumeRun({ workflow: of, state, workflows: new Map(), callPath: [] });
    expect(resumed).toMatchObject({ changed: false, nodeRuns: [], state });
  });
});

test("a resumed run on a random graph runs each successful role once, and ends as it would have without the failure", () => {
  const names = Array.from({ length: 8 }, (_, at) => `r${at}`);
  const edges = fc.uniqueArray(fc.tuple(fc.nat(6), fc.nat(6)), { selector: ([a, b]) => `${a} ${a + 1 + b}`, maxLength: 14 });
  fc.assert(
    fc.property(edges, fc.subarray(names, { minLength: 1 }), fc.constantFrom("all", "any"), (pairs, bad, join) => {
      const arrows = pairs.map(([a, b]) => [a, Math.min(7, a + 1 + b)] as const);
      const written = [...new Set(arrows.map(([a, b]) => `r${a} -> r${b}`))];
      const used = names.filter((name) => written.length === 0 || written.some((edge) => edge.split(" -> ").includes(name)));
      const of = workflow({ roles: used, of: Object.fromEntries(used.map((name) => [name, { join }])), edges: written });
      const first = play(of, fails(...bad));
      const whole = play(of, works);
      let state = first.state;
      const did = first.waves.flat().filter((id) => !bad.includes(id));
      if (first.ended.outcome === "failed") {
        const after = goOn(of, state, works);
        expect(after.ended.outcome).toBe("done");
        did.push(...after.waves.flat());
        state = after.state;
      }
      expect(did.toSorted()).toEqual([...new Set(did)].toSorted());
      expect(did.toSorted()).toEqual(whole.waves.flat().toSorted());
      expect(Object.values(state.roles).every((role) => role.state === "done")).toBe(true);
    }),
    { numRuns: runs(300) },
  );
});
