// Runs the conformance tests and prints for each area which cases hold: `npm run conformance`. Fails on a case that has no test, fails, or
// differs without permission, and on an unknown id. `--results <file>…` reads reports of vitest instead of running the tests.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** The areas of the list with their cases, in the same order. */
const readCases = (text) => {
  const areas = [];
  for (const line of text.split("\n")) {
    const [, area] = /^## (.+)$/.exec(line) ?? [];
    if (area !== undefined) areas.push({ area, cases: [] });
    const [, id, star, words] = /^([A-Z]-\d\d) (\* )?(.+)$/.exec(line) ?? [];
    if (id !== undefined) areas.at(-1).cases.push({ id, mayDiffer: star !== undefined, words });
  }
  return areas;
};

const TITLE = /^((?:[A-Z]-\d\d,? )+)(differs: )?/;

/** Folders with tests of the cases; elsewhere, such letters and numbers have another meaning. */
const FOLDERS = ["test/conformance", "test/core/workflow"];

/** Tests by the ids at the start of their titles. The title of a group counts for each of its tests. */
const readResults = ({ testResults }) => {
  const tests = new Map();
  for (const { name, assertionResults } of testResults) {
    if (!FOLDERS.some((folder) => name.includes(`/${folder}/`))) continue;
    for (const { ancestorTitles, title, status } of assertionResults) {
      for (const text of [...ancestorTitles, title]) {
        const [, ids = "", differs] = TITLE.exec(text) ?? [];
        for (const [id] of ids.matchAll(/[A-Z]-\d\d/g))
          tests.set(id, [...(tests.get(id) ?? []), { title: text, status, differs: differs !== undefined }]);
      }
    }
  }
  return tests;
};

const runTests = () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-conformance-"));
  try {
    const file = join(directory, "report.json");
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", ...FOLDERS, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    return { report: JSON.parse(readFileSync(file, "utf8")), status };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

/** Merges the reports of several runs. */
const readReports = (paths) => ({ testResults: paths.flatMap((path) => JSON.parse(readFileSync(path, "utf8")).testResults) });

const [flag, ...paths] = process.argv.slice(2);
const { report, status } = flag === "--results" ? { report: readReports(paths), status: 0 } : runTests();
const areas = readCases(readFileSync(join(root, "test", "conformance", "cases.txt"), "utf8"));
const tests = readResults(report);
const all = areas.flatMap(({ cases }) => cases);

const stands = ({ id, mayDiffer }) => {
  const own = tests.get(id) ?? [];
  if (own.length === 0) return "missing";
  if (own.some((test) => test.status !== "passed")) return "failing";
  if (!own.some((test) => test.differs)) return "holds";
  return mayDiffer ? "differs" : "differs, and may not";
};
const known = new Set(all.map(({ id }) => id));
const unknown = [...tests.keys()].filter((id) => !known.has(id));

const width = Math.max(...areas.map(({ area }) => area.length));
for (const { area, cases } of areas) {
  const states = cases.map(stands);
  const differ = states.filter((state) => state === "differs").length;
  const holds = states.filter((state) => state === "holds").length;
  console.log(`${area.padEnd(width)}  ${String(holds).padStart(3)} of ${cases.length}${differ > 0 ? `, and ${differ} that differ` : ""}`);
}
const differing = all.filter((each) => stands(each) === "differs");
if (differing.length > 0) console.log("\nDiffer, and what a user gets instead:");
for (const { id } of differing) console.log(`  ${(tests.get(id) ?? []).find((test) => test.differs).title}`);

const bad = all.filter((each) => !["holds", "differs"].includes(stands(each)));
if (bad.length > 0) console.log("\nNot there yet:");
for (const each of bad) console.log(`  ${each.id} ${stands(each)}: ${each.words}`);
for (const id of unknown) console.log(`  ${id} is in no list: test/conformance/cases.txt`);
console.log(`\n${all.length - bad.length} of ${all.length} cases`);
process.exitCode = bad.length + unknown.length > 0 || status !== 0 ? 1 : 0;
