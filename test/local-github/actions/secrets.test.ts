import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createBench } from "./bench.ts";

test.each([
  ["no permissions key: GitHub's restricted default", "", "", { contents: "read", packages: "read" }],
  ["none", "permissions: {}", "", {}],
  [
    "the workflow's",
    "permissions: { contents: write, issues: read, checks: none }",
    "",
    { contents: "write", issues: "read", checks: "none" },
  ],
  [
    "the job's permissions replace the workflow's",
    "permissions: { contents: write }",
    "permissions: { actions: read }",
    { actions: "read" },
  ],
  ["none for the job", "permissions: write-all", "permissions: {}", {}],
])("a job's token has exactly the permissions of the workflow file: %s", async (_, workflow, job, permissions) => {
  const bench = await createBench();
  await bench.run(`on: push\n${workflow}\njobs:\n  a:\n    runs-on: x\n    ${job}\n    steps: [{ run: "true" }]\n`);
  expect(bench.minted).toEqual([permissions]);
});

test("`read-all` reads everything and writes nothing", async () => {
  const bench = await createBench();
  await bench.run(`on: push\npermissions: read-all\njobs:\n  a: { runs-on: x, steps: [{ run: "true" }] }\n`);
  expect(new Set(Object.values(bench.minted[0] ?? {}))).toEqual(new Set(["read"]));
  expect(bench.minted[0]).toMatchObject({ contents: "read", actions: "read" });
});

test("every job has its own token, which is revoked when the job ends", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
jobs:
  a: { runs-on: x, steps: [{ run: "exit 1" }] }
  b: { runs-on: x, needs: a, steps: [{ run: "true" }] }
  c: { runs-on: x, needs: a, if: always(), steps: [{ run: "true" }] }
`);
  expect(run.ends()).toEqual(["a: failure", "b: skipped", "c: success"]);
  expect(bench.revoked).toEqual(["token-1", "token-2"]);
});

test("a step receives only PATH, LANG and TZ from the machine, and no token that the workflow file does not pass", async () => {
  const env = {
    PATH: process.env["PATH"] ?? "",
    LANG: "C.UTF-8",
    TZ: "UTC",
    HOME: "/root",
    AWS_SECRET: "host-secret",
    GITHUB_TOKEN: "host-token",
    NODE_OPTIONS: "--x",
  };
  const bench = await createBench({ env });
  const run = await bench.run(
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: env -0 | tr '\\n\\0' ' \\n'\n      - run: cat "$GITHUB_EVENT_PATH"; find "$HOME" "$RUNNER_TEMP" "$GITHUB_WORKSPACE" -type f\n`,
    {
      secrets: { KEY: "repository-secret" },
    },
  );
  const text = await run.log("a");
  const names = [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? "");
  const isRunners = (name: string): boolean => name.startsWith("GITHUB_") || name.startsWith("RUNNER_") || name === "ENKI_CELL";
  const others = names.filter((name) => !isRunners(name));
  expect(others.sort()).toEqual(["CI", "HOME", "LANG", "PATH", "PWD", "SHLVL", "TMPDIR", "TZ", "_"]);
  expect(names).not.toContain("GITHUB_TOKEN");
  expect(text).not.toMatch(/host-|\*\*\*|AWS/);
  expect(text).toContain(`HOME=${bench.directory}/jobs/1-a/home\n`);
});

test("sets GitHub's default variables", async () => {
  const bench = await createBench();
  const run = await bench.run(`
name: Build
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          echo "$GITHUB_ACTIONS $GITHUB_ACTOR $GITHUB_REPOSITORY $GITHUB_REPOSITORY_OWNER $GITHUB_REF $GITHUB_REF_NAME $GITHUB_REF_TYPE $GITHUB_SHA"
          echo "$GITHUB_RUN_ID $GITHUB_RUN_ATTEMPT $GITHUB_JOB $GITHUB_WORKFLOW $GITHUB_EVENT_NAME $GITHUB_SERVER_URL $GITHUB_API_URL"
          [ "$PWD" = "$GITHUB_WORKSPACE" ] && [ -d "$RUNNER_TEMP" ] && [ -f "$GITHUB_EVENT_PATH" ] && echo places
          echo "\${{ github.job }} \${{ github.run_id }} \${{ runner.os }} \${{ github.workflow }}"
`);
  expect((await run.log("a")).split("\n").slice(1, 5)).toEqual([
    `true ada octo/demo octo refs/heads/main main branch ${"a".repeat(40)}`,
    "1 1 a Build workflow_dispatch http://127.0.0.1:1 http://127.0.0.1:1/api/v3",
    "places",
    "a 1 Linux Build",
  ]);
});

