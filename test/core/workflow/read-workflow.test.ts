import { readFileSync } from "node:fs";
import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import { findWorkflow } from "../../../src/core/workflow/find-workflow.ts";
import { readWorkflow } from "../../../src/core/workflow/read-workflow.ts";
import type { Workflow } from "../../../src/core/workflow/workflow.ts";
import { workflow } from "./build.ts";

const example = (name: string): Workflow => {
  const read = readWorkflow({
    name,
    path: `${name}.md`,
    text: readFileSync(new URL(`examples/${name}.md`, import.meta.url), "utf8"),
    roles: [],
    models: ["large", "small"],
  });
  if (!read.ok) throw new Error(JSON.stringify(read.faults));
  return read.value;
};

const read = (text: string) => readWorkflow({ name: "x", path: "x.md", text, roles: ["researcher"], models: ["large"] });
const whys = (text: string) => {
  const result = read(text);
  return result.ok ? [] : result.faults.map(({ reason }) => reason);
};
/** Builds a workflow of the roles a, b and c with the given edges. */
const withEdges = (...edges: string[]) =>
  `---\n${JSON.stringify({ roles: { a: { run: "a" }, b: { run: "b" }, c: { run: "c" } }, edges })}\n---\n`;
const edgeOf = (edge: string) => {
  const result = read(withEdges(edge, "b -> c"));
  return result.ok ? result.value.edges.find(({ to }) => to === "b") : result.faults.map(({ reason }) => reason);
};

