// Runs the attack families of `test/attacks` and prints for each family how many variants were tried, stopped and successful:
// `npm run attacks`. Fails if an attack succeeds. `--results <file>…` reads reports of vitest instead of running the tests.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const FOLDER = "test/attacks";
const FAMILY_TITLE = /^attack: (.+)$/;

const runTests = () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-attacks-"));
  try {
    const file = join(directory, "report.json");
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
    const args = [vitest, "run", FOLDER, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`];
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
    return { reports: [JSON.parse(readFileSync(file, "utf8"))], status };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

const countByFamily = (reports) => {
  const families = new Map();
  for (const { ancestorTitles, status } of reports.flatMap(({ testResults }) => testResults).flatMap((file) => file.assertionResults)) {
    const family = ancestorTitles.map((title) => FAMILY_TITLE.exec(title)?.[1]).find((name) => name !== undefined);
    if (family === undefined) continue;
    const counts = families.get(family) ?? { tried: 0, stopped: 0, through: 0, skipped: 0 };
    if (status === "passed") counts.stopped += 1;
    else if (status === "failed") counts.through += 1;
    else counts.skipped += 1;
    if (status === "passed" || status === "failed") counts.tried += 1;
    families.set(family, counts);
  }
  return families;
};

const [flag, ...paths] = process.argv.slice(2);
const { reports, status } =
  flag === "--results" ? { reports: paths.map((path) => JSON.parse(readFileSync(path, "utf8"))), status: 0 } : runTests();
const families = [...countByFamily(reports)].sort(([one], [other]) => one.localeCompare(other));
const total = { tried: 0, stopped: 0, through: 0, skipped: 0 };
for (const [, counts] of families) for (const key of Object.keys(total)) total[key] += counts[key];

const columns = Object.keys(total).filter((key) => key !== "skipped" || total.skipped > 0);
const width = Math.max(...families.map(([family]) => family.length), "attacks".length);
const printRow = (name, cells) => console.log(`${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(9)).join("")}`);
printRow("attacks", columns);
for (const [family, counts] of families)
  printRow(
    family,
    columns.map((key) => counts[key]),
  );
printRow(
  "all",
  columns.map((key) => total[key]),
);
process.exitCode = total.through > 0 || total.tried === 0 || status !== 0 ? 1 : 0;