test("passes the token as the workflow file says, and masks it in the log", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: echo "token [$A] [$B]"; printf '%s' "$A" | md5sum
        env: { A: "\${{ github.token }}", B: "\${{ secrets.GITHUB_TOKEN }}" }
      - run: echo "later [\${A-none}]"
`);
  const text = await run.log("a");
  expect(text).toContain("token [***] [***]");
  expect(text).toContain("later [none]");
});

test("masks secrets in every spelling that a log may show", async () => {
  const bench = await createBench();
  const key = '-----BEGIN KEY-----\nabc/+="d\nline three\n-----END KEY-----';
  const run = await bench.run(
    `
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          echo "$KEY"
          printf '%s' "$KEY" | base64 -w0; echo
          node -p 'JSON.stringify({ key: process.env.KEY })'
          echo >&2 "$KEY"
          printf '%s' "$WORD"; printf 'no line end'
        env: { KEY: "\${{ secrets.KEY }}", WORD: "\${{ secrets.WORD }}" }
`,
    { secrets: { KEY: key, WORD: "hunter2", EMPTY: "" } },
  );
  const text = await run.log("a");
  for (const shown of ["BEGIN", "abc/+=", "line three", "hunter2", Buffer.from(key).toString("base64")]) expect(text).not.toContain(shown);
  expect(text).toContain("***no line end");
});

test("`add-mask` hides later output, and `stop-commands` disables it", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
jobs:
  a:
    runs-on: x
    steps:
      - run: |
          echo "before derived"
          echo "::add-mask::derived"
          echo "after derived"
          echo "::stop-commands::pause"
          echo "::add-mask::plain"
          echo "say ##[add-mask]plain"
          echo "::pause::"
          echo "plain"
          echo "say ##[add-mask]older"
          echo "an older command"
          echo "::set-output name=x::1"
        id: s
      - run: echo "derived [\${{ steps.s.outputs.x }}]"
`);
  const text = await run.log("a");
  expect(text).toContain("before derived\nafter ***\n");
  expect(text).toContain("\nplain\n");
  expect(text).toContain("an *** command\n");
  expect(text).toContain("*** []\n");
});

test("masks a secret in a line without an end, wherever the line is cut", async () => {
  const bench = await createBench();
  const run = await bench.run(
    `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: node -e 'process.stdout.write(("x".repeat(41) + process.env.S).repeat(80000))'\n        env: { S: "\${{ secrets.S }}" }\n`,
    {
      secrets: { S: "correct-horse" },
    },
  );
  const text = (await run.log("a")).split("\n").slice(1).join("");
  expect(text.length).toBeGreaterThan(3_000_000);
  expect(text.replaceAll("***", "").replaceAll("x", "")).toBe("");
});

test("drops a job output that contains a secret", async () => {
  const bench = await createBench();
  const run = await bench.run(
    `
on: push
jobs:
  a:
    runs-on: x
    outputs: { leak: "\${{ steps.s.outputs.leak }}", fine: "\${{ steps.s.outputs.fine }}" }
    steps:
      - { id: s, run: 'echo "leak=x-$S" >> "$GITHUB_OUTPUT"; echo "fine=1" >> "$GITHUB_OUTPUT"', env: { S: "\${{ secrets.S }}" } }
  b: { runs-on: x, needs: a, steps: [{ run: 'echo "[\${{ needs.a.outputs.leak }}] [\${{ needs.a.outputs.fine }}]"' }] }
`,
    { secrets: { S: "s3cret" } },
  );
  expect(await run.log("b")).toContain("[] [1]");
  expect(await run.log("a")).toContain("Skip output 'leak' since it may contain secret.");
});

