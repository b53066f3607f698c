import { readFileSync } from "node:fs";
import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { advanceRun } from "../../../src/core/workflow/advance-run.ts";
import { readWorkflow } from "../../../src/core/workflow/read-workflow.ts";
import { recordResults, type NodeResult } from "../../../src/core/workflow/record-results.ts";
import { renderNode } from "../../../src/core/workflow/render-node.ts";
import { listOpenNodeRuns, createRunState, toNodeRunId } from "../../../src/core/workflow/run-state.ts";
import type { Workflow } from "../../../src/core/workflow/workflow.ts";
import { workflow } from "./build.ts";
import { output, play } from "./play.ts";

const example = (name: string): Workflow => {
  const text = readFileSync(new URL(`examples/${name}.md`, import.meta.url), "utf8");
  const read = readWorkflow({ name, path: `${name}.md`, text, roles: [], models: null });
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.value;
};

const done = (...ids: string[]) => new Map(ids.map((id): [string, NodeResult] => [id, { state: "done", output: output(`${id} done`) }]));

describe("a line", () => {
  test("E-01 passes outputs to the prompts that read them, and returns the output of the last role", () => {
    const { ended, prompts, waves } = play(
      example("build-feature"),
      (id) => ({ planner: "PLAN-OUT", coder: "CODE-OUT" })[id] ?? "REVIEW-OUT",
      { args: "add login" },
    );
    expect(waves).toEqual([["planner"], ["coder"], ["reviewer"]]);
    expect(ended).toMatchObject({ outcome: "done", lastRole: "reviewer", output: { text: "REVIEW-OUT" } });
    expect(prompts["planner"]).toContain("following request:\n\nadd login\n");
    expect(prompts["coder"]).toContain("PLAN-OUT");
    expect(prompts["reviewer"]).toMatch(/PLAN-OUT[\s\S]*CODE-OUT/);
  });

  test("E-02 starts roles without an edge between them together, and the joining role after both", () => {
    expect(play(example("parallel"), (id) => id).waves).toEqual([["read-backend", "read-frontend"], ["synth"]]);
  });

  test("T-09 T-10 fields and the raw text are both read downstream, and a field named output does not hide the raw text", () => {
    const text = 'Prose.\n\n```json\n{"verdict":"LGTM","output":"hidden","skipped":"yes"}\n```';
    const flow = workflow({ roles: ["a", "b"], edges: ["a -> b"], prompts: { b: "{{ .a.verdict }} {{ .a.skipped }} {{ .a.output }}" } });
    expect(play(flow, () => text).prompts["b"]).toBe(`LGTM false ${text}`);
  });

  test("E-08 joins 12 parallel roles: 13 node runs, the last with 12 outputs", () => {
    const names = Array.from({ length: 12 }, (_, at) => `r${at}`);
    const prompts = { join: names.map((name) => `{{ .${name} }}`).join(" ") };
    const played = play(workflow({ roles: [...names, "join"], edges: names.map((name) => `${name} -> join`), prompts }), (id) => `<${id}>`);
    expect(played.waves.map((wave) => wave.length)).toEqual([12, 1]);
    expect(played.prompts["join"]).toBe(names.map((name) => `<${name}>`).join(" "));
  });

  test("E-03 E-05 reports a failure and finishes the other branches", () => {
    const { ended, skipped, waves } = play(workflow({ roles: ["a", "b", "c", "d"], edges: ["a -> b", "c -> d"] }), (id) =>
      id === "a" ? "!no model" : id,
    );
    expect(waves).toEqual([["a", "c"], ["d"]]);
    expect(skipped).toEqual(['b: "a" failed']);
    expect(ended).toMatchObject({
      outcome: "failed",
      failedRoles: [{ role: "a", reason: "no model" }],
      skippedRoles: ["b"],
      lastRole: "d",
    });
  });

  test("fails a role whose prompt lacks a value, and names the value", () => {
    const { ended } = play(workflow({ roles: ["a", "b"], edges: ["a -> b"], prompts: { b: "One\n{{ .a.plan }}" } }), () => "no fields");
    expect(ended.failedRoles).toEqual([
      { role: "b", reason: expect.stringMatching(/^role "b": line \d+: `\{\{ \.a\.plan \}\}` has no value$/) },
    ]);
  });
});

