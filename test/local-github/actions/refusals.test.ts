import { expect, test } from "vitest";
import { createBench } from "./bench.ts";

const HEAD = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n";
const STEP = "    steps:\n      - run: echo\n";

// A workflow file, and its refusal after `.github/workflows/test.yml:`.
test.each([
  ["an unknown key", `on: push\nnmae: x\njobs:\n  a:\n    runs-on: x\n${STEP}`, /^2: Unexpected value 'nmae'/],
  ["an unknown key of a step", `${HEAD}    steps:\n      - run: echo\n        wiht: 1\n`, /^7: Unexpected value 'wiht'/],
  ["an unknown event", `on: pushed\njobs:\n  a:\n    runs-on: x\n${STEP}`, /^1: Unexpected value 'pushed'/],
  ["an unknown context", `${HEAD}    steps:\n      - run: echo \${{ nothing.here }}\n`, /^6: Unrecognized named-value: 'nothing'/],
  ["a context in the wrong place", `${HEAD}    if: secrets.KEY == ''\n${STEP}`, /^5: Unrecognized named-value: 'secrets'/],
  ["an unknown function", `${HEAD}    if: succes()\n${STEP}`, /^5: Unrecognized function: 'succes'/],
  ["an expression without an end", `${HEAD}    steps:\n      - run: echo \${{ github.sha\n`, /^6: /],
  ["an unknown need", `${HEAD}${STEP}  c:\n    runs-on: x\n    needs: b\n${STEP}`, /^9: .*unknown job 'b'/],
  [
    "a cycle",
    `on: push\njobs:\n  a: { runs-on: x, needs: b, steps: [{ run: echo }] }\n  b: { runs-on: x, needs: a, steps: [{ run: echo }] }\n`,
    /^3: /,
  ],
  ["a doubled step id", `${HEAD}    steps:\n      - { id: x, run: echo }\n      - { id: x, run: echo }\n`, /^7: .*'x'/],
  [
    "an unknown permission",
    `on: push\npermissions: { content: read }\njobs:\n  a:\n    runs-on: x\n${STEP}`,
    /^2: Unexpected value 'content'/,
  ],
  ["invalid YAML", "on: [push\njobs: {", /^\d+: /],
  [
    "an unsupported action",
    `${HEAD}    steps:\n      - uses: evil/action@v1\n`,
    /^6: 'uses: evil\/action@v1' is not supported by this runner$/,
  ],
  ["an action without a version", `${HEAD}    steps:\n      - uses: actions/checkout\n`, /^6: 'uses: actions\/checkout' is not/],
  ["a path out of the repository", `${HEAD}    steps:\n      - uses: ./../x\n`, /^6: 'uses: .\/..\/x' is not/],
  ["a container action", `${HEAD}    steps:\n      - uses: docker://alpine:3\n`, /^6: 'uses: docker:\/\/alpine:3' is not/],
  [
    "an unsupported input",
    `${HEAD}    steps:\n      - uses: actions/checkout@v5\n        with: { submodules: true }\n`,
    /^7: input 'submodules' of 'actions\/checkout@v5' is not/,
  ],
  [
    "a reusable workflow",
    "on: push\njobs:\n  a:\n    uses: ./.github/workflows/b.yml\n",
    /^4: 'uses' of a job is not supported by this runner$/,
  ],
  ["a matrix", `${HEAD}    strategy: { matrix: { n: [1, 2] } }\n${STEP}`, /^5: 'strategy' of a job is not/],
  ["a container", `${HEAD}    container: node:20\n${STEP}`, /^5: 'container' of a job is not/],
  ["services", `${HEAD}    services: { db: { image: x } }\n${STEP}`, /^5: 'services' of a job is not/],
  ["hashFiles in a step", `${HEAD}    steps:\n      - run: echo \${{ hashFiles('a') }}\n`, /^6: the function 'hashFiles' is not/],
  [
    "hashFiles in a bare condition",
    `${HEAD}    steps:\n      - { if: "hashFiles('a') != ''", run: echo }\n`,
    /^6: the function 'hashFiles' is not/,
  ],
  [
    "`queue: max` with `cancel-in-progress`",
    `on: push\nconcurrency: { group: g, cancel-in-progress: true, queue: max }\njobs:\n  a:\n    runs-on: x\n${STEP}`,
    /^2: 'queue: max' cannot/,
  ],
  ["Enki's action without an installation", `${HEAD}    steps:\n      - uses: ./\n`, /action\.yml:1: action\.yml is missing/],
])("refuses %s before the run starts, with file and line", async (_, text, why) => {
  const bench = await createBench();
  const run = await bench.run(text);
  expect(run).toMatchObject({ conclusion: "startup_failure", titles: [], reports: [] });
  expect(run.why.replace(".github/workflows/test.yml:", "")).toMatch(why);
  expect(bench.minted).toEqual([]);
});

test("reports all errors of a file together", async () => {
  const bench = await createBench();
  const run = await bench.run(`${HEAD}    steps:\n      - uses: a/b@v1\n      - uses: c/d@v1\n`);
  expect(run.why.split("\n")).toHaveLength(2);
});

test("an expression that fails at run time fails its step and reports the reason", async () => {
  const bench = await createBench();
  const run = await bench.run(
    `${HEAD}    steps:\n      - run: echo \${{ fromJSON(github.ref) }}\n      - { if: failure(), run: echo after }\n`,
  );
  expect(run.conclusion).toBe("failure");
  expect(await run.log("a")).toMatch(/##\[error\].*\n[^]*after/);
});

test("fails a job whose name cannot be evaluated, with file and line", async () => {
  const bench = await createBench();
  const run = await bench.run(`on: push\njobs:\n  a:\n    runs-on: x\n    if: fromJSON(github.ref)\n${STEP}`);
  expect(run).toMatchObject({ conclusion: "failure" });
  expect(run.why).toMatch(/^\.github\/workflows\/test\.yml:\d+: job 'a': /);
});
