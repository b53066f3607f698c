import { expect, test } from "vitest";
import type { RunRequest } from "../../../src/local-github/actions/workflow-runner.ts";
import { createBench, processesWith } from "./bench.ts";

const oneJob = (steps: string, before = ""): string =>
  `on: workflow_dispatch\n${before}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n${steps}`;

const runSteps = async (steps: string, request: Partial<RunRequest> = {}) => {
  const bench = await createBench();
  const run = await bench.run(oneJob(steps), request);
  return { ...run, text: await run.log("a"), steps: run.job("a")?.steps.map((step) => step.conclusion) };
};

test("after a failed step, runs only steps whose condition allows it", async () => {
  const run = await runSteps(`
      - { id: bad, run: exit 7 }
      - run: echo not reached
      - { if: failure(), run: "echo cleaning up after \${{ steps.bad.outcome }}" }
      - { if: always(), run: echo always }
      - { if: "always() && steps.bad.conclusion == 'success'", run: echo no }
`);
  expect(run.conclusion).toBe("failure");
  expect(run.steps).toEqual(["failure", "skipped", "success", "success", "skipped"]);
  expect(run.text).toContain("Process completed with exit code 7.");
  expect(run.text).toContain("cleaning up after failure");
  expect(run.text).not.toContain("not reached");
});

test("`continue-on-error` keeps the job successful and the outcome failed", async () => {
  const run = await runSteps(`
      - { id: bad, run: "exit 1", continue-on-error: true }
      - run: echo "\${{ steps.bad.outcome }} \${{ steps.bad.conclusion }}"
`);
  expect(run.conclusion).toBe("success");
  expect(run.text).toContain("failure success\n");
});

test("merges the environment of the workflow, the job, the step and earlier steps", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
env: { LEVEL: workflow, TOP: top }
jobs:
  a:
    runs-on: ubuntu-latest
    env: { LEVEL: job, JOB: "\${{ github.repository }}!" }
    steps:
      - run: |
          echo "1 $LEVEL $JOB $TOP"
          echo "LEVEL=file" >> "$GITHUB_ENV"
          mkdir -p "$RUNNER_TEMP/bin" && printf '#!/bin/sh\\necho tool\\n' > "$RUNNER_TEMP/bin/tool" && chmod +x "$RUNNER_TEMP/bin/tool"
          echo "$RUNNER_TEMP/bin" >> "$GITHUB_PATH"
      - { run: 'echo "2 $LEVEL $(tool)"' }
      - { run: 'echo "3 $LEVEL \${{ env.LEVEL }}"', env: { LEVEL: step } }
`);
  expect((await run.log("a")).split("\n").filter((line) => /^[123] /.test(line))).toEqual([
    "1 job octo/demo! top",
    "2 file tool",
    "3 step step",
  ]);
});

test("a step cannot override GitHub's variables", async () => {
  const run = await runSteps(`
      - run: echo "GITHUB_REPOSITORY=evil/evil" >> "$GITHUB_ENV"
        env: { GITHUB_SHA: evil }
      - run: echo "$GITHUB_REPOSITORY"
      - run: echo "NODE_OPTIONS=--require=./x" >> "$GITHUB_ENV"
`);
  expect(run.text).toContain("octo/demo\n");
  expect(run.text).toContain("Can't store NODE_OPTIONS");
  expect(run.steps).toEqual(["success", "success", "failure"]);
});

test("runs bash without pipefail by default, with pipefail for `shell: bash`, and other shells as given", async () => {
  const run = await runSteps(`
      - run: "false | true"
      - { shell: sh, run: 'echo "sh $0"' }
      - { shell: "bash -c '. {0}' ", run: echo no, continue-on-error: true }
      - { shell: "cat {0}", run: "plain text" }
      - { shell: bash, run: "false | true", continue-on-error: true }
      - { shell: bash, if: "\${{ true }}", run: "false | true" }
`);
  expect(run.steps).toEqual(["success", "success", "success", "success", "success", "failure"]);
  expect(run.text).toContain("plain text\n");
});

test("`working-directory` and `defaults.run` come from the step, the job or the workflow, in this order", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
defaults: { run: { working-directory: one, shell: "bash -e {0}" } }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - { run: mkdir -p one two, working-directory: . }
      - run: basename "$PWD"
      - { run: 'basename "$PWD"', working-directory: two }
      - { run: echo, working-directory: three }
  b:
    runs-on: ubuntu-latest
    defaults: { run: { working-directory: four } }
    steps:
      - { run: mkdir four, working-directory: . }
      - run: basename "$PWD"
`);
  expect(await run.log("a")).toMatch(/\none\n[^]*\ntwo\n[^]*The working directory 'three' does not exist/);
  expect(await run.log("b")).toContain("\nfour\n");
});

test("replaces an expression in a script before the shell runs, as on GitHub, while a value in the environment stays data", async () => {
  const evil = `"; echo pwned; echo "$(echo pwned)`;
  const inputs = { text: evil };
  const direct = await runSteps(`      - run: echo "\${{ inputs.text }}"\n`, { inputs });
  expect(direct.text).toContain("\npwned\n");
  const byEnvironment = await runSteps(`      - { run: 'echo "$TEXT"', env: { TEXT: "\${{ inputs.text }}" } }\n`, { inputs });
  expect(byEnvironment.text).toContain(`\n${evil}\n`);
  expect(byEnvironment.text).not.toContain("\npwned\n");
});