describe("conditions", () => {
  const gated = (verdict: string) =>
    play(example("gated-ship"), (id) => (id === "reviewer" ? `I looked.\nverdict: ${verdict}` : `${id.toUpperCase()}-OUT`));

  test("C-01 skips shipping rejected work, and notifies a person", () => {
    const { ended, waves, skipped, state } = gated("reject");
    expect(waves).toEqual([["builder"], ["reviewer"], ["escalate"]]);
    expect(ended).toMatchObject({ outcome: "done", lastRole: "escalate", output: { text: "ESCALATE-OUT" }, skippedRoles: ["ship"] });
    expect(skipped).toEqual(["ship: the condition of reviewer -> ship does not hold"]);
    expect(state.roles["ship"]).toMatchObject({ state: "skipped", nodeRuns: [] });
  });

  test("C-02 ships approved work without notifying anyone", () => {
    const { ended, waves } = gated("LGTM");
    expect(waves.flat()).toEqual(["builder", "reviewer", "ship"]);
    expect(ended).toMatchObject({ lastRole: "ship", skippedRoles: ["escalate"] });
  });

  test("C-03 skips the roles after a skipped role", () => {
    const { ended, waves, skipped } = play(workflow({ roles: ["a", "b", "c"], edges: ["a -> b if 'no'", "b -> c"] }), () => "A-OUT");
    expect(waves).toEqual([["a"]]);
    expect(ended).toMatchObject({ lastRole: "a", output: { text: "A-OUT" }, skippedRoles: ["b", "c"] });
    expect(skipped).toEqual(["b: the condition of a -> b does not hold", 'c: "b" was skipped']);
  });

  test("C-04 treats a condition that holds like no condition", () => {
    const [with_, without] = ["a -> b if 'yes'", "a -> b"].map((edge) => play(workflow({ roles: ["a", "b"], edges: [edge] }), (id) => id));
    expect([with_?.waves, with_?.ended]).toEqual([without?.waves, without?.ended]);
  });

  test("C-05 skips three branches in one call and leaves nothing open", () => {
    const { waves, state, ended } = play(
      workflow({ roles: ["a", "b", "c", "d"], edges: ["a -> b if ''", "a -> c if '0'", "a -> d if 'false'"] }),
      () => "x",
    );
    expect(waves).toEqual([["a"]]);
    expect(listOpenNodeRuns(state)).toEqual([]);
    expect(ended.skippedRoles).toEqual(["b", "c", "d"]);
  });

  test("C-12 refuses a condition that reads a parallel role", () => {
    expect(() => workflow({ roles: ["a", "b", "c"], edges: ["a -> c if '{{ .b.output }}'", "b -> c"] })).toThrow(
      "not-ancestor: the guard of a -> c reads `.b`",
    );
  });

  test("fires `else` if no other condition holds", () => {
    const edges = ["a -> b if '{{ eq .a.x 1 }}'", "a -> c if '{{ eq .a.x 2 }}'", "a -> d else"];
    const waves = (x: number) => play(workflow({ roles: ["a", "b", "c", "d"], edges }), () => `x: ${x}`).waves[1];
    expect([waves(1), waves(2), waves(3)]).toEqual([["b"], ["c"], ["d"]]);
  });

  test("handles a failure by `on: failure`, and skips that edge without a failure", () => {
    const flow = workflow({
      roles: ["a", "b", "mend"],
      edges: ["a -> b", "a -> mend on: failure"],
      prompts: { mend: "{{ .a.error }}: {{ .a.output }}{{ .a.verdict }}" },
    });
    const failed = play(flow, (id) => (id === "a" ? "!exit 1" : id));
    expect(failed.waves).toEqual([["a"], ["mend"]]);
    expect(failed.prompts["mend"]).toBe("exit 1: exit 1");
    expect(failed.ended).toMatchObject({ outcome: "done", skippedRoles: ["b"], lastRole: "mend" });
    expect(play(flow, (id) => id)).toMatchObject({ ended: { outcome: "done", lastRole: "b" }, skipped: ['mend: "a" did not fail'] });
  });
});

