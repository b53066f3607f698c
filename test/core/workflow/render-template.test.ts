import { fc, runs } from "../../support/fast-check.ts";
import { describe, expect, test } from "vitest";
import type { JsonValue } from "../../../src/core/workflow/read-json.ts";
import { readTemplate } from "../../../src/core/workflow/template/read-template.ts";
import { evaluateGuard, renderTemplate, TemplateScope } from "../../../src/core/workflow/template/render-template.ts";
import { RoleView, type TemplateValue } from "../../../src/core/workflow/template/template-value.ts";

const view = (output: string, fields: Record<string, JsonValue> = {}, whole = true) =>
  new RoleView(output, new Map(Object.entries<JsonValue>({ output, skipped: false, ...fields })), whole);

const VALUES: Record<string, TemplateValue> = {
  Args: "add login",
  planner: view("1. do it", { items: ["a", "b", { name: "c" }], empty: [], nothing: null, table: { own: 1 } }),
  review: view("fine\nverdict: LGTM", { verdict: "LGTM", score: 9, blocking: false, text9: "9", version: "1.10", note: "No blockers" }),
  ship: view("", { skipped: true }, false),
  "read-backend": view("backend"),
};

const parse = (source: string) => {
  const read = readTemplate(source, 1);
  if (!read.ok) throw new Error(`${read.fault.code}: ${read.fault.reason}`);
  return read.template;
};
const scope = (values: Record<string, TemplateValue> = VALUES) =>
  new TemplateScope((key) => (Object.hasOwn(values, key) ? values[key] : undefined));
const render = (source: string, values?: Record<string, TemplateValue>) => renderTemplate('role "coder"', parse(source), scope(values));
const text = (source: string, values?: Record<string, TemplateValue>) => {
  const rendered = render(source, values);
  return rendered.ok ? rendered.value : rendered.refusal.message;
};
const holds = (source: string, values?: Record<string, TemplateValue>) => {
  const held = evaluateGuard("the guard", parse(source), scope(values));
  return held.ok ? held.value : held.refusal.message;
};

describe("prompts", () => {
  test("Q-01 `.planner` of the older dialect is the role's text, like `.planner.output`", () => {
    expect(text("{{ .planner }} | {{ .planner.output }}")).toBe("1. do it | 1. do it");
  });

  test.each([
    ["{{ .Args }}", "add login"],
    ["{{.read-backend.output}}", "backend"],
    ["a\n  {{- .Args -}}\n  b", "aadd loginb"],
    ["a\n{{ if true }}\nb\n{{ end }}\nc", "a\n\nb\n\nc"],
    ["{{/* a }} comment */}}x{{- /* b */ -}}  y", "xy"],
    ["{{ if .ship.skipped }}no{{ else }}yes{{ end }}", "no"],
    ["{{ if eq .review.verdict `reject` }}a{{ else if eq .review.score 9 }}b{{ else }}c{{ end }}", "b"],
    ["{{ with .review }}{{ .verdict }}/{{ .score }}/{{ $.Args }}{{ else }}none{{ end }}", "LGTM/9/add login"],
    ["{{ with .review.missing }}{{ . }}{{ else }}none{{ end }}", "none"],
    ["{{ range .planner.items }}[{{ . }}]{{ end }}", '[a][b][{"name":"c"}]'],
    ["{{ range .planner.items }}{{ if true }}{{ default `-` .name }}{{ end }}{{ end }}", "--c"],
    ["{{ range .planner.empty }}x{{ else }}none{{ end }}", "none"],
    ["{{ range .planner.missing }}x{{ else }}none{{ end }}", "none"],
    ["{{ .review.missing | default `none` }}", "none"],
    ["{{ or .review.missing .ship.verdict `x` }}", "x"],
    ["{{ and .review.missing `x` | default `missing` }}", "missing"],
    ["{{ not (and true (gt .review.score 10)) }}", "true"],
    ["{{ len .planner.items }} {{ len .Args }}", "3 9"],
    ['{{ "a\\n\\"b\\"" }}{{ `\\d` }} {{ 1.50 }} {{ nil }}', 'a\n"b"\\d 1.5 '],
    ["{{ .planner.nothing }}.", "."],
    ['{{ "{{ .Args }}" }}', "{{ .Args }}"],
  ])("%s is %j", (source, expected) => {
    expect(text(source)).toBe(expected);
  });

  test.each([
    "{{ .review.missing }}",
    "{{ .nobody }}",
    "{{ .planner.items.length }}",
    "{{ .review.verdict.length }}",
    "{{ .planner.toString }}",
    "{{ .planner.table.toString }}",
    "{{ .planner.table.__proto__ }}",
    "{{ .review.__proto__ }}",
    "{{ .constructor }}",
  ])("C-11 reports %s instead of writing `<no value>` in a prompt", (source) => {
    expect(render(source)).toMatchObject({
      ok: false,
      refusal: { code: "cannot-render", message: `role "coder": line 1: \`${source}\` has no value` },
    });
  });

  test("C-11 a role that has not run is empty, unless it is required", () => {
    expect(text("[{{ .ship }}{{ .ship.verdict }}]{{ if .ship.skipped }} skipped{{ end }}")).toBe("[] skipped");
  });

  test("C-10 `.ship.skipped` is true after a skip", () => {
    expect(text("{{ .ship.skipped }} {{ .review.skipped }}")).toBe("true false");
  });

  test.each([
    "{{ .Args }}",
    "{{ $.planner.output }}",
    "{{{{ .Args }}}}",
    "{{> partial}}",
    "{{#each this}}",
    "{{lookup . 'constructor'}}",
    "<b>&amp;\\{{x}}",
    "\u2028\\'\"`${1}",
  ])("%s in an argument, an output or a field stays literal", (hostile) => {
    expect(
      text("<{{ .Args }}|{{ .a }}|{{ .a.f }}|{{ range .a.l }}{{ . }}{{ end }}>", {
        Args: hostile,
        a: view(hostile, { f: hostile, l: [hostile] }),
      }),
    ).toBe(`<${hostile}|${hostile}|${hostile}|${hostile}>`);
  });

  test("leaves values and text outside of actions unchanged", () => {
    const plain = fc.string({ unit: "binary" }).filter((each) => !each.includes("{{") && !each.endsWith("{"));
    fc.assert(
      fc.property(plain, fc.string({ unit: "binary" }), plain, (before, value, after) => {
        expect(text(`${before}{{ .Args }}${after}`, { Args: value })).toBe(before + value + after);
      }),
    );
  });

  test("bounds nested iteration over a foreign output", () => {
    const many = Array.from({ length: 1_000 }, (_, at) => at);
    const source = "{{ range .a.l }}{{ range $.a.l }}{{ range $.a.l }}x{{ end }}{{ end }}{{ end }}";
    expect(text(source, { a: view("", { l: many }) })).toContain("more than 100000 values");
    expect(text("{{ range .a.l }}{{ $.a.big }}{{ end }}", { a: view("", { l: many, big: "y".repeat(20_000) }) })).toContain(
      "longer than 1000000",
    );
  });

  test("reports `range` over a non-list, an invalid pattern and a lone `.`", () => {
    expect(text("{{ range .Args }}x{{ end }}")).toContain("`range` needs a list");
    expect(text("{{ matches .Args .a }}", { Args: "x", a: "(" })).toContain("not closed");
    expect(text("{{ . }}")).toContain("name what is meant");
  });
});