test("keeps quotes, braces and indentation around expressions", async () => {
  const run = await runSteps(`
      - run: |
          cat <<'END'
          it's '\${{ github.actor }}' and 'that''s' {0} {{1}} "\${{ github.event_name }}"
            indented
          END
      - run: "echo '\${{ github.actor }}' 'two'"
      - run: >-
          echo
          '\${{ github.actor }}'
          folded
`);
  expect(run.text).toContain(`\nit's 'ada' and 'that''s' {0} {{1}} "workflow_dispatch"\n  indented\n`);
  expect(run.text).toContain("\nada two\n");
  expect(run.text).toContain("\nada folded\n");
});

test("does not evaluate expressions in the result of an expression", async () => {
  const inputs = { text: "${{ github.token }} ${{ secrets.KEY }}" };
  const run = await runSteps(
    `      - { run: 'echo "$TEXT"', env: { TEXT: "\${{ inputs.text }}", FORMAT: "a {0} \${{ inputs.text }}" } }\n`,
    {
      inputs,
      secrets: { KEY: "s3cret" },
    },
  );
  expect(run.text).toContain(`\n${inputs.text}\n`);
});

test("a background process does not delay its step, serves later steps, and ends with the job", async () => {
  const run = await runSteps(`
      - run: sleep 1000 & echo $! > pid
      - run: setsid sleep 1001 > /dev/null 2>&1 &
      - run: env -i setsid sleep 1002 > /dev/null 2>&1 &
      - run: kill -0 "$(cat pid)" && echo still there
`);
  expect(run.conclusion).toBe("success");
  expect(run.text).toContain("\nstill there\n");
  for (const text of ["sleep\u00001000", "sleep\u00001001", "sleep\u00001002"]) expect(await processesWith(text)).toEqual([]);
});

test.each([
  ["a link", `rm "$GITHUB_OUTPUT" && ln -s /etc/hostname "$GITHUB_OUTPUT"`, "success"],
  ["a pipe", `rm "$GITHUB_OUTPUT" && mkfifo "$GITHUB_OUTPUT"`, "failure"],
  ["a directory", `rm "$GITHUB_OUTPUT" && mkdir "$GITHUB_OUTPUT"`, "failure"],
  ["in an invalid format", `echo "nothing that is an output" >> "$GITHUB_OUTPUT"`, "failure"],
  ["without a delimiter", `echo "a<<END" >> "$GITHUB_OUTPUT"`, "failure"],
  ["too large", `truncate -s 17M "$GITHUB_OUTPUT"`, "failure"],
])("an output file that is %s reveals nothing and does not block", async (_, script, conclusion) => {
  const run = await runSteps(
    `      - { id: s, run: '${script}' }\n      - { if: always(), run: 'echo "[\${{ toJSON(steps.s.outputs) }}]"' }\n`,
  );
  expect(run.conclusion).toBe(conclusion);
  expect(run.text).toContain("[{}]");
});

test("evaluates a name with an expression when its step starts", async () => {
  const run = await runSteps(`
      - { id: one, run: 'echo "n=7" >> "$GITHUB_OUTPUT"' }
      - { name: "Number \${{ steps.one.outputs.n }}", run: "true" }
`);
  expect(run.job("a")?.steps[1]?.name).toBe("Number 7");
});

test("provides the event as a file and as a context, with its types", async () => {
  const event = {
    name: "issue_comment",
    payload: { comment: { id: 5, body: 'it\'s "quoted"\n$(x)', user: { login: "eve" } }, issue: { labels: [{ name: "bug" }] } },
  };
  const run = await runSteps(
    `
      - if: github.event.comment.id == 5 && contains(github.event.issue.labels.*.name, 'bug')
        run: node -p 'JSON.stringify(require(process.env.GITHUB_EVENT_PATH).comment.body)'
      - if: github.event.comment.nothing.at.all
        run: echo no
`,
    { event },
  );
  expect(run.steps).toEqual(["success", "skipped"]);
  expect(run.text).toContain(JSON.stringify(event.payload.comment.body));
});

test("provides inputs with types and defaults in `inputs`, and as text in the event", async () => {
  const bench = await createBench();
  const run = await bench.run(
    `
on:
  workflow_dispatch:
    inputs:
      loud: { type: boolean, default: false }
      count: { type: number, default: 3 }
      word: { type: choice, options: [a, b], default: b }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - run: echo '\${{ toJSON(inputs) }}'
      - if: inputs.loud
        run: echo LOUD
`,
    { inputs: { loud: "true" } },
  );
  const text = await run.log("a");
  expect(JSON.parse(text.slice(text.indexOf("\n{"), text.indexOf("\n}") + 2))).toEqual({ loud: true, count: 3, word: "b" });
  expect(text).toContain("LOUD");
});