describe("joins", () => {
  const flow = (join: unknown) =>
    workflow({
      roles: ["a", "b", "c", "end"],
      of: { end: { join } },
      edges: ["a -> end if '{{ .a }}'", "b -> end if '{{ .b }}'", "c -> end if '{{ .c }}'"],
    });
  const ends = (join: unknown, answers: Record<string, string>) =>
    play(flow(join), (id) => answers[id] ?? "yes").ended.skippedRoles.length === 0;

  test.each([
    ["all", {}, true],
    ["all", { a: "no" }, false],
    ["any", { a: "no", b: "no" }, true],
    ["any", { a: "no", b: "no", c: "no" }, false],
    [2, { a: "no" }, true],
    [2, { a: "no", b: "no" }, false],
    ["any", { a: "!crash", b: "no" }, true],
  ])("%s of three with %j: runs %s", (join, answers, expected) => {
    expect(ends(join, answers)).toBe(expected);
  });

  test("`any` does not wait for other roles, and reads their output as empty", () => {
    const any = workflow({
      roles: ["a", "b", "end"],
      of: { end: { join: "any" } },
      edges: ["a -> end", "b -> end"],
      prompts: { end: "[{{ .a }}{{ .b }}{{ .b.x }}]" },
    });
    const first = advanceRun(any, createRunState(any, ""));
    const second = advanceRun(any, recordResults(first.state, done("a")));
    expect(second.readyNodes.map(({ id }) => id)).toEqual(["end"]);
    expect(renderNode(any, second.state, { path: second.readyNodes[0]?.path ?? [] })).toMatchObject({ value: { prompt: "[a done]" } });
    expect(second.end).toBe(null);
    const third = advanceRun(any, recordResults(second.state, done("end", "b")));
    expect(third).toMatchObject({ readyNodes: [], end: { outcome: "done" } });
  });
});

