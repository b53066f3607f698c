import { expect, test } from "vitest";
import { createBench } from "./bench.ts";

const job = (id: string, of: { needs?: string; condition?: string; fails?: boolean } = {}): string =>
  [
    `  ${id}:`,
    "    runs-on: ubuntu-latest",
    ...(of.needs === undefined ? [] : [`    needs: [${of.needs}]`]),
    ...(of.condition === undefined ? [] : [`    if: ${of.condition}`]),
    "    steps:",
    `      - run: "${of.fails ? "exit 3" : "true"}"`,
    "",
  ].join("\n");

const ends = async (...jobs: string[]): Promise<string[]> => {
  const bench = await createBench();
  const run = await bench.run(`on: push\njobs:\n${jobs.join("")}`);
  return [...run.ends(), `run: ${run.conclusion}`];
};

test("a job waits for the jobs that it needs, and other jobs run in parallel", async () => {
  const bench = await createBench();
  const run = await bench.run(`on: push\njobs:\n${job("last", { needs: "left, right" })}${job("left")}${job("right")}`);
  expect(run.ends().at(-1)).toBe("last: success");
  const started = run.reports.filter((report) => report.status === "in_progress" && report.steps.every((step) => step.conclusion === null));
  expect(started.map((report) => report.id).at(-1)).toBe("last");
});

test("skips the jobs that need a failed job, and the jobs that need those", async () => {
  expect(await ends(job("a", { fails: true }), job("b", { needs: "a" }), job("c", { needs: "b" }))).toEqual([
    "a: failure",
    "b: skipped",
    "c: skipped",
    "run: failure",
  ]);
});

test.each([
  ["always()", "success"],
  ["failure()", "success"],
  ["success()", "skipped"],
  ["cancelled()", "skipped"],
  ["needs.a.result == 'failure'", "skipped"],
  ["always() && needs.a.result == 'failure'", "success"],
  ["always() && needs.a.result == 'success'", "skipped"],
  ["${{ !cancelled() }}", "success"],
  ["always() && contains(needs.*.result, 'failure')", "success"],
  ["always() && contains(fromJSON('[\"a\"]'), 'b')", "skipped"],
  ["failure() && github.event_name == 'workflow_dispatch' && inputs.go != 'no'", "success"],
])("after a failed need, `if: %s` results in %s", async (condition, conclusion) => {
  expect(await ends(job("a", { fails: true }), job("b", { needs: "a", condition: `"${condition.replaceAll('"', '\\"')}"` }))).toContain(
    `b: ${conclusion}`,
  );
});

test("`failure()` considers earlier failures, even if the job in between succeeded", async () => {
  const jobs = [
    job("a", { fails: true }),
    job("b", { needs: "a", condition: "always()" }),
    job("c", { needs: "b" }),
    job("d", { needs: "b", condition: "failure()" }),
  ];
  expect((await ends(...jobs)).slice(0, 4).sort()).toEqual(["a: failure", "b: success", "c: skipped", "d: success"]);
});

test("skips a run if all its jobs are skipped", async () => {
  expect(await ends(job("a", { condition: "false" }))).toEqual(["a: skipped", "run: skipped"]);
});

test("passes outputs from a step to its job, and to jobs that need it", async () => {
  const bench = await createBench();
  const run = await bench.run(`
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    outputs:
      answer: \${{ steps.think.outputs.answer }}
      lines: \${{ steps.think.outputs.lines }}
      missing: \${{ steps.think.outputs.missing }}
    steps:
      - id: think
        run: |
          echo "answer=42" >> "$GITHUB_OUTPUT"
          printf 'lines<<END\\none\\ntwo = 2\\nEND\\n' >> "$GITHUB_OUTPUT"
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - run: printf '%s|' "$ANSWER" "$LINES" "$MISSING" "$RESULT"
        env:
          ANSWER: \${{ needs.first.outputs.answer }}
          LINES: \${{ needs.first.outputs.lines }}
          MISSING: \${{ needs.first.outputs.missing }}
          RESULT: \${{ needs.first.result }}
`);
  expect(await run.log("second")).toContain("42|one\ntwo = 2||success|\n");
});

test.each([
  ["pull_request", "task/a main"],
  ["pull_request_target", "task/a main"],
  // On GitHub, only the payload of a review names the branches.
  ["pull_request_review", " "],
  ["pull_request_review_comment", " "],
])("an event %s gives the branches '%s' in the github context", async (name, branches) => {
  const bench = await createBench();
  const event = { name, payload: { pull_request: { head: { ref: "task/a" }, base: { ref: "main" } } } };
  const text = `on: ${name}\nrun-name: "\${{ github.head_ref }} \${{ github.base_ref }}"\njobs:\n${job("a", { condition: "github.event.pull_request.head.ref == 'task/a'" })}`;
  const run = await bench.run(text, { event });
  expect([...run.titles, ...run.ends()]).toEqual([branches, "a: success"]);
});
