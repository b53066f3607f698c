import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LIST = readFileSync(join(ROOT, "test", "conformance", "cases.txt"), "utf8");
const ALL = [...LIST.matchAll(/^([A-Z]-\d\d) (\* )?/gm)].map(([, id = "", star]) => ({ id, mayDiffer: star !== undefined }));

type Told = { readonly title: string; readonly status?: string; readonly under?: readonly string[] };

/** Runs `npm run conformance` on a report with these tests; returns its exit code and output. */
const tally = (tests: readonly Told[], folder = "conformance"): { code: number | null; out: string } => {
  const directory = mkdtempSync(join(tmpdir(), "enki-conformance-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "report.json");
  const assertionResults = tests.map(({ title, status = "passed", under = [] }) => ({ ancestorTitles: under, title, status }));
  writeFileSync(file, JSON.stringify({ testResults: [{ name: `/a/clone/test/${folder}/a.test.ts`, assertionResults }] }));
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "scripts", "conformance.mjs"), "--results", file], {
    encoding: "utf8",
  });
  return { code: status, out: stdout };
};

const every = ALL.map(({ id }) => ({ title: `${id} holds` }));
const without = (id: string): Told[] => every.filter(({ title }) => !title.startsWith(id));

test("the list contains every case once, and marks cases that may differ", () => {
  expect(new Set(ALL.map(({ id }) => id)).size).toBe(ALL.length);
  expect(ALL).toHaveLength(190);
  expect(ALL.filter(({ mayDiffer }) => mayDiffer).map(({ id }) => id)).toEqual([
    "O-06",
    "O-11",
    "O-14",
    "H-01",
    "W-01",
    "W-04",
    "X-05",
    "X-07",
    "X-08",
    "X-10",
    "P-21",
    "E-10",
  ]);
});

test("tests of other folders do not count, whatever their titles", () => {
  expect(tally(every, "scenarios")).toMatchObject({ code: 1, out: expect.stringContaining("\n0 of 190 cases") });
});

test("all cases hold", () => {
  const { code, out } = tally(every);
  expect(code).toBe(0);
  expect(out).toMatch(/^Graph +33 of 33\n/);
  expect(out).toMatch(/190 of 190 cases\n$/);
});

test("a case that may differ is listed separately", () => {
  const { code, out } = tally([...without("W-01"), { title: "W-01 differs: a fresh checkout" }]);
  expect(code).toBe(0);
  expect(out).toMatch(/^Workspaces and landing +14 of 15, and 1 that differ$/m);
  expect(out).toContain("\n  W-01 differs: a fresh checkout\n");
});

test.each<[string, Told[], RegExp]>([
  ["has no test", without("R-10"), /^ {2}R-10 missing: who may not edit/m],
  ["fails", [...every, { title: "R-10 fails", status: "failed" }], /^ {2}R-10 failing: /m],
  ["is skipped", [...without("R-10"), { title: "R-10 later", status: "pending" }], /^ {2}R-10 failing: /m],
  ["differs and may not", [...without("R-10"), { title: "R-10 differs: somehow" }], /^ {2}R-10 differs, and may not: /m],
  ["is in no list", [...every, { title: "R-99 what is this" }], /^ {2}R-99 is in no list/m],
])("a case that %s fails the run", (_, tests, words) => {
  const { code, out } = tally(tests);
  expect(code).toBe(1);
  expect(out).toMatch(words);
});

test("a group's title, and several ids in one title, count for each", () => {
  const grouped = [{ title: "by a shell", under: ["R-10 a read-only role"] }, { title: "R-08 R-09 an own agent" }];
  const rest = every.filter(({ title }) => !/^R-(?:10|08|09)/.test(title));
  expect(tally([...rest, ...grouped]).code).toBe(0);
});