describe("loops", () => {
  const review = (more: readonly string[] = []) =>
    workflow({
      roles: ["coder", "review", "ship"],
      edges: ["coder -> review", "review -> ship", `review -> coder until '{{ eq .review.verdict "LGTM" }}' max 3`, ...more],
      prompts: {
        coder: "{{ .Round }}/{{ .MaxRounds }} {{ if .review }}the review said: {{ .review.output }}{{ else }}first{{ end }}",
        ship: "{{ .coder }}",
      },
    });

  test("repeat until the condition holds, with the round number and the outputs of the previous round", () => {
    const { waves, prompts, ended } = play(review(), (id) =>
      id.startsWith("review") ? `verdict: ${id === "review--2r" ? "LGTM" : "reject"}` : `${id} out`,
    );
    expect(waves).toEqual([["coder"], ["review"], ["coder--2r"], ["review--2r"], ["ship"]]);
    expect(prompts["coder"]).toBe("1/3 first");
    expect(prompts["coder--2r"]).toBe("2/3 the review said: verdict: reject");
    expect(prompts["ship"]).toBe("coder--2r out");
    expect(ended).toMatchObject({ outcome: "done", lastRole: "ship" });
  });

  test("fail their last role at the limit, so that nothing is shipped", () => {
    const { waves, ended } = play(review(), () => "verdict: reject");
    expect(waves.flat()).toEqual(["coder", "review", "coder--2r", "review--2r", "coder--3r", "review--3r"]);
    expect(ended).toMatchObject({
      outcome: "failed",
      failedRoles: [{ role: "review", reason: "after 3 rounds the condition of the loop review -> coder does not hold" }],
      skippedRoles: ["ship"],
    });
  });

  test("ask a person by `on: failure` at the limit", () => {
    const flow = workflow({
      roles: ["coder", "review", "ask"],
      edges: ["coder -> review", "review -> ask on: failure", "review -> coder until 'no' max 2"],
    });
    expect(play(flow, (id) => id)).toMatchObject({
      ended: { outcome: "done", lastRole: "ask" },
      waves: [["coder"], ["review"], ["coder--2r"], ["review--2r"], ["ask"]],
    });
  });

  test("repeat after a failed command, with its log", () => {
    const flow = workflow({
      roles: ["fix", "check"],
      of: { check: { run: "npm test" } },
      edges: ["fix -> check", "check -> fix until '{{ not .check.failed }}' max 5"],
      prompts: { fix: "{{ if .check.failed }}It failed: {{ .check.output }}{{ else }}Fix it.{{ end }}" },
    });
    const { waves, prompts, ended } = play(flow, (id) => (id.startsWith("check") && id !== "check--3r" ? `!log of ${id}` : "ok"));
    expect(waves.flat()).toEqual(["fix", "check", "fix--2r", "check--2r", "fix--3r", "check--3r"]);
    expect([prompts["fix"], prompts["fix--3r"]]).toEqual(["Fix it.", "It failed: log of check--2r"]);
    expect(ended.outcome).toBe("done");
  });

  test("may consist of a single role", () => {
    const flow = workflow({
      roles: ["ralph", "end"],
      edges: ["ralph -> end", "ralph -> ralph until '{{ contains .ralph.output `green` }}' max 4"],
      prompts: { ralph: "{{ .ralph }}" },
    });
    const { waves, prompts } = play(flow, (id) => (id === "ralph--3r" ? "all green" : `${id} red`));
    expect(waves.flat()).toEqual(["ralph", "ralph--2r", "ralph--3r", "end"]);
    expect(prompts["ralph--3r"]).toBe("ralph--2r red");
  });

  test("restart inner loops in each round of the outer loop", () => {
    const flow = workflow({
      roles: ["plan", "code", "review"],
      edges: [
        "plan -> code",
        "code -> review",
        "review -> code until '{{ eq .review.ok 1 }}' max 2",
        "review -> plan until '{{ eq .review.ok 1 }}' max 2",
      ],
      prompts: { code: "{{ .Round }}", plan: "{{ .Round }}" },
    });
    const { waves, prompts, ended } = play(flow, () => "ok: 0");
    expect(waves.flat()).toEqual([
      "plan",
      "code",
      "review",
      "code--2r",
      "review--2r",
      "plan--2r",
      "code--3r",
      "review--3r",
      "code--4r",
      "review--4r",
    ]);
    expect(["plan--2r", "code--2r", "code--3r", "code--4r"].map((id) => prompts[id])).toEqual(["2", "2", "1", "2"]);
    expect(ended.outcome).toBe("failed");
  });

  test("delay roles outside until they end, even behind an edge from their middle", () => {
    const flow = workflow({
      roles: ["a", "b", "docs"],
      edges: ["a -> b", "a -> docs", "b -> a until '{{ eq .Round 2 }}' max 3"],
      prompts: { docs: "{{ .a }}" },
    });
    const { waves, prompts } = play(flow, (id) => id);
    expect(waves).toEqual([["a"], ["b"], ["a--2r"], ["b--2r"], ["docs"]]);
    expect(prompts["docs"]).toBe("a--2r");
  });

  test("abandon a running role when they restart, and ignore its late result", () => {
    const flow = workflow({
      roles: ["a", "slow", "quick", "end"],
      of: { end: { join: "any" } },
      edges: ["a -> slow", "a -> quick", "slow -> end", "quick -> end", "end -> a until '{{ eq .Round 2 }}' max 3"],
    });
    let next = advanceRun(flow, createRunState(flow, ""));
    for (const id of ["a", "quick"]) next = advanceRun(flow, recordResults(next.state, done(id)));
    next = advanceRun(flow, recordResults(next.state, done("end")));
    expect(next).toMatchObject({ abandonedIds: ["slow"], readyNodes: [{ id: "a--2r" }] });
    expect(recordResults(next.state, done("slow", "a", "nobody"))).toEqual(next.state);
  });

  test("do not hand out a node run that is abandoned in the same call", () => {
    const each = { foreach: "a.items" };
    const flow = workflow({
      roles: ["a", "slow", "quick", "end"],
      of: { quick: each, end: { ...each, join: "any" } },
      edges: ["a -> slow", "a -> quick", "slow -> end", "quick -> end", "end -> a until '{{ eq .Round 2 }}' max 3"],
    });
    const first = advanceRun(flow, createRunState(flow, ""));
    const next = advanceRun(flow, recordResults(first.state, new Map([["a", { state: "done", output: output("items: []", ["items"]) }]])));
    expect(next).toMatchObject({ readyNodes: [{ id: "a--2r" }], abandonedIds: [] });
  });

  test("end with their last role, even if a role in them is skipped", () => {
    const flow = workflow({ roles: ["a", "b", "c"], edges: ["a -> b if ''", "b -> c", "b -> a until 'no' max 9"] });
    expect(play(flow, () => "x")).toMatchObject({ waves: [["a"]], ended: { outcome: "done", skippedRoles: ["b", "c"] } });
  });
});

