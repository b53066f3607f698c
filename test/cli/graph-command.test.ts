import { join } from "node:path";
import { expect, test } from "vitest";
import { makeRepository, openTerminal } from "./stage.ts";

const open = (files: Readonly<Record<string, string>> = { "a.txt": "" }) => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "own");
  makeRepository(cwd, files);
  return (...args: string[]) => terminal.call(["graph", ...args], { cwd });
};

test("draws a built-in workflow with its roles and describes its edges", async () => {
  expect(await open()("gated-ship")).toEqual({
    code: 0,
    err: "",
    out: `o    builder   feature_developer
|
o    reviewer  an agent, a report
+-v
| o  escalate  an agent, a report
|
o    notes     documenter

  reviewer -> notes if '{{ eq .reviewer.verdict "pass" }}'
  reviewer -> escalate else
`,
  });
});

test("draws loops dotted and conditions on arrows in Mermaid", async () => {
  const { out } = await open()("fix-until-green", "--format", "mermaid");
  expect(out).toBe('graph LR\n  n0["fix"]\n  n1["check"]\n  n0 --> n1\n  n1 -.->|"until not #46;check#46;failed max 5"| n0\n');
});

test("prints roles, edges and loops as data; the repository's workflow overrides a built-in one", async () => {
  const own =
    "---\nroles:\n  a:\n    run: npm test\n  b:\n    workflow: bump-deps\n    checkpoint: true\nedges: [a -> b on: failure]\n---\n\n## b\n\nAll.\n";
  const { out } = await open({ ".enki/workflows/gated-ship.md": own })("gated-ship", "--format", "json");
  expect(JSON.parse(out)).toMatchObject({
    workflow: "gated-ship",
    from: ".enki/workflows/gated-ship.md",
    roles: [
      { name: "a", does: { run: "npm test" }, checkpoint: false },
      { name: "b", does: { workflow: "bump-deps" }, checkpoint: true },
    ],
    edges: [{ from: "a", to: "b", on: "failure", if: null }],
    loops: [],
  });
});

test("reports the first fault of a workflow, and suggests a name for a mistyped one", async () => {
  const run = open({ ".enki/workflows/bad.md": "---\nroles:\n  a: {}\n---\n" });
  expect(await run("bad")).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^enki graph: the workflow bad has mistakes; enki validate.*\n\.enki\/workflows\/bad\.md:3:/) as unknown,
  });
  expect(await run("gatd-ship")).toMatchObject({ code: 1, err: "enki graph: there is no workflow gatd-ship; did you mean gated-ship?\n" });
});