describe("the whole file", () => {
  test("P-01 the seed's example: name, roles in order, tools", () => {
    const { name, roles, edges } = example("build-feature");
    expect(name).toBe("build-feature");
    expect(roles.map((role) => [role.name, role.tools])).toEqual([
      ["planner", ["read", "grep", "glob"]],
      ["coder", ["read", "write", "edit", "bash", "grep", "glob"]],
      ["reviewer", ["read", "grep", "glob"]],
    ]);
    expect(edges.map(({ from, to }) => `${from} -> ${to}`)).toEqual(["planner -> coder", "coder -> reviewer"]);
  });

  test("P-02 a diamond starts with the role that fans out and ends with the joining role", () => {
    const edges = ["start -> right", "start -> left", "left -> end", "right -> end"];
    expect(workflow({ roles: ["end", "right", "left", "start"], edges }).roles.map(({ name }) => name)).toEqual([
      "start",
      "left",
      "right",
      "end",
    ]);
  });

  test("P-03 refuses a cycle and a role that needs itself", () => {
    expect(whys(withEdges("a -> b", "b -> c", "c -> a"))).toEqual([expect.stringContaining("cycle: a -> b -> c -> a")]);
    expect(whys(withEdges("a -> a", "a -> b", "b -> c"))).toEqual([expect.stringContaining("cycle: a -> a")]);
  });

  test("P-05 refuses a file without roles or front matter", () => {
    expect(whys("---\nroles: {}\n---\n## a\n")).toEqual([expect.stringContaining("no roles")]);
    expect(whys("## a\n\nDo a.\n")).toEqual([expect.stringContaining("no roles")]);
    expect(whys("")).toEqual([expect.stringContaining("no roles")]);
  });

  test("P-06 names a declared role without a section", () => {
    expect(whys("---\nroles: { coder: }\n---\n\n## coders\n\nx\n")).toEqual([
      'role "coder" has no section: there is no `## coder` in the body',
    ]);
  });

  test("P-07 ignores text before the first section", () => {
    const result = read("---\nroles: { a: , b: }\n---\n# Title\n\nSome {{ prose.\n\n## a\n\nDo a.\n\n## b\nDo b.\n");
    expect(result).toMatchObject({
      ok: true,
      value: { roles: [{ work: { prompt: { source: "Do a." } } }, { work: { prompt: { source: "Do b." } } }] },
    });
  });

  test.each(["build-feature", "gated-ship", "two-models", "parallel"])("P-08 reads the example %s", (name) => {
    expect(example(name).name).toBe(name);
  });

  test("P-08 a role must return every field that a condition reads", () => {
    expect(example("gated-ship").roles.find(({ name }) => name === "reviewer")?.fields).toEqual(["verdict"]);
  });

  test("P-09 the project's file overrides another of the same name; a missing file names both places", () => {
    const layers = [
      { directory: "~/.enki/workflows", files: new Map([["ship", "user"]]) },
      { directory: ".enki/workflows", files: new Map([["ship", "project"]]) },
    ];
    expect(findWorkflow("ship", layers)).toMatchObject({ ok: true, value: { text: "project", path: ".enki/workflows/ship.md" } });
    expect(findWorkflow("shop", layers)).toMatchObject({
      ok: false,
      refusal: { message: expect.stringContaining("~/.enki/workflows/shop.md, .enki/workflows/shop.md"), next: "did you mean `ship`?" },
    });
    expect(findWorkflow("../secret", layers).ok).toBe(false);
  });

  test("P-24 reports an unreadable template with its role", () => {
    expect(whys("---\nroles: { coder: }\n---\n## coder\n{{ if }}\n")).toEqual([expect.stringContaining('role "coder"')]);
  });

  test("P-25 accepts names with hyphens, as in the seed's example", () => {
    const { roles } = example("parallel");
    expect(roles.map(({ name }) => name)).toEqual(["read-backend", "read-frontend", "synth"]);
  });

  test("E-07 reports an unknown model of any role before anything runs", () => {
    const edges = ["a -> b", "b -> c"];
    const text = `---\n${JSON.stringify({ roles: { a: null, b: null, c: { model: "gpt" } }, edges })}\n---\n## a\nx\n## b\nx\n## c\nx\n`;
    expect(whys(text)).toEqual(['role "c": there is no model "gpt"']);
  });

  test("E-11 an empty list of tools means all tools, `none` means none", () => {
    const result = read("---\nroles: { a: { tools: [] }, b: { tools: none }, c: }\n---\n## a\nx\n## b\nx\n## c\nx\n");
    expect(result.ok && result.value.roles.map(({ tools }) => tools)).toEqual([null, [], null]);
  });

  test("a heading inside a prompt belongs to it, even a role's name in a fence", () => {
    const body = "## a\n\nWrite this:\n\n## Output\n\n## A\n\n### b\n\n````md\n```\n## b\n````\n\n## b\n\nDo b.\n";
    const result = read(`---\nroles: { a: , b: }\n---\n${body}`);
    expect(result.ok && result.value.roles.map(({ work }) => work.kind === "agent" && work.prompt.source)).toEqual([
      "Write this:\n\n## Output\n\n## A\n\n### b\n\n````md\n```\n## b\n````",
      "Do b.",
    ]);
  });

  const front = { roles: { a: null, b: { tier: "heavy" } }, edges: ["a -> b if 'x -> y'"] };
  const body = "## a\n\nDo a.\n\n## b\n\nDo b.\n";
  const toml = 'edges = ["a -> b if \'x -> y\'"]\n[roles.a]\n[roles.b]\ntier = "heavy"\n';
  test.each([
    ["YAML", `---\nroles:\n  a:\n  b: { tier: heavy }\nedges:\n  - a -> b if 'x -> y'\n---\n${body}`],
    ["named YAML after empty lines", `\n\n---yaml\nroles:\n  a:\n  b: { tier: heavy }\nedges:\n  - a -> b if 'x -> y'\n---\n${body}`],
    [
      "YAML with CRLF and a byte order mark",
      `\uFEFF---\r\nroles:\r\n  a:\r\n  b: { tier: heavy }\r\nedges:\r\n  - a -> b if 'x -> y'\r\n---\r\n${body.replaceAll("\n", "\r\n")}`,
    ],
    ["TOML", `+++\n${toml}+++\n${body}`],
    ["named TOML", `---toml\n${toml}---\n${body}`],
    ["JSON", `;;;\n${JSON.stringify(front)}\n;;;\n${body}`],
    ["named JSON", `---json\n${JSON.stringify(front, null, 2)}\n---\n${body}`],
    ["bare JSON", `${JSON.stringify(front, null, "\t")}\n\n${body}`],
  ])("front matter as %s", (_, text) => {
    const result = read(text);
    expect(result).toMatchObject({
      ok: true,
      value: {
        roles: [{ name: "a" }, { name: "b", tier: "heavy" }],
        edges: [{ guard: { kind: "if", condition: { source: "x -> y" } } }],
      },
    });
    const lines = text.split("\n");
    const first = result.ok ? result.value.roles[0] : undefined;
    expect(lines[(first?.line ?? 0) - 1]).toMatch(/a\b/);
    const broken = read(text.replace("Do b.", "{{ .nobody }}"));
    expect(broken.ok ? [] : broken.faults.map(({ line }) => lines[line - 1]?.trim())).toEqual(["Do b."]);
  });

  test("all settings of roles", () => {
    const settings = {
      list: { fields: ["items"], role: "researcher", model: "large" },
      each: { foreach: { over: "list.items", max: 5 }, checkpoint: true, paths: ["src/**"], verify: ["npm test"], output: "branch" },
      test: { run: 'npm test "$ENKI_OUTPUT_EACH"', join: "any" },
      ship: { workflow: "other", join: 1 },
    };
    const edges = ["list -> each", "each -> test", "test -> ship"];
    const result = read(
      `---\n${JSON.stringify({ description: "d", roles: settings, edges })}\n---\n## list\nx\n## each\n{{ .Item.name }} {{ .Index }}\n`,
    );
    expect(result).toMatchObject({
      ok: true,
      value: {
        description: "d",
        roles: [
          { role: "researcher", model: "large", fields: ["items"], foreach: null },
          {
            foreach: { role: "list", field: "items", max: 5 },
            checkpoint: true,
            paths: ["src/**"],
            verify: ["npm test"],
            output: "branch",
          },
          { work: { kind: "run", command: 'npm test "$ENKI_OUTPUT_EACH"' }, join: "any" },
          { work: { kind: "call", workflow: "other", args: { source: "{{ .Args }}" } }, join: 1 },
        ],
      },
    });
  });

  test("property names of JavaScript are faults without effect", () => {
    for (const text of ["__proto__: {}", "constructor: {}", "toString: {}"]) {
      expect(whys(`---\nroles:\n  a: { run: ls }\n  ${text}\n---\n`).length).toBeGreaterThan(0);
      expect(whys(`---\nroles:\n  a: { run: ls }\n${text}\n---\n`).length).toBeGreaterThan(0);
    }
    expect("run" in {}).toBe(false);
  });

  test("refuses a small text that expands to a huge one", () => {
    const levels = Array.from(
      { length: 9 },
      (_, at) => `k${at + 1}: &k${at + 1} [${Array.from({ length: 9 }, () => `*k${at}`).join(", ")}]`,
    );
    expect(whys(`---\nk0: &k0 [x]\n${levels.join("\n")}\nroles: *k9\n---\n`)).toEqual([expect.stringContaining("alias")]);
  });
});

