import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createBench } from "./bench.ts";

const ACTION = `
name: Enki
description: For tests
inputs:
  mode: { description: m, required: true }
  token: { description: t, default: "\${{ github.token }}" }
  with space: { description: s, default: fallback }
outputs:
  seen: { description: o }
runs: { using: node24, main: main.js, pre: pre.js, post: post.js }
`;

const FILES = {
  "action.yml": ACTION,
  "pre.js": "console.log('pre', process.env.INPUT_MODE);",
  "main.js": `
const { appendFileSync } = require("node:fs");
console.log("main", process.env.INPUT_MODE, process.env["INPUT_WITH_SPACE"], process.env.INPUT_TOKEN.length, process.env.EXTRA);
console.log("tokens:", Object.keys(process.env).filter((name) => process.env[name].includes(process.env.INPUT_TOKEN)).join());
console.log("cwd is workspace:", process.cwd() === process.env.GITHUB_WORKSPACE, "node:", process.execPath);
appendFileSync(process.env.GITHUB_OUTPUT, "seen=" + process.env.INPUT_MODE + "\\n");
appendFileSync(process.env.GITHUB_STATE, "begun=yes\\n");
if (process.env.INPUT_MODE === "fail") process.exit(3);
`,
  "post.js": "console.log('post', process.env.STATE_begun);",
};

const install = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const root = await mkdtemp(join(tmpdir(), "action-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text);
  return root;
};

const job = (steps: string): string => `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps}`;

test.each(["./", "someone/enki@v1", `someone/enki@${"a".repeat(40)}`])("`uses: %s` runs this installation's action", async (uses) => {
  const bench = await createBench({ actionRoot: await install(FILES) });
  const run = await bench.run(
    job(
      `      - run: echo first\n      - { id: e, uses: "${uses}", with: { mode: "m-\${{ github.actor }}" }, env: { EXTRA: more } }\n      - run: echo "out \${{ steps.e.outputs.seen }}"\n`,
    ),
  );
  expect(run.conclusion).toBe("success");
  const lines = (await run.log("a")).split("\n").filter((line) => /^(?:pre|first|main|out|post|tokens|cwd)/.test(line));
  expect(lines).toEqual([
    "pre m-ada",
    "first",
    "main m-ada fallback 7 more",
    "tokens: INPUT_TOKEN",
    `cwd is workspace: true node: ${process.execPath}`,
    "out m-ada",
    "post yes",
  ]);
});

test("a failing action fails its step, and its post phase still runs", async () => {
  const bench = await createBench({ actionRoot: await install(FILES) });
  const run = await bench.run(job(`      - { uses: a/enki@v1, with: { mode: fail } }\n      - run: echo not reached\n`));
  expect(run.conclusion).toBe("failure");
  expect(await run.log("a")).toMatch(/##\[error\]The action ended with exit code 3\.\n[^]*post yes/);
});

test("does not run the post phase of a skipped step", async () => {
  const bench = await createBench({ actionRoot: await install({ ...FILES, "action.yml": ACTION.replace("pre: pre.js, ", "") }) });
  const run = await bench.run(job(`      - { if: false, uses: a/enki@v1, with: { mode: x } }\n      - run: echo done\n`));
  expect(await run.log("a")).not.toMatch(/pre|post/);
});

test("refuses an unknown input of an action, with file and line", async () => {
  const bench = await createBench({ actionRoot: await install(FILES) });
  const run = await bench.run(job(`      - uses: a/enki@v1\n        with:\n          mode: x\n          mood: y\n`));
  expect(run).toMatchObject({ conclusion: "startup_failure", why: ".github/workflows/test.yml:9: 'a/enki@v1' has no input 'mood'" });
});

test.each([
  [
    "composite",
    ACTION.replace(/^runs:.*$/m, "runs: { using: composite, steps: [{ run: echo, shell: bash }] }"),
    "'using: composite' is not supported",
  ],
  ["with an unknown key", `${ACTION}\nnothing: here\n`, "Unexpected value 'nothing'"],
])("refuses an action: %s", async (_, text, why) => {
  const bench = await createBench({ actionRoot: await install({ ...FILES, "action.yml": text }) });
  const run = await bench.run(job(`      - { uses: ./, with: { mode: x } }\n`));
  expect(run.conclusion).toBe("startup_failure");
  expect(run.why).toContain(why);
});

test("`actions/setup-node` uses the Node.js of this machine", async () => {
  const bench = await createBench();
  const run = await bench.run(job(`      - { uses: actions/setup-node@v6, with: { node-version: 24 } }\n      - run: command -v node\n`));
  expect(await run.log("a")).toContain(`\n${process.execPath}\n`);
});

const LOCAL_ACTION = FILES["action.yml"].replace(", pre: pre.js, post: post.js", "");
const writeLocalAction = (action: string): string =>
  `      - run: |\n          mkdir -p own/action\n          cat > own/action/action.yml <<'END'\n${action
    .split("\n")
    .map((line) => `          ${line}`)
    .join("\n")}\n          END\n          echo 'console.log("local", process.env.INPUT_MODE);' > own/action/main.js\n`;

test("`uses: ./<path>` runs the action that lies there when the step runs", async () => {
  const run = await (
    await createBench({ actionRoot: await install({}) })
  ).run(job(`${writeLocalAction(LOCAL_ACTION)}      - { uses: ./own/action, with: { mode: mine } }\n`));
  expect(await run.log("a")).toContain("\nlocal mine\n");
  expect(run.conclusion).toBe("success");
});

test.each([
  ["      - uses: ./own/action\n", /Did you forget to run actions\/checkout/],
  [`${writeLocalAction(ACTION)}      - uses: ./own/action\n`, /`pre` execution is not supported for local action/],
])("`uses: ./<path>` fails the step without an action there, or with a `pre` phase", async (steps, reason) => {
  const run = await (await createBench({ actionRoot: await install({}) })).run(job(steps));
  expect(run.conclusion).toBe("failure");
  expect(await run.log("a")).toMatch(reason);
});

test("`uses: ./<path>` may not leave the workspace", async () => {
  const run = await (await createBench({ actionRoot: await install({}) })).run(job("      - uses: ./../action\n"));
  expect(run).toMatchObject({ conclusion: "startup_failure" });
});
