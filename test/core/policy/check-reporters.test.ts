import { describe, expect, test } from "vitest";
import { readActionsWorkflowFile, findCheckReporters } from "../../../src/core/policy/check-reporters.ts";

const read = (text: string) => readActionsWorkflowFile("ci.yml", text);
const where = (text: string, name = "build", app: string | null = null) => {
  const file = read(text);
  return findCheckReporters(file ? [file] : [], { name, app }, "main");
};
const on = (trigger: string, job = "build: {}") => `on: ${trigger}\njobs: { ${job} }\n`;

describe("where a check is reported", () => {
  test.each([
    ["push", true],
    ["[push, pull_request]", true],
    ["{ push: { branches: [main] } }", false],
    ['{ push: { branches: ["**"] } }', true],
    ['{ push: { branches: ["*"] } }', false],
    ['{ push: { branches: ["enki/candidate/**"] } }', true],
    ['{ push: { branches: ["enki/**", "!enki/candidate/**"] } }', false],
    ['{ push: { branches-ignore: ["enki/**"] } }', false],
    ["{ push: { branches-ignore: [main] } }", true],
    ["{ push: { tags: [v1] } }", false],
    ['{ push: { tags: [v1], branches: ["e?nki/candidate/*"] } }', true],
    ["pull_request", false],
  ])("on candidates with `%s`: %s", (trigger, candidate) => {
    expect(where(on(trigger))).toMatchObject({ candidate });
  });

  test("on pull requests into the base, on merge groups, and by dispatch", () => {
    const text = on("{ pull_request: { branches: [main] }, merge_group: null, workflow_dispatch: null }");
    expect(where(text)).toEqual({ candidate: false, dispatchFile: "ci.yml", pull: true, group: true, files: ["ci.yml"] });
    expect(where(on("{ pull_request: { branches: [next] } }"))).toMatchObject({ pull: false });
  });

  test.each([
    ["build: {}", "build"],
    ["a: { name: build }", "build"],
    ["a: { strategy: { matrix: { node: [20, 22] } } }", "a (20)"],
    ["a: { strategy: { matrix: { node: [20, 22] } }, name: 'Node ${{ matrix.node }}' }", "Node 22"],
    ["a: { uses: ./.github/workflows/reused.yml }", "a / test"],
    ["a: { uses: x/y/.github/workflows/r.yml@v1, strategy: { matrix: { os: [x] } } }", "a (x) / test"],
  ])("a job `%s` reports `%s`", (job, name) => {
    expect(where(on("push", job), name)).toMatchObject({ candidate: true });
  });

  test("a check without a job may belong to any app, unless Actions is required; other apps' checks are ignored", () => {
    expect(where(on("push"), "other")).toBeNull();
    expect(where(on("push"), "other", "15368")).toMatchObject({ candidate: false, files: [] });
    expect(where(on("push"), "build", "github-actions")).toMatchObject({ candidate: true });
    expect(where(on("push"), "build", "jenkins")).toBeNull();
  });

  test("pattern characters in a name are literal", () => {
    expect(where(on("push", "'b.*d': {}"), "b.xd")).toBeNull();
    expect(where(on("push", "a: { name: 'b (x' }"), "b (x")).toMatchObject({ candidate: true });
  });
});

test.each([
  ["a branch filter", `{ push: { branches: ["${"a*".repeat(100)}b"] } }`, "build: {}"],
  ["a branch filter of optional letters", `{ push: { branches: ["${"?a?".repeat(150)}"] } }`, "build: {}"],
  ["a job's name", "push", `x: { name: "${"a${{ b }}".repeat(100)}c" }`],
  ["expressions that never end", "push", `x: { name: "${"${{".repeat(100_000)}" }`],
])("%s that is made to be slow is judged at once", (_, trigger, job) => {
  const found = readActionsWorkflowFile("ci.yml", on(trigger, job));
  for (const name of ["a".repeat(200), "build"])
    expect(findCheckReporters(found ? [found] : [], { name, app: "github-actions" }, "a".repeat(200))).toMatchObject({ candidate: false });
});

test("a file that is not a workflow or is crafted to be expensive is rejected", () => {
  expect(read("a: [")).toBeNull();
  expect(read("just words")).toBeNull();
  const bomb = `a: &a [x,x]\n${Array.from({ length: 30 }, (_, at) => `a${at}: &a${at} [*a${at === 0 ? "" : at - 1},*a${at === 0 ? "" : at - 1}]`).join("\n")}\non: *a29\n`;
  expect(read(bomb)).toBeNull();
  expect(read("on: push\njobs: nonsense\n")).toEqual({
    file: "ci.yml",
    triggers: [{ event: "push", branches: null, ignoredBranches: null }],
    jobs: [],
  });
});

test.each([
  ["      - uses: OWNER/enki@v1", "OWNER/enki@v1"],
  ['        uses: "OWNER/enki@v1" # pinned', "OWNER/enki@v1"],
  ["      - uses: enki-bot/enki@v0.1.0", undefined],
  ["      - run: echo uses OWNER/enki@v1", undefined],
])("a placeholder of Enki's action: %s", (line, placeholder) => {
  const text = `on: workflow_dispatch\njobs:\n  a:\n    steps:\n      - run: "true"\n${line.startsWith("      -") ? line : `      -\n${line}`}\n`;
  expect(readActionsWorkflowFile("enki-step.yml", text)?.placeholder).toBe(placeholder);
});