describe("foreach", () => {
  const flow = (foreach: unknown = "list.items") =>
    workflow({
      roles: ["list", "each", "sum"],
      of: { each: { foreach } },
      edges: ["list -> each", "each -> sum"],
      prompts: {
        each: "{{ .Index }}: {{ .Item.name }}",
        sum: "{{ range .each.items }}({{ .item.name }} {{ .size }} {{ .output }}){{ else }}nothing{{ end }}{{ .each }}",
      },
    });
  const items = (...names: string[]) => `\`\`\`json\n${JSON.stringify({ items: names.map((name) => ({ name })) })}\n\`\`\``;

  test("runs all items at the same time, and passes on all outputs", () => {
    const { waves, prompts } = play(flow(), (id) => (id === "list" ? items("x", "y") : `\`\`\`json\n{"size":1}\n\`\`\`\n${id}`));
    expect(waves).toEqual([["list"], ["each--1i", "each--2i"], ["sum"]]);
    expect(prompts["each--2i"]).toBe("2: y");
    expect(prompts["sum"]).toContain('(x 1 ```json\n{"size":1}\n```\neach--1i)');
  });

  test("finishes immediately for an empty list", () => {
    expect(play(flow(), () => items())).toMatchObject({
      waves: [["list"], ["sum"]],
      prompts: { sum: "nothing" },
      ended: { outcome: "done" },
    });
  });

  test("fails with the reason for a missing or too long list", () => {
    expect(play(flow(), () => "prose").ended.failedRoles).toEqual([{ role: "each", reason: '"list" gave no list `items`' }]);
    expect(play(flow({ over: "list.items", max: 2 }), () => items("a", "b", "c")).ended.failedRoles).toEqual([
      { role: "each", reason: '"list" gave 3 `items`, but at most 2 are worked on' },
    ]);
    expect(play(flow(), (id) => (id === "list" ? 'items: [{"name":"x"}]' : id)).waves[1]).toEqual(["each--1i"]);
  });

  test("fails the role after a failed item, once the other items have ended", () => {
    const { ended, waves } = play(flow(), (id) => (id === "list" ? items("a", "b") : id === "each--1i" ? "!broken" : id));
    expect(waves).toEqual([["list"], ["each--1i", "each--2i"]]);
    expect(ended.failedRoles).toEqual([{ role: "each", reason: "broken" }]);
  });
});