const ENVIRONMENT = `
on: push
jobs:
  with: { runs-on: x, environment: enki, steps: [{ run: 'echo "[$K]" | tr k K', env: { K: "\${{ secrets.MODEL }}" } }] }
  mapping: { runs-on: x, environment: { name: "\${{ 'enki' }}", deployment: false }, steps: [{ run: 'echo "[$K]" | tr k K', env: { K: "\${{ secrets.MODEL }}" } }] }
  without: { runs-on: x, steps: [{ run: 'echo "[$K]"', env: { K: "\${{ secrets.MODEL }}" } }] }
  unknown: { runs-on: x, environment: other, steps: [{ run: 'echo "[$K]"', env: { K: "\${{ secrets.MODEL }}" } }] }
`;

test("passes the secrets of an environment only to jobs that name it", async () => {
  const bench = await createBench();
  const run = await bench.run(ENVIRONMENT, { environments: { enki: { MODEL: "model-key" } } });
  expect(run.conclusion).toBe("success");
  expect(await run.log("with")).toContain("[model-Key]");
  expect(await run.log("mapping")).toContain("[model-Key]");
  expect(await run.log("without")).toContain("[]");
  expect(await run.log("unknown")).toContain("[]");
});

test("an environment without a branch policy gives its secrets to jobs on any branch", async () => {
  const bench = await createBench();
  const run = await bench.run(ENVIRONMENT, { environments: { enki: { MODEL: "model-key" } }, ref: "refs/heads/task/x" });
  expect(await run.log("with")).toContain("[model-Key]");
});

test("fails a job before its first step, when its environment does not admit the branch", async () => {
  const bench = await createBench();
  const run = await bench.run(ENVIRONMENT, {
    environments: { enki: { MODEL: "model-key" } },
    environmentBranches: { enki: ["main"] },
    ref: "refs/heads/task/x",
  });
  expect(run.ends().sort()).toEqual(["mapping: failure", "unknown: success", "with: failure", "without: success"]);
  expect(await run.log("with")).toContain('Branch "task/x" is not allowed to deploy to enki due to environment protection rules.');
  expect(run.job("with")?.steps).toEqual([{ name: expect.any(String), conclusion: null }]);
});

test("removes a job's directories, whatever the job did to them, and keeps its log", async () => {
  const bench = await createBench();
  const run = await bench.run(
    `on: push\njobs:\n  a: { runs-on: x, steps: [{ run: 'mkdir -p d/e && touch d/e/f && chmod 000 d/e d && echo kept' }] }\n`,
  );
  await expect(readFile(join(bench.directory, "jobs", "1-a", "temp", "_github_workflow", "event.json"))).rejects.toThrow("ENOENT");
  // The directory can be created again, so it was removed completely.
  await mkdir(join(bench.directory, "jobs", "1-a"));
  expect(await run.log("a")).toContain("kept");
});

test("gives each job its own workspace, HOME and temporary directory", async () => {
  const bench = await createBench();
  const write = `{ run: 'touch here "$HOME/here" "$RUNNER_TEMP/here" "$TMPDIR/here"' }`;
  const look = `{ run: 'ls -A . "$HOME" "$TMPDIR"; ls "$RUNNER_TEMP"' }`;
  const run = await bench.run(`on: push\njobs:\n  a: { runs-on: x, steps: [${write}] }\n  b: { runs-on: x, needs: a, steps: [${look}] }\n`);
  expect(run.conclusion).toBe("success");
  expect(await run.log("b")).not.toMatch(/^here$/m);
});

const VARIABLES = `on: workflow_dispatch
jobs:
  plain: { runs-on: x, if: "vars.NAME == 'all'", steps: [{ run: 'echo "plain \${{ vars.NAME }}"' }] }
  chosen: { runs-on: x, environment: enki, steps: [{ run: 'echo "chosen \${{ vars.NAME }} \${{ vars.OTHER }}"' }] }
`;

test("a job has the repository's variables, and those of its environment override them", async () => {
  const bench = await createBench();
  const run = await bench.run(VARIABLES, { variables: { NAME: "all", OTHER: "two" }, environmentVariables: { enki: { NAME: "own" } } });
  expect(run.conclusion).toBe("success");
  expect(await run.log("plain")).toContain("plain all");
  expect(await run.log("chosen")).toContain("chosen own two");
});
