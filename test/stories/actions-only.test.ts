import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ACTION_REFERENCE } from "../../src/core/domain/product.ts";
import { playOf, SORT } from "../cli/run-stage.ts";
import { openActionsStage } from "./actions-stage.ts";

const STEPS = ["document_limit", "fix_upload_limit", "test_upload"];

/** `enki-step.yml` of an earlier version, which starts `enki.yml` for each result. */
const EARLIER_STEP_WORKFLOW = readFileSync(new URL("../../.github/workflows/enki-step.yml", import.meta.url), "utf8");

const sum = (jobs: Readonly<Record<string, number>>): number => Object.values(jobs).reduce((total, count) => total + count, 0);
const countWorking = ({ agent = 0, verify = 0, publish = 0 }: Readonly<Record<string, number>>): number => agent + verify + publish;
const formatJobs = (jobs: Readonly<Record<string, number>>): string =>
  `${sum(jobs)} (${Object.entries(jobs)
    .map(([name, count]) => `${count} ${name}`)
    .toSorted()
    .join(", ")})`;

test("given no App and no server, when a maintainer asks, approves and reviews, then Actions land the demo's plan with the job's token alone", async () => {
  const stage = await openActionsStage();
  const told = await stage.tell();
  expect(told).toMatchObject({ end: "done" });
  const landed = await stage.landed();
  expect(landed[0]).toBe("fix_upload_limit");
  expect(landed.toSorted()).toEqual(STEPS);
  const runs = await stage.runs();
  // The end of a run raises no event if a job's token started the run. So the publishing jobs coordinate, and only people start other jobs.
  expect([...new Set(runs.filter(({ name }) => name === "enki").map(({ event }) => event))].toSorted()).toEqual([
    "issue_comment",
    "issues",
    "workflow_run",
  ]);
  expect(runs.filter(({ conclusion }) => conclusion === "failure" || conclusion === "startup_failure")).toEqual([]);
  const jobs = await stage.countJobs();
  process.stdout.write(`billed jobs of the demo: ${formatJobs(jobs)}\n`);
  expect(countWorking(jobs)).toBe(20);
  expect(sum(jobs)).toBeLessThanOrEqual(34);
  const login = "github-actions[bot]";
  const refused = stage.requests.filter((each) => each.login === login && each.path.startsWith("/api/") && each.status >= 400);
  expect(refused.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([]);
  // A job's token allows 1,000 requests per hour.
  const counted = stage.requests.filter((each) => each.login === login && each.path.startsWith("/api/") && each.status !== 304);
  expect(counted.length).toBeLessThanOrEqual(200);
  expect(await stage.git("log", "-1", "--merges", "--format=%an <%ae>", "main")).toMatch(
    /^github-actions\[bot\] <\d+\+github-actions\[bot\]@users\.noreply\./,
  );
});

test("given workflow files of an earlier version, when a maintainer asks, approves and reviews, then the same lands, with a job more for each result", async () => {
  const stage = await openActionsStage({
    edit: (name, text) =>
      name === "enki-step.yml" ? EARLIER_STEP_WORKFLOW : text.replace("contents: read\n      issues: write\n", "contents: read\n"),
  });
  expect(await stage.tell()).toMatchObject({ end: "done" });
  expect((await stage.landed()).toSorted()).toEqual(STEPS);
  const jobs = await stage.countJobs();
  process.stdout.write(`billed jobs of the demo, with files of an earlier version: ${formatJobs(jobs)}\n`);
  expect(countWorking(jobs)).toBe(20);
  expect(jobs["coordinate"]).toBeGreaterThan(8);
});

/** Places where a coordinating job is killed: requests just answered by GitHub. */
const DEATHS: readonly (readonly [place: string, method: string, path: RegExp])[] = [
  ["after it saved the ledger", "POST", /git-receive-pack$/],
  ["after it started a job", "POST", /enki-step\.yml\/dispatches$/],
  ["after it opened a pull request", "POST", /\/pulls$/],
  ["after it wrote a comment", "POST", /\/issues\/\d+\/comments$/],
];

test("given a machine that dies again and again under the job that coordinates, when others follow, then nothing is lost or done twice", async () => {
  const left = new Map(DEATHS.map(([place]) => [place, 1]));
  const dead: string[] = [];
  const stage = await openActionsStage({
    // Every result starts the coordinating job, which then dies. The clock's first pause would be a minute.
    edit: (name, text) => (name === "enki-step.yml" ? EARLIER_STEP_WORKFLOW : text.replace("|| '60'", "|| '1'")),
    onRequest: ({ login, method, path, status }, kill) => {
      if (login !== "github-actions[bot]" || status >= 400) return;
      for (const [place, wanted, pattern] of DEATHS) {
        if (wanted !== method || !pattern.test(path) || left.get(place) === 0) continue;
        if (!kill("coordinate")) continue;
        left.set(place, 0);
        dead.push(place);
        return;
      }
    },
  });
  const told = await stage.tell();
  expect(told).toMatchObject({ end: "done" });
  expect(dead.toSorted()).toEqual(DEATHS.map(([place]) => place).toSorted());
  const landed = await stage.landed();
  expect(landed.toSorted()).toEqual(STEPS);
  const jobs = (await stage.runs()).filter(({ name }) => name === "enki-step" || name.includes("/"));
  expect(new Set(jobs.map(({ display_title }) => display_title)).size).toBe(jobs.length);
});

test("given a machine that dies while the job that published a result coordinates, when another job continues, then nothing is lost or done twice", async () => {
  let isDead = false;
  const stage = await openActionsStage({
    onRequest: ({ login, method, path, status }, kill) => {
      if (isDead || login !== "github-actions[bot]" || status >= 400 || method !== "POST" || !path.endsWith("/pulls")) return;
      isDead = kill("publish");
    },
  });
  expect(await stage.tell()).toMatchObject({ end: "done" });
  expect(isDead).toBe(true);
  expect((await stage.landed()).toSorted()).toEqual(STEPS);
  const runs = await stage.runs();
  const failed = runs.filter(({ conclusion }) => conclusion === "failure");
  expect(failed.map(({ display_title }) => display_title.replace(/[0-9a-f]{6}(?=-)/, "*"))).toEqual([
    "work/*-fix_upload_limit/1 · Allow uploads of up to 10 MB",
  ]);
  expect((await stage.jobs(failed[0]?.id ?? 0)).find(({ name }) => name === "rescue")).toMatchObject({ conclusion: "success" });
  const titles = runs.filter(({ event }) => event === "workflow_dispatch").map(({ display_title }) => display_title);
  expect(new Set(titles).size).toBe(titles.length);
  expect((await stage.maintainer.comments(1)).map(({ body }) => body).join()).not.toMatch(/result was ignored|ignored a result/i);
}, 300_000);

test("given coordinating jobs that do not wait for each other, when events come together, then each step lands once", async () => {
  const stage = await openActionsStage({
    edit: (name, text) =>
      name === "enki.yml" ? text.replace("group: enki-coordinate", "group: enki-coordinate-${{ github.run_id }}") : text,
  });
  const told = await stage.tell();
  expect(told).toMatchObject({ end: "done" });
  expect((await stage.landed()).toSorted()).toEqual(STEPS);
});

const ASK = `name: ask
on: workflow_dispatch
permissions: { contents: write, issues: write }
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - id: enki
        uses: ${ACTION_REFERENCE}
        with:
          command: run
          request: |
            sort the list

            /enki stop
          details: the log of a failed job
          wait: true
          token: \${{ github.token }}
      - env: { ENDED: "\${{ steps.enki.outputs.status }} \${{ steps.enki.outputs.landed }} \${{ steps.enki.outputs.url }}" }
        run: '[[ "$ENDED" =~ ^done.sort.http://.*/issues/1$ ]]'
      - if: steps.enki.outputs.execution == ''
        run: exit 1
`;

/** Opens a stage with these files, an unsorted list with a failing test, and an agent that sorts the list. */
const openSortStage = async (files: Readonly<Record<string, string>>) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-sort-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const rehearsal = join(directory, "play.toml");
  writeFileSync(rehearsal, playOf([SORT]));
  return openActionsStage({
    rehearsal,
    files: {
      "list.txt": "b\na\n",
      ".enki/enki.toml": "[refinery]\nverify = ['test \"$(head -n 1 list.txt)\" = a']\n",
      ...files,
    },
  });
};