describe("calls", () => {
  const sub = workflow({
    name: "sub",
    roles: ["one", "two"],
    edges: ["one -> two if '{{ ne .one `stop` }}'"],
    prompts: { one: "{{ .Args }}", two: "{{ .one }}" },
  });
  const main = workflow({
    name: "main",
    roles: ["plan", "call", "end"],
    of: { call: { workflow: "sub" } },
    edges: ["plan -> call", "call -> end"],
    prompts: { call: "do {{ .plan }}", end: "{{ .call }}" },
  });

  test("run the other workflow with its own arguments, and pass on its last output", () => {
    const { waves, prompts, ended } = play(main, (id) => `${id} out`, { others: [sub] });
    expect(waves).toEqual([["plan"], ["call--one"], ["call--two"], ["end"]]);
    expect(prompts).toMatchObject({ "call--one": "do plan out", "call--two": "call--one out", end: "call--two out" });
    expect(ended.outcome).toBe("done");
  });

  test("fail with the inner failure, and report inner skipped roles", () => {
    const failed = play(main, (id) => (id === "call--two" ? "!crash" : id), { others: [sub] });
    expect(failed.ended.failedRoles).toEqual([{ role: "call", reason: "sub/two: crash" }]);
    expect(play(main, (id) => (id === "call--one" ? "stop" : id), { others: [sub] }).skipped).toEqual([
      "call/two: the condition of one -> two does not hold",
    ]);
    expect(play(main, (id) => id).ended.failedRoles).toEqual([{ role: "call", reason: 'there is no workflow "sub"' }]);
  });

  test("are limited in depth", () => {
    const circle = workflow({ name: "circle", roles: ["again"], of: { again: { workflow: "circle" } } });
    expect(play(circle, (id) => id).ended.failedRoles[0]?.reason).toContain("more than 5 levels deep");
  });

  test("run for each item, in rounds", () => {
    const flow = workflow({
      name: "many",
      roles: ["list", "call"],
      of: { call: { workflow: "sub", foreach: "list.items" } },
      edges: ["list -> call", "call -> list until '{{ eq .Round 2 }}' max 2"],
      prompts: { call: "{{ .Item }}" },
    });
    const { waves, prompts } = play(flow, (id) => (id.startsWith("list") ? '```json\n{"items":["x","y"]}\n```' : "stop"), {
      others: [sub],
    });
    expect(waves).toEqual([["list"], ["call--1i--one", "call--2i--one"], ["list--2r"], ["call--1i--2r--one", "call--2i--2r--one"]]);
    expect(prompts["call--2i--2r--one"]).toBe("y");
  });
});

describe("commands", () => {
  const flow = workflow({
    roles: ["plan", "do-it"],
    of: { "do-it": { run: 'echo "$ENKI_ARGS" "$ENKI_OUTPUT_PLAN" "$ENKI_FIELD_PLAN__score" $ENKI_OTHER' } },
    edges: ["plan -> do-it"],
  });

  test("receive the values that they name as environment variables, never as part of the command", () => {
    const hostile = "$(rm -rf /)\n`x`\0'\"";
    const { prompts } = play(flow, () => `${hostile}\nscore: 3`, { args: hostile });
    expect(JSON.parse(prompts["do-it"] ?? "")).toEqual({
      ENKI_ARGS: hostile.replace("\0", ""),
      ENKI_ROUND: "1",
      ENKI_OUTPUT_PLAN: `${hostile.replace("\0", "")}\nscore: 3`,
      ENKI_FIELD_PLAN__score: "3",
    });
  });

  test("do not run if a value is missing or too long for the system", () => {
    expect(play(flow, () => "no score").ended.failedRoles[0]?.reason).toContain("$ENKI_FIELD_PLAN__score has no value");
    expect(play(flow, () => "score: 1", { args: "x".repeat(120_001) }).ended.failedRoles[0]?.reason).toContain(
      "$ENKI_ARGS is longer than 120000 bytes",
    );
  });
});

