// Plants one bug after the other in a copy of the sources, at least one for each invariant and each protection, and prints which test catches it: `npm run mutants [-- I7 L2]`.
// `--check` only checks that each bug can still be planted.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const IDS = [
  ...Array.from({ length: 18 }, (_, at) => `I${at + 1}`),
  ...Array.from({ length: 6 }, (_, at) => `L${at + 1}`),
  "M1",
  "S1",
  "S2",
  "S3",
  "S4",
  "S5",
];
// S1: who writes the ledger. S2: which run produced a result. S3: who opens a gate. S4: the permitted content of a result. S5: the rights of an agent.

const root = new URL("..", import.meta.url).pathname;
/** Each bug: the invariant, a description, its patches (file, text, replacement), and its test unless that is the property of the same name. */
const MUTANTS = JSON.parse(readFileSync(join(root, "scripts/mutants.json"), "utf8"));

const args = process.argv.slice(2);
const wanted = args.filter((each) => IDS.includes(each));
const chosen = MUTANTS.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
const faults = [
  ...IDS.filter((id) => !MUTANTS.some((each) => each.id === id)).map((id) => `${id} has no bug of its own`),
  ...MUTANTS.flatMap(({ id, patches }) =>
    patches
      .filter(([file, text]) => readFileSync(join(root, file), "utf8").split(text).length !== 2)
      .map(([file, text]) => `${id}: ${file} does not hold once: ${text}`),
  ),
];
for (const fault of faults) console.error(fault);
if (faults.length > 0 || args.includes("--check")) process.exit(faults.length > 0 ? 1 : 0);

const directory = mkdtempSync(join(tmpdir(), "enki-mutants-"));
let survivors = 0;
try {
  for (const name of ["src", "test", "bench", "scripts", "package.json", "tsconfig.json", "vitest.config.ts", "app.yml"])
    cpSync(join(root, name), join(directory, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  for (const { id, bug, patches, test } of chosen) {
    const before = patches.map(([file]) => [file, readFileSync(join(root, file), "utf8")]);
    for (const [file, text, instead] of patches) {
      const path = join(directory, file);
      writeFileSync(
        path,
        readFileSync(path, "utf8").replace(text, () => instead),
      );
    }
    const from = performance.now();
    const command = test
      ? [join(root, "node_modules/vitest/vitest.mjs"), "run", test.file, "-t", test.title]
      : ["scripts/bench.mjs", "properties", "--only", id, "--histories", "20000", "--terse", "yes"];
    const { stdout, stderr, signal } = spawnSync(process.execPath, command, {
      cwd: directory,
      encoding: "utf8",
      timeout: 120_000,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    const seconds = (performance.now() - from) / 1000;
    // Only a failed test counts: a bug that prevents the test from running is not caught.
    const isCaught = test ? /Tests .*\d+ failed/.test(stdout) : stdout.includes(`\n${id} `) || stdout.startsWith(`${id} `);
    if (!isCaught) survivors += 1;
    const by = test ? `${test.file} ${test.title}` : "properties";
    console.log(`${id.padEnd(4)}${isCaught ? "caught  " : "SURVIVES"} ${seconds.toFixed(1).padStart(5)} s  ${bug} (${by})`);
    if (!isCaught) console.log(`${signal ?? ""} ${stderr.slice(-600)} ${stdout.slice(-600)}`);
    for (const [file, text] of before) writeFileSync(join(directory, file), text);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
console.log(`${chosen.length - survivors} of ${chosen.length} bugs caught`);
process.exitCode = survivors > 0 ? 1 : 0;
