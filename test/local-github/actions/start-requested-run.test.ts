import { expect, test } from "vitest";
import { createBench } from "./bench.ts";

test("runs the steps of a job in order and finishes with success", async () => {
  const bench = await createBench();
  const run = await bench.run(`
name: Greeting
run-name: Hello \${{ inputs.who }}
on: { workflow_dispatch: { inputs: { who: { type: string, default: world } } } }
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo "one"
      - name: Second
        run: |
          echo two
          echo "$GREETING"
        env: { GREETING: "\${{ github.actor }} says \${{ inputs.who }}" }
`);
  expect(run).toMatchObject({ conclusion: "success", why: "", titles: ["Hello world"] });
  expect(run.job("greet")).toMatchObject({
    status: "completed",
    conclusion: "success",
    steps: [
      { name: 'Run echo "one"', conclusion: "success" },
      { name: "Second", conclusion: "success" },
    ],
  });
  expect(await run.log("greet")).toBe('##[group]Run echo "one"\none\n##[group]Second\ntwo\nada says world\n');
});