test("given a job of CI that asks and waits, when a person approves, then the job ends with what landed, and a second command in its text has no effect", async () => {
  const stage = await openSortStage({
    ".github/workflows/ask.yml": ASK,
  });
  await stage.dispatch("ask.yml");
  const line = await stage.until("a plan", async () => {
    const texts = await stage.maintainer.comments(1).catch(() => []);
    return /^\/enki approve \S+$/m.exec(texts.map(({ body }) => body).join("\n"))?.[0];
  });
  expect(await stage.call("/issues/1")).toMatchObject({ user: { login: "github-actions[bot]" } });
  await stage.maintainer.comment(1, line);
  const ended = await stage.until("the end of the job", async () =>
    (await stage.runs()).find(({ name, conclusion }) => name === "ask" && conclusion !== null),
  );
  expect(ended.conclusion).toBe("success");
  expect(await stage.landed()).toEqual(["sort"]);
  const summary = await stage.summary(ended.id, "ask");
  expect(summary).toMatch(/^### [0-9a-f]+: done after /);
  expect(summary).toContain("| `sort` |");
  // The asking job has used up the request: its ref is gone.
  expect(await stage.git("for-each-ref", "refs/enki/requests")).toBe("");
});

const CI = `name: ci
on: { push: { branches: [main] } }
permissions: { contents: read }
jobs:
  lint: { runs-on: ubuntu-latest, steps: [{ run: "true" }] }
  build:
    runs-on: ubuntu-latest
    steps:
      - run: echo "::add-mask::hidden"; echo "the list is not sorted"; exit 1
      - if: always()
        run: echo "cleaning up"
`;
const FIX_CI = `name: fix-ci
on:
  workflow_run: { workflows: [ci], types: [completed], branches: [main] }
permissions: {}
jobs:
  fix:
    runs-on: ubuntu-latest
    permissions: { actions: read, contents: write, issues: write }
    steps:
      - id: enki
        uses: ${ACTION_REFERENCE}
        with: { command: fix-ci, token: "\${{ github.token }}" }
      - env: { ENDED: "\${{ steps.enki.outputs.status }} \${{ steps.enki.outputs.url }}" }
        run: echo "ENDED $ENDED"
`;

test("given a red main, when a workflow asks for its repair, then one issue has the failed job's log, and a second red run opens no other", async () => {
  const stage = await openSortStage({
    ".github/workflows/ci.yml": CI,
    ".github/workflows/fix-ci.yml": FIX_CI,
  });
  const issue = await stage.until("an issue", async () => {
    const found = (await stage.call("/issues/1")) as { title?: string; body?: string };
    return found.title === undefined ? null : found;
  });
  expect(issue.title).toBe("ci fails on main");
  expect(issue.body).toContain("Make the workflow ci pass again on main: it failed at ");
  expect(issue.body).toContain("in the job build.");
  expect(issue.body).toMatch(/```text\nJob build:\n[^]*the list is not sorted[^]*##\[error\].*exit code 1[^]*```/);
  expect(issue.body).not.toContain("cleaning up");
  const line = await stage.until("a plan", async () => {
    const texts = await stage.maintainer.comments(1).catch(() => []);
    return /^\/enki approve \S+$/m.exec(texts.map(({ body }) => body).join("\n"))?.[0];
  });
  const ends = (): Promise<readonly { id: number; conclusion: string | null }[]> =>
    stage.runs().then((runs) => runs.filter(({ name, conclusion }) => name === "fix-ci" && conclusion !== null));
  const [first] = await ends();
  expect(await stage.jobLog(first?.id ?? 0, "fix")).toMatch(/ENDED requested http:\/\/.*\/issues\/1/);
  await stage.push("list.txt", "c\nb\na\n");
  await stage.until("the second run's end", async () => (await ends()).length === 2);
  const second = (await ends()).find(({ id }) => id !== first?.id);
  expect(second?.conclusion).toBe("success");
  expect(await stage.jobLog(second?.id ?? 0, "fix")).toMatch(/ENDED open http:\/\/.*\/issues\/1/);
  await stage.maintainer.comment(1, line);
  await stage.until("the landing", async () => (await stage.landed()).includes("sort"));
  const open = (await stage.call("/issues?state=all")) as { title: string; pull_request?: object }[];
  expect(open.filter(({ pull_request }) => pull_request === undefined).map(({ title }) => title)).toEqual(["ci fails on main"]);
});

test("given an App's id and key, when nothing but jobs runs, then the App itself comments, starts jobs, signs the ledger and lands", async () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-app-key-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const rehearsal = join(directory, "play.toml");
  writeFileSync(rehearsal, playOf([SORT]));
  const stage = await openActionsStage({
    rehearsal,
    app: true,
    files: { "list.txt": "b\na\n", ".enki/enki.toml": "[refinery]\nverify = ['test \"$(head -n 1 list.txt)\" = a']\n" },
  });
  const told = await stage.tell(170_000, "enki[bot]");
  expect(told).toMatchObject({ end: "done" });
  expect(await stage.landed()).toEqual(["sort"]);
  expect(await stage.git("log", "-1", "--merges", "--format=%an <%ae>", "main")).toMatch(/^enki\[bot\] <\d+\+enki\[bot\]@users\.noreply\./);
  expect(await stage.git("cat-file", "commit", "refs/enki/ledger")).toContain("-----BEGIN SSH SIGNATURE-----");
  expect(told.last).not.toContain("works with the token of its job");
});