describe("edges", () => {
  test("P-10 P-12 a plain edge and one with a condition", () => {
    expect(edgeOf("a -> b")).toMatchObject({ from: "a", to: "b", guard: { kind: "always" } });
    expect(edgeOf(`a -> b if '{{ eq .a.x "y" }}'`)).toMatchObject({
      from: "a",
      to: "b",
      guard: { kind: "if", condition: { source: '{{ eq .a.x "y" }}' } },
    });
    expect(edgeOf("  a->b  ")).toMatchObject({ from: "a", to: "b", guard: { kind: "always" } });
  });

  test.each([
    ["P-14", "a -> b -> c"],
    ["P-15", "a => b"],
    ["P-16", "a"],
    ["P-17", "a b -> c"],
    ["P-18", "a -> b if"],
    ["P-19", "a -> b if 'unterminated"],
    ["P-20", "a -> b if 'x' wat"],
    ["P-22", "a -> b wat"],
    ["P-23", "a -> b if '{{ nope .a }}'"],
  ])("%s `%s` is refused with its edge", (_, edge) => {
    expect(whys(withEdges(edge, "a -> c", "b -> c"))).toEqual([expect.stringContaining(`edge "${edge}"`)]);
  });

  test("P-21 differs: a bounded cycle is a loop, with or without the keyword", () => {
    for (const loop of ["b -> a loop until 'x' max 3", "b -> a until 'x' max 3"]) {
      expect(read(withEdges("a -> b", "b -> c", loop))).toMatchObject({
        ok: true,
        value: { loops: [{ from: "b", to: "a", max: 3, body: ["a", "b"] }], edges: [{ leftLoops: [] }, { from: "b", leftLoops: [0] }] },
      });
    }
    expect(whys(withEdges("a -> b", "b -> c", "a -> b loop until 'x' max 3"))).toEqual([expect.stringContaining("a loop goes back")]);
  });

  test.each([
    ["a -> b if '{{ contains .a.output `x -> y` }}'", "{{ contains .a.output `x -> y` }}"],
    ["a -> b if '{{ contains .a.output `it''s` }}'", "{{ contains .a.output `it's` }}"],
    ["a -> b if '{{ contains .a.output `it\\'s` }}'", "{{ contains .a.output `it's` }}"],
    ["a -> b if '{{ matches .a.output `\\d` }}'", "{{ matches .a.output `\\d` }}"],
    ["a -> b if'x'", "x"],
  ])("P-28 %s", (edge, source) => {
    expect(edgeOf(edge)).toMatchObject({ to: "b", guard: { kind: "if", condition: { source } } });
  });

  test("`else` and `on: failure`, even unquoted in YAML", () => {
    const text =
      "---\nroles:\n  a: { run: a }\n  b: { run: b }\n  c: { run: c }\n  d: { run: d }\nedges:\n  - a -> b if 'x'\n  - a -> c else\n  - a -> d on: failure\n---\n";
    const result = read(text);
    expect(result.ok && result.value.edges.map(({ guard, line }) => [guard.kind, line])).toEqual([
      ["if", 8],
      ["else", 9],
      ["failure", 10],
    ]);
  });

  test("a role in a loop may read every role of the loop, including itself", () => {
    const settings = {
      roles: ["a", "b", "c"],
      edges: ["a -> b", "b -> c", "b -> a until '{{ .a.x }}' max 3"],
      prompts: { a: "{{ .b.verdict }} {{ .a }} {{ .Round }} {{ .MaxRounds }}" },
    };
    expect(workflow(settings).loops).toHaveLength(1);
    expect(() => workflow({ ...settings, prompts: { a: "{{ .c }}" } })).toThrow("not-ancestor");
  });
});

