import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ACTION_REFERENCE } from "../../src/core/domain/product.ts";
import { playOf, SORT } from "../cli/run-stage.ts";
import { type ActStageOptions, findMissing, openActStage } from "./act-stage.ts";

const STORY_LIMIT_MS = 900_000;
/** Five jobs, and two more on a slow machine: for a replaced run that was waiting, or for a clock. */
const MOST_COORDINATE_JOBS = 7;
const missing = findMissing();
if (missing !== null) console.log(`skipped: ${missing}`);

/** Opens a repository with an unsorted list whose test fails, and an agent that sorts the list. */
const openSortStage = (options: ActStageOptions) => {
  const directory = mkdtempSync(join(tmpdir(), "enki-sort-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const rehearsal = join(directory, "play.toml");
  writeFileSync(rehearsal, playOf([SORT]));
  const verify = ".enki/enki.toml";
  return openActStage({
    ...options,
    rehearsal,
    files: { "list.txt": "b\na\n", [verify]: "[refinery]\nverify = ['test \"$(head -n 1 list.txt)\" = a']\n", ...options.files },
  });
};
type SortStage = Awaited<ReturnType<typeof openSortStage>>;

const approveFirstPlan = async (stage: SortStage): Promise<void> => {
  const line = await stage.until("a plan", async () => {
    const texts = await stage.maintainer.comments(1).catch(() => []);
    return /^\/enki approve \S+$/m.exec(texts.map(({ body }) => body).join("\n"))?.[0];
  });
  await stage.maintainer.comment(1, line);
};

const ASK = `name: ask
on: workflow_dispatch
permissions: { contents: write, issues: write }
jobs:
  ask:
    runs-on: ubuntu-latest
    steps:
      - id: enki
        uses: ${ACTION_REFERENCE}
        with: { command: run, request: sort the list, wait: true, token: "\${{ github.token }}" }
      - env: { ENDED: "\${{ steps.enki.outputs.status }} \${{ steps.enki.outputs.landed }} \${{ steps.enki.outputs.url }}" }
        run: '[[ "$ENDED" =~ ^done.sort.http://.*/issues/1$ ]]'
      - if: steps.enki.outputs.execution == ''
        run: exit 1
`;

describe.skipIf(missing !== null)("under act", { timeout: STORY_LIMIT_MS }, () => {
  test("given jobs that act executes, when the local runner coordinates, then a plan, its work and its verification are delivered and land", async () => {
    const stage = await openSortStage({ byAct: (file) => file === "enki-step.yml" });
    const issue = await stage.maintainer.openIssue("The list is not sorted", "/enki fix sort the list");
    expect(issue).toBe(1);
    await approveFirstPlan(stage);
    await stage.until("the landing", async () => (await stage.landed()).includes("sort"));
    expect(await stage.git("show", "main:list.txt")).toBe("a\nb");
    // The plan, the work and its verification.
    const jobs = ["agent", "publish", "agent", "publish", "verify", "publish"];
    await stage.until("the ends of the jobs", () => Promise.resolve(stage.seen.jobs.length >= jobs.length));
    expect(stage.seen.jobs).toEqual(jobs.map((job) => `enki-step.yml ${job}: success`));
    expect(stage.seen.complaints).toEqual([]);
  });

  test("given a job of CI that act executes, when its request lands, then the job reads the outputs of the action", async () => {
    const stage = await openSortStage({ byAct: (file) => file === "ask.yml", files: { ".github/workflows/ask.yml": ASK } });
    await stage.dispatch("ask.yml");
    await approveFirstPlan(stage);
    const ended = await stage.until("the end of the job", async () =>
      (await stage.runs()).find(({ name, conclusion }) => name === "ask" && conclusion !== null),
    );
    expect(ended.conclusion).toBe("success");
    expect(await stage.landed()).toEqual(["sort"]);
    expect(stage.seen).toEqual({ jobs: ["ask.yml ask: success"], complaints: [] });
  });

  test("given no server, no App and no runner but act, when a maintainer asks, approves and reviews, then the demo's plan lands", async () => {
    const stage = await openActStage({ byAct: () => true });
    expect(await stage.tell(STORY_LIMIT_MS)).toMatchObject({ end: "done" });
    const landed = await stage.landed();
    expect(landed[0]).toBe("fix_upload_limit");
    expect(landed.toSorted()).toEqual(["document_limit", "fix_upload_limit", "test_upload"]);
    expect((await stage.runs()).filter(({ conclusion }) => conclusion === "failure" || conclusion === "startup_failure")).toEqual([]);
    expect(stage.seen.complaints).toEqual([]);
    // Two commands and three texts of a review. The publishing jobs coordinate the results.
    expect(stage.seen.jobs.filter((job) => job === "enki.yml coordinate: success").length).toBeLessThanOrEqual(MOST_COORDINATE_JOBS);
  });
});