describe("ids", () => {
  test("of node runs are unique and valid step ids", () => {
    const name = fc.constantFrom("a", "a-b", "b", "i1", "r2", "x".repeat(38), "a_b");
    const path = fc.array(
      fc.record({ role: name, run: fc.integer({ min: 1, max: 12 }), item: fc.option(fc.integer({ min: 0, max: 999 })) }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(path, path, (one, two) => {
        expect(toNodeRunId(one)).toMatch(/^[a-z0-9][a-z0-9_-]{0,62}$/);
        expect(toNodeRunId(one) === toNodeRunId(two)).toBe(JSON.stringify(one) === JSON.stringify(two));
      }),
      { numRuns: runs(2_000, 300) },
    );
  });
});

describe("any history", () => {
  test("of results ends, starts each node run once, and continues identically from a saved state", () => {
    const names = ["a", "b", "c", "d", "e"];
    const guard = fc.constantFrom("", "", "if", "failure", "else");
    // Each role except the first depends on an earlier role, and some roles on two.
    const edge = (to: number) => fc.record({ from: fc.nat(to - 1), to: fc.constant(to), guard });
    const settings = fc.record({
      edges: fc.tuple(edge(1), edge(2), edge(3), edge(4), edge(3), edge(4)),
      joins: fc.array(fc.constantFrom("all", "any"), { minLength: 5, maxLength: 5 }),
      loop: fc.option(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 }))),
      seed: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
    });
    const toText = (all: readonly { from: number; to: number; guard: string }[]): string[] => {
      const seen = new Map(all.map((each) => [`${each.from} ${each.to}`, each]));
      const withIf = new Set([...seen.values()].flatMap(({ from, guard }) => (guard === "if" ? [from] : [])));
      const written: Record<string, string> = { if: ` if '{{ contains .# "yes" }}'`, failure: " on: failure" };
      return [...seen.values()].map(({ from, to, guard }) => {
        const tail = guard === "else" && withIf.has(from) ? " else" : (written[guard] ?? "");
        return `${names[from]} -> ${names[to]}${tail.replace("#", names[from] ?? "")}`;
      });
    };
    let ran = 0;
    fc.assert(
      fc.property(settings, ({ edges, joins, loop, seed }) => {
        const texts = toText(edges);
        if (loop) texts.push(`${names[loop[0]]} -> ${names[loop[1]]} until '{{ eq .Round 2 }}' max 3`);
        let flow: Workflow;
        try {
          flow = workflow({
            roles: names,
            of: Object.fromEntries(names.map((name, at) => [name, { join: joins[at], run: "x" }])),
            edges: texts,
          });
        } catch {
          return;
        }
        ran += 1;
        let state = createRunState(flow, "");
        const given = new Set<string>();
        for (let turn = 0; ; turn += 1) {
          expect(turn).toBeLessThan(60);
          const next = advanceRun(flow, state);
          expect(advanceRun(flow, JSON.parse(JSON.stringify(state)))).toEqual(next);
          expect(advanceRun(flow, next.state)).toEqual({ ...next, readyNodes: [], skippedRoles: [], abandonedIds: [] });
          for (const { id } of next.readyNodes) {
            expect(given.has(id)).toBe(false);
            given.add(id);
          }
          const open = listOpenNodeRuns(next.state);
          if (next.end) {
            expect(open).toEqual([]);
            return;
          }
          expect(open.length).toBeGreaterThan(0);
          const { id } = open[(seed[turn % seed.length] ?? 0) % open.length] ?? { id: "" };
          const result: NodeResult =
            (seed[(turn * 7) % seed.length] ?? 0) % 3 === 0
              ? { state: "failed", error: "x" }
              : { state: "done", output: output(["yes", "no"][turn % 2] ?? "") };
          state = recordResults(next.state, new Map([[id, result]]));
        }
      }),
      { numRuns: runs(1_500, 200) },
    );
    expect(ran).toBeGreaterThan(runs(1_500, 200) / 3);
  });
});

describe("size", () => {
  /** Counts the reads of the workflow's edges and roles from its start to its end. */
  const readsOf = (count: number): number => {
    const names = Array.from({ length: count }, (_, at) => `r${at}`);
    const flow = workflow({
      roles: [...names, "end"],
      of: Object.fromEntries([...names, "end"].map((name) => [name, { run: "x" }])),
      edges: names.map((name) => `${name} -> end`),
    });
    let reads = 0;
    const counted = <T extends object>(value: T): T =>
      new Proxy(value, { get: (target, key) => ((reads += 1), Reflect.get(target, key) as unknown) });
    const watched: Workflow = { ...flow, roles: flow.roles.map(counted), edges: flow.edges.map(counted) };
    const first = advanceRun(watched, createRunState(flow, ""));
    expect(first.readyNodes).toHaveLength(count);
    const half = advanceRun(watched, recordResults(first.state, done(...names.slice(1))));
    expect(half).toMatchObject({ readyNodes: [], end: null });
    const last = advanceRun(watched, recordResults(half.state, done(names[0] ?? "")));
    expect(last.readyNodes.map(({ id }) => id)).toEqual(["end"]);
    expect(advanceRun(watched, recordResults(last.state, done("end"))).end?.outcome).toBe("done");
    return reads;
  };

  test("1,000 parallel roles and a join: twice the roles take at most twice the work", () => {
    const [small, large] = [readsOf(500), readsOf(1_000)];
    expect(large / small).toBeLessThan(2.05);
    expect(large).toBeLessThan(100 * 1_000);
  });
});