test("reading any file never throws", () => {
  const part = fc.constantFrom(
    "---\n",
    "+++\n",
    ";;;\n",
    "{",
    "}",
    "roles:\n",
    "  a:\n",
    "  a: { run: x }\n",
    "edges:\n",
    "  - a -> a\n",
    "  - a -> b on: failure\n",
    "## a\n",
    "```\n",
    "\n",
    "{{ .a }}",
    "[x]\n",
    "a = 1\n",
    "\t",
    '"',
    "&x *x",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 16 }), (parts) => {
      const result = read(parts.join(""));
      expect(result.ok || result.faults.every(({ line, reason, instead }) => line >= 1 && reason !== "" && instead !== "")).toBe(true);
    }),
    { numRuns: runs(1_000) },
  );
});

describe("limits", () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `r${at}`);
  const file = (roles: readonly string[], edges: readonly string[]) =>
    `---\n${JSON.stringify({ roles: Object.fromEntries(roles.map((name) => [name, { run: "a" }])), edges })}\n---\n`;

  test("a file with thousands of faults has the first of them, with advice", () => {
    const result = read(
      file(
        names(2_000),
        Array.from({ length: 5_000 }, (_, at) => `R${at} -> r1`),
      ),
    );
    const faults = result.ok ? [] : result.faults;
    expect(faults).toHaveLength(200);
    expect(faults[0]).toMatchObject({ code: "unknown-role", reason: 'edge "R0 -> r1": there is no role "R0"' });
    expect(faults[0]?.instead).toBe("did you mean `r0`?");
  });

  test("more than a hundred loops are refused before they are compared with each other", () => {
    const loops = Array.from({ length: 101 }, (_, at) => `r${at} -> r0 until '.r0.ok' max 3`);
    const result = read(file(names(200), loops));
    expect(result).toMatchObject({ ok: false, faults: [{ code: "too-large", reason: "more than 100 edges are loops" }] });
  });

  test.each([
    ["a schema nested 500 deep in YAML", `---\nroles:\n a:\n  schema: ${"{a: ".repeat(500)}1${"}".repeat(500)}\n---\n## a\nx`],
    ["a schema nested 20,000 deep in TOML", `+++\n[roles.a.schema]\n${"a.".repeat(20_000)}a = 1\n+++\n## a\nx`],
    [
      "a schema nested 20,000 deep in JSON",
      `;;;\n{"roles":{"a":{"schema":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}}}\n;;;\n## a\nx`,
    ],
    [
      "aliases that multiply",
      `---\na: &a [x,x]\n${"bcdefghijklmnop".replace(/./g, (name) => `${name}: &${name} [${`*${String.fromCodePoint((name.codePointAt(0) ?? 0) - 1)},`.repeat(9)}]\n`)}---\n`,
    ],
  ])("%s is a fault of the front matter", (_, text) => {
    expect(read(text)).toMatchObject({ ok: false, faults: [{ code: "bad-front-matter" }] });
  });
});