describe("conditions", () => {
  test.each([
    ["False", false],
    [" 0 ", false],
    ["NO", false],
    ["<no value>", false],
    ["", false],
    ["off", true],
    ["null", true],
    ["x", true],
    ["0.0", true],
    ["{}", true],
  ])("C-07 %j is %s", (rendered, expected) => {
    expect([holds(rendered), holds("{{ .Args }}", { Args: rendered }), holds("{{ if .Args }}1{{ end }}", { Args: rendered })]).toEqual([
      expected,
      expected,
      expected,
    ]);
  });

  test.each([
    ['{{ eq .review.missing "y" }}', false],
    ['{{ ne .review.missing "y" }}', true],
    ["{{ .review.missing }}", false],
    ['{{ eq .review.missing "" }}', false],
    ['{{ contains .review.missing "x" }}', false],
    ['{{ not (contains .review.missing "x") }}', true],
    ["{{ gt .review.missing 1 }}", false],
    ["{{ le .review.missing 1 }}", false],
    ["{{ matches .review.missing `` }}", false],
  ])("C-06 a missing field: %s is %s", (source, expected) => {
    expect(holds(source)).toBe(expected);
  });

  test.each([
    ["{{ eq .review.score 9 }}", true],
    ['{{ eq .review.score "9" }}', true],
    ["{{ eq .review.text9 9 }}", true],
    ["{{ ge .review.text9 9.0 }}", true],
    ['{{ gt .review.text9 "10" }}', false],
    ["{{ gt .review.score 7 }}", true],
    ["{{ lt .review.score 9 }}", false],
    ["{{ gt .review.verdict 7 }}", false],
    ["{{ lt .review.verdict 7 }}", false],
    ['{{ lt .review.verdict "M" }}', true],
    ["{{ eq .review.blocking false }}", true],
    ['{{ eq .review.blocking "false" }}', true],
    ['{{ eq .review.version "1.1" }}', false],
  ])("C-13 typed comparison: %s is %s", (source, expected) => {
    expect(holds(source)).toBe(expected);
  });

  test.each([
    ['{{ eq .review.verdict "reject" "LGTM" }}', true],
    ['{{ contains .review.note "no BLOCK" }}', true],
    ['{{ contains .planner.items "a" }}', true],
    ['{{ contains .planner.items "ab" }}', false],
    ["{{ matches .review.verdict `^(LGTM|ok)$` }}", true],
    ["{{ matches .review.verdict `lgtm` }}", false],
    ['{{ and (eq .review.verdict "LGTM") (not .review.blocking) }}', true],
    ["{{ .ship }}", false],
    ["{{ .planner.empty }}", true],
    ["{{ if .planner.empty }}x{{ end }}", false],
    ["{{ len .planner.empty }}", false],
  ])("%s is %s", (source, expected) => {
    expect(holds(source)).toBe(expected);
  });
});

test("reading any template never throws", () => {
  const part = fc.constantFrom(
    "{{",
    "}}",
    "if",
    "end",
    "else",
    "range",
    " ",
    "-",
    ".a.b",
    "$",
    '"',
    "`",
    "(",
    ")",
    "|",
    "eq",
    "1",
    "\n",
    "/*",
    "*/",
    "x",
    "true",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      expect(typeof readTemplate(parts.join(""), 1).ok).toBe("boolean");
    }),
    { numRuns: runs(2_000) },
  );
});
